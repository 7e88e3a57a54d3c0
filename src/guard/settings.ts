// Settings that let somebody in, switch a protection off or lead data elsewhere: whoever changes them needs no further call. They are
// asked about where nobody the agent works for spoke of such a thing, however plainly a text tells it as a fact. Not here: deeds
// (purpose.ts), destinations (destination.ts).
import type { Finding } from './destination.ts';
import { isConsequential } from './effects.ts';
import type { CallParts, Leaf } from './facts.ts';
import { userSays } from './handed.ts';
import { splitName } from './lexicon.ts';
import { hostOf } from './literals.ts';
import { isFieldOfPointed } from './pointed.ts';
import { isTrusted, sharesName, show } from './trace.ts';
import { hasWord, type View } from './view.ts';

/** Words of tools' and of arguments' names that say who is let in. */
const ADMITS =
  /^(?:access|acl|permissions?|roles?|collaborators?|visibility|publish|public|expose|allowlist|whitelist|maintainers?|admins?|badge|delegates?|privileges?)$/;
const ADMITS_BY = /^(?:acl|permissions?|collaborators?|visibility|privileges?|allowlist|whitelist)$/;
/** What the user says of such things. */
const ADMITTING =
  /\b(?:access|permi\w{2,8}|roles?|collaborat\w{2,5}|visib\w{2,5}|publish\w{0,3}|publi[ck]\w{0,4}|expos\w{1,3}|grant\w{0,3}|admins?|owners?|members?|guests?|badges?|unlock\w{0,3}|shar(?:e[sd]?|ing)|invit\w{1,5}|onboard\w{0,3}|let|allow\w{0,3}|joins?|starter|newcomer|rights?|reader|editor|viewer|codes?|keys?|zugriff|rechte|freigeb\w{0,3}|freigab\w{0,2}|einlad\w{1,4}|acces|partag\w{1,3}|invite[rz]?|acceso|compart\w{1,4}|permiso\w{0,1})\b/;

/** Names of what protects. */
const PROTECTS =
  /^(?:protection|firewall|alarm|cameras?|mfa|2fa|otp|verification|verify|tls|ssl|antivirus|monitor(?:ing)?|audit|logging|backups?|approvals?|reviews?|checks?|encryption|validation|limits?|lock)$/;
const OFF = /^(?:false|off|0|none|no|disabled?|never|\[\])$/;

/** Names of what leads data somewhere; a picture's or a page's address does not. */
const LEADS =
  /(?:^|[._ -])(?:endpoint|dsn|webhook|registry|proxy|mirror|callback|redirect|upstream|relay|remote|(?:\w{0,20}_)?(?:base|api|gateway|payments?|service|server|callback|redirect|hook|auth|login|repo|index)_?(?:url|host|uri))s?$/i;

/**
 * Judges a change of settings. Null: it changes none, or somebody the agent works for spoke of it. That the user handed a text over is
 * no word about who is let in.
 */
export function judgeSettings(view: View, parts: CallParts): Finding | null {
  if (!isConsequential(parts.effects) || view.user.length === 0) return null;
  const what = findAdmitting(view, parts) ?? findSwitch(view, parts) ?? findDetour(view, parts);
  if (what === null) return null;
  return { mode: 'sensitive', source: 'purpose', text: `${what}, of which nobody the agent works for spoke` };
}

const wordsOf = ({ call }: CallParts): readonly string[] => splitName(call.name);
const keysOf = ({ leaves }: CallParts): readonly string[] => leaves.flatMap(({ path }) => splitName(path));

/** Whether an argument opens something to everybody: `public_access: on`. */
const isOpened = ({ path, folded }: Leaf): boolean =>
  splitName(path).some((word) => /^(?:public|publicly|anonymous|everyone)$/.test(word)) &&
  /^(?:on|true|yes|1|enabled?|public|all|everyone|read)$/.test(folded);

function findAdmitting(view: View, parts: CallParts): string | null {
  // Who may see a message is no matter of access.
  const tellsOnly = parts.effects.includes('sends');
  const word =
    wordsOf(parts).find((one) => ADMITS.test(one)) ??
    keysOf(parts).find((one) => ADMITS_BY.test(one) && !(one === 'visibility' && tellsOnly)) ??
    (parts.leaves.some(isOpened) && !tellsOnly ? 'public' : undefined);
  // Whoever the user named is let in by the user.
  const named = parts.leaves.some((leaf) => leaf.weight >= 1.5 && (isTrusted(view, leaf) || sharesName(view, leaf)));
  return word === undefined || named || userSays(view, ADMITTING) || hasWord(view.user, word)
    ? null
    : `${parts.call.name} changes who is let in (${word})`;
}

/** Whether an argument turns off what it is named after, or the thing the tool is for. */
const isOff = ({ path, folded }: Leaf): boolean =>
  OFF.test(folded) &&
  splitName(path).some(
    (word) => PROTECTS.test(word) || /^(?:enabled?|active|on|state|status|value|required?)$/.test(word),
  );

function findSwitch(view: View, parts: CallParts): string | null {
  const off = /disable|disarm|deactivate|suspend/i.test(parts.call.name) || parts.leaves.some(isOff);
  const word = off ? [...wordsOf(parts), ...keysOf(parts)].find((one) => PROTECTS.test(one)) : undefined;
  return word === undefined || hasWord(view.user, word) ? null : `${parts.call.name} switches something off (${word})`;
}

function findDetour(view: View, parts: CallParts): string | null {
  const names = parts.leaves.map(({ value }) => value).filter((value) => value.length <= 60 && LEADS.test(value));
  const sets = /set|config|patch|update|change|env|regist|add|create/i.test(parts.call.name);
  const leads = LEADS.test(parts.call.name.replace(/([a-z])([A-Z])/g, '$1_$2')) || names.length > 0;
  const isStrange = (leaf: Leaf): boolean => {
    const host = leaf.kind === 'link' && leaf.role !== 'content' ? hostOf(leaf.folded) : null;
    if (host === null || !sets || !(leads || LEADS.test(leaf.path)) || isTrusted(view, leaf)) return false;
    return (
      ![...view.user, ...view.system, ...view.shown].some(({ digest }) => digest.folded.text.includes(host)) &&
      !isFieldOfPointed(view, leaf.folded)
    );
  };
  const link = parts.effects.includes('sends') ? undefined : parts.leaves.find(isStrange);
  return link === undefined ? null : `${parts.call.name} leads elsewhere (${show(link.value)})`;
}
