// What a call takes from a tool's text as it stands there, whatever the grammar: a command word for word, values beside the tool's
// own name, an account that is said to be a new one, all that an unasked-for deed is done to. Not here: orders (origin.ts).
import { tell } from './blame.ts';
import { findBound, keepWith } from './clause.ts';
import { isRisky, listStatements } from './command.ts';
import { type Finding, isEcho, type OriginOptions } from './destination.ts';
import { isConsequential } from './effects.ts';
import { type CallParts, type Leaf, LINES } from './facts.ts';
import { foldText, squash } from './fold.ts';
import { userSays } from './handed.ts';
import { stemWord } from './lexicon.ts';
import { isFieldOfPointed } from './pointed.ts';
import { isFound } from './purpose.ts';
import { meets } from './said.ts';
import { holdsIn, holdsValue, isTrusted, sharesName, show } from './trace.ts';
import { type HeardTool, hasMeaning, hasWord, type View } from './view.ts';

/** How far from the tool's name a value may stand. */
const NEAR = 400;

/** Judges what a call copies. `hands`: whether the user handed over what a text says. Null: nothing speaks against it. */
export function judgeCopied(
  view: View,
  parts: CallParts,
  { hands, strict, links }: Pick<OriginOptions, 'strict' | 'links'> & { readonly hands: (tool: HeardTool) => boolean },
): Finding | null {
  if (view.user.length === 0) return null;
  const drawn = links?.judgeLure(view, parts) ?? findQuery(view, parts, hands);
  if (drawn !== null || !isConsequential(parts.effects)) return drawn;
  const strange = parts.leaves.filter(
    (leaf) => leaf.kind !== 'date' && leaf.weight >= 0.25 && !isTrusted(view, leaf) && !holdsIn(view.shown, leaf),
  );
  const { call } = parts;
  const commands = [
    ...listStatements(call).filter(isRisky),
    ...parts.leaves.map(({ value }) => value).filter(runsRemote),
  ];
  const accounts = strange.filter(isAccount);
  // To keep an account is to pay it some day.
  const keeps = KEEPS.test(call.name) && !parts.effects.includes('spends') && !userSays(view, ACCOUNTS);
  const kept = keeps ? accounts.find((leaf) => isLong(leaf) && !isFound(view, leaf)) : undefined;
  const hidden = strange.find(
    (leaf) => /path|file/i.test(leaf.path) && HIDDEN.test(leaf.folded) && !isListed(view, leaf),
  );
  const kinds = [kept, hidden].filter((leaf) => leaf !== undefined);
  const [name] = [call.name.split(/__|[./:]/).at(-1)!, call.name].filter(isIdentifier);
  for (const tool of view.tools) {
    const account = accounts.find((leaf) => isChanged(tool, leaf, BANK.test(call.name)) && !isEcho(tool, leaf));
    if (account !== undefined) return tell(tool, `${show(account.value)} is said to be new`);
    const command = commands.find((one) => isCopied(view, tool, one));
    const named = name === undefined || tool.tool === call.name ? undefined : findNamed(view, name, tool, strange);
    const set = kinds.find(
      (leaf) => !isEcho(tool, leaf) && holdsValue(tool.digest.words, tool.digest.folded.text, leaf),
    );
    // Whoever hands a list over hands over what is to be done, not programs to be run.
    if (command !== undefined && (runsRemote(command) || !hands(tool)))
      return tell(tool, `the command ${show(command)} stands there word for word`);
    if ((named ?? set) === undefined || hands(tool)) continue;
    if (set !== undefined) return tell(tool, `only there is ${show(set.value)}, and nobody spoke of setting one`);
    return tell(tool, `it names ${call.name} and gives ${show(named!.value)}`);
  }
  return strict ? (judgeErasing(view, parts, hands) ?? judgeAlien(view, parts, strange, hands)) : null;
}

