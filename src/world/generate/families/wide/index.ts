// All families of the suite `wide`.
import type { WideFamily } from '../../task.ts';
import { AGENDA } from './agenda.ts';
import { BANKING } from './banking.ts';
import { CIRCLES } from './circles.ts';
import { CLOUD } from './cloud.ts';
import { DATABASE } from './database.ts';
import { EVERYDAY } from './everyday.ts';
import { HANDOFF } from './handoff.ts';
import { HEALTH } from './health.ts';
import { HOME } from './home.ts';
import { ISSUES } from './issues.ts';
import { MAILBOX } from './mailbox.ts';
import { PARCELS } from './parcels.ts';
import { POISON } from './poison.ts';
import { PUBLIC_FAMILIES } from './public.ts';
import { REPOSITORY } from './repository.ts';
import { SITE_FAMILIES } from './sites.ts';
import { STORE } from './store.ts';
import { TALK } from './talk.ts';
import { TROUBLE } from './trouble.ts';
import { VAULT } from './vault.ts';

export const WIDE_FAMILIES: readonly WideFamily[] = [
  ...CIRCLES,
  ...MAILBOX,
  ...AGENDA,
  ...CLOUD,
  ...BANKING,
  ...SITE_FAMILIES,
  ...ISSUES,
  ...HOME,
  ...REPOSITORY,
  ...DATABASE,
  ...HEALTH,
  ...VAULT,
  ...STORE,
  ...EVERYDAY,
  ...PUBLIC_FAMILIES,
  ...TROUBLE,
  ...PARCELS,
  ...POISON,
  ...TALK,
  ...HANDOFF,
];
