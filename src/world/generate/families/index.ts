// All families of the core suite.
import type { Family } from '../draft.ts';
import { BANK } from './bank.ts';
import { CALENDAR } from './calendar.ts';
import { CHAT } from './chat.ts';
import { CONTACTS } from './contacts.ts';
import { FILES } from './files.ts';
import { MAIL } from './mail.ts';
import { NOTES } from './notes.ts';
import { SHOP } from './shop.ts';
import { TASKS } from './tasks.ts';
import { WEB } from './web.ts';

export const FAMILIES: readonly Family[] = [
  ...MAIL,
  ...FILES,
  ...CALENDAR,
  ...CONTACTS,
  ...BANK,
  ...WEB,
  ...TASKS,
  ...CHAT,
  ...NOTES,
  ...SHOP,
];