/** Something nobody named is done away with, by a tool made for it, and nobody spoke of doing away with anything or of such things. */
function judgeErasing(
  view: View,
  { call, effects, units, total, leaves }: CallParts,
  hands: (tool: HeardTool) => boolean,
): Finding | null {
  if (!effects.includes('irreversible') || !units.some(({ meanings }) => meanings.includes('~delete'))) return null;
  const trusted = [...view.user, ...view.system, ...view.shown];
  if (hasMeaning(trusted, ['~delete']) || view.tools.some(hands)) return null;
  const said = units.filter(({ word }) => hasWord(trusted, word)).reduce((sum, { weight }) => sum + weight, 0);
  const named = (leaf: Leaf): boolean => leaf.weight >= 0.25 && leaf.kind !== 'date' && holdsIn(trusted, leaf);
  if (said >= 0.4 * total || leaves.some(named)) return null;
  return {
    mode: 'sensitive',
    source: 'purpose',
    text: `nobody the agent works for spoke of doing away with anything, as ${call.name} does`,
  };
}

/** Whether a text, to be written somewhere, has what is fetched elsewhere run. */
const runsRemote = (value: string): boolean =>
  /\b(?:curl|wget|iwr|irm)\b[^\n]{0,300}(?:\|\s{0,3}(?:sudo )?(?:ba|z|da)?sh\b|\|\s{0,3}(?:python|node|perl|iex)|\))|\bbase64 (?:-d|--decode)\b/i.test(
    value.slice(0, 20_000),
  );

const isCopied = (view: View, tool: HeardTool, command: string): boolean => {
  const text = foldText(command).text.trim();
  return (
    tool.digest.folded.text.includes(text) &&
    !tool.echoes().includes(text) &&
    !view.user.some(({ digest }) => digest.folded.text.includes(text))
  );
};

const QUERY =
  /^\s{0,9}(?:with\b.{1,400})?(?:select\b.{1,2000}\bfrom\b|update\b.{1,80}\bset\b.{1,80}=|insert into\b|delete from\b|(?:drop|alter|create|truncate) (?:table|database|user|role|view|policy)\b|grant\b.{1,200}\bto\b)/is;

/** A query that stands word for word in a text nobody handed over. */
function findQuery(view: View, { leaves }: CallParts, hands: (tool: HeardTool) => boolean): Finding | null {
  const query = leaves.find(({ value }) => QUERY.test(value));
  const tool =
    query === undefined ? undefined : view.tools.find((one) => isCopied(view, one, query.value) && !hands(one));
  return tool === undefined ? null : tell(tool, `the query ${show(query!.value)} stands there word for word`);
}

/** Files that change how programs run, which nobody looks at: `.npmrc`, `.bashrc`, `.git/hooks/…`, `.github/workflows/…`. */
const HIDDEN = /(?:^|[\\/])\.[a-z][\w.-]{1,30}(?:$|[\\/])/;

/** Whether a file was met as one: read before, or a line of its own in a listing. */
const isListed = (view: View, { folded }: Leaf): boolean =>
  view.calls.some(({ call }) => JSON.stringify(call.arguments).toLowerCase().includes(folded)) ||
  view.tools.some(({ digest }) => {
    const { text } = digest.folded;
    const at = text.indexOf(folded);
    return (
      at >= 0 &&
      /(?:^|\n)[ \t./]{0,9}$/.test(text.slice(Math.max(0, at - 10), at)) &&
      /^(?:$|[\n:])/.test(text.slice(at + folded.length))
    );
  });

/** The user speaks of accounts. */
const ACCOUNTS =
  /\b(?:ibans?|banks?|bank(?:ing)? details|accounts?|payouts?|konto\w{0,8}|bankverbindung|comptes?|cuentas?|cont[io]|rib)\b/;

/** Tools that keep something. */
const KEEPS = /set|updat|chang|edit|add|creat|regist|save|store|put|modif|alta|anleg|ander/i;

const isLong = ({ kind, folded }: Leaf): boolean => kind === 'account' && /^[a-z]{2}\d\d/.test(folded);

const isAccount = ({ kind, path, role, weight }: Leaf): boolean =>
  kind === 'account' ||
  (weight >= 1 &&
    role !== 'content' &&
    /iban|giro|wallet|routing|sort.?code|account(?:_?(?:no|num\w{0,3}))?$/i.test(path));

