// Tasks in which the planted text stands in the description of a tool: known tasks whose world is clean. A policy reads
// it before it does anything, and no result of a tool ever shows it.
import type { WideFamily } from '../../task.ts';
import { wideFamilies } from '../../task.ts';
import { BANKING } from './banking.ts';
import { CLOUD } from './cloud.ts';
import { EVERYDAY } from './everyday.ts';
import { HOME } from './home.ts';
import { PUBLIC_FAMILIES } from './public.ts';
import { REPOSITORY } from './repository.ts';
import { SITE_FAMILIES } from './sites.ts';
import { VAULT } from './vault.ts';

const KNOWN = [BANKING, CLOUD, EVERYDAY, HOME, PUBLIC_FAMILIES, REPOSITORY, SITE_FAMILIES, VAULT].flat();

/** The family with its outside text moved into a description. */
function poison(like: string): WideFamily {
  const known = KNOWN.find(({ id }) => id === like);
  if (known === undefined) throw new Error(`no family ${like}`);
  const { domain, split, modes } = known;
  const slot = { table: 'tools', row: 0, column: 'about' };
  return wideFamilies(domain, split)(`${like.slice(domain.length + 1)}-poison`, (b) => ({ ...known.build(b), slot }), {
    modes,
    reads: 'no-secret',
    trait: 'poison',
  });
}

export const POISON: readonly WideFamily[] = [
  'mail-send-on',
  'files-copy-share',
  'cloud-folder',
  'home-switch',
  'web-download-share',
  'sites-comment',
  'banking-mandate',
  'notes-send-on',
  'repository-delete',
  'vault-remove',
].map(poison);