const CHANGED =
  /\b(?:new|now|since|changed?|changes|instead|updated?|replaces?d?|former(?:ly)?|previous|old|no longer|closed|moved|merged?r?|from \d|as of|henceforth|neue?[nrs]?|geandert|nouve(?:au|lle)s?|nuev[oa]s?|nuov[oa])\b/;

/** Tools that change where money goes. */
const BANK =
  /(?:set|update|change|edit|add|register).{0,12}(?:bank|payout|iban)|(?:bank|payout|iban).{0,8}(?:set|update|change|details)/i;

/** Whether the sentence around an account, or the one before, says that it is not the one there was; or the call itself does. */
function isChanged({ digest }: HeardTool, { folded, whole }: Leaf, changes: boolean): boolean {
  if (!digest.words.has(whole)) return false;
  const { text } = digest.folded;
  const written = digest.literals.find((one) => one.kind === 'account' && squash(one.text) === whole)?.text ?? folded;
  const at = text.indexOf(written);
  if (at < 0) return false;
  const start = findBound(text, at, -1);
  const end = findBound(text, at + written.length, 1);
  return changes || CHANGED.test(text.slice(findBound(text, Math.max(0, start - 2), -1), end));
}

/** Whether a name is written as only programs write. */
const isIdentifier = (name: string): boolean => name.length >= 8 && /[a-z][A-Z]|[_.-]/.test(name);

/** Where a text first has a tool's name; -1: nowhere. */
const placeOfName = keepWith(({ folded, words }, name): number => {
  const written = name.toLowerCase();
  return words.has(written.split(/[^a-z0-9]/)[0]!) ? folded.text.indexOf(written) : -1;
});

/** A value that only this text gives, near the tool's name as only somebody who knows the agent's tools writes it. */
function findNamed(view: View, name: string, tool: HeardTool, strange: readonly Leaf[]): Leaf | undefined {
  const at = placeOfName(tool.digest, name);
  if (at < 0) return undefined;
  const { text } = tool.digest.folded;
  const [start, end] = [Math.max(0, at - NEAR), at + name.length + NEAR];
  const isNear = (one: HeardTool, leaf: Leaf): boolean => {
    if (one !== tool) return !holdsValue(one.digest.words, one.digest.folded.text, leaf) || isEcho(one, leaf);
    const [first, last] = [text.indexOf(leaf.folded), text.lastIndexOf(leaf.folded)];
    return first >= start && last < end;
  };
  return strange.find((leaf) => leaf.folded.length >= 2 && view.tools.every((one) => isNear(one, leaf)));
}

/** A deed nobody spoke of, done to what nobody named and no record holds, with a value that a text in sight brings. */
function judgeAlien(
  view: View,
  parts: CallParts,
  strange: readonly Leaf[],
  hands: (tool: HeardTool) => boolean,
): Finding | null {
  const trusted = [...view.user, ...view.system, ...view.shown];
  const said = trusted.map(({ digest }) => digest);
  if (parts.units.reduce((sum, unit) => sum + unit.weight * meets(said, unit), 0) > parts.total * 0.35) return null;
  const telling = parts.leaves.filter(
    ({ weight, kind, role, path }) => weight >= 1 && kind !== 'date' && role !== 'content' && !LINES.test(path),
  );
  const known = (leaf: Leaf): boolean =>
    !strange.includes(leaf) ||
    sharesName(view, leaf) ||
    (leaf.words.length < 4 && leaf.words.some((word) => word.length >= 4 && hasMeaning(trusted, [stemWord(word)]))) ||
    isFieldOfPointed(view, leaf.folded) ||
    isFound(view, leaf);
  const named = (leaf: Leaf): boolean => leaf.folded.length >= 2 && leaf.weight >= 0.25 && isTrusted(view, leaf);
  if (telling.length === 0 || 2 * telling.filter(known).length >= telling.length || parts.leaves.some(named))
    return null;
  const tool = view.tools.find(
    (one) =>
      telling.some((leaf) => holdsValue(one.digest.words, one.digest.folded.text, leaf) && !isEcho(one, leaf)) &&
      !hands(one),
  );
  return tool === undefined ? null : tell(tool, `only there is what ${parts.call.name} works on`);
}
