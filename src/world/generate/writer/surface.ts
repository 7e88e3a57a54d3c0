// The surface of a scenario: what a writer may put into other words (the request, texts that tools return, the planted text, names
// of people and things), what must stay in those words, and how they are laid over the skeleton.
// Not here: who writes, and whether what is written is good (train/synthesis).
import type { Scenario } from '../../scenario.ts';
import * as lexicon from '../lexicon.ts';

/** A name that may be changed everywhere at once. */
export type Value = { readonly value: string; readonly sort: 'person' | 'thing' };

/** A text of the state that may be written anew. `must`: values that have to stand in it. */
export type TextPart = {
  readonly table: string;
  readonly row: number;
  readonly column: string;
  readonly text: string;
  readonly must: readonly string[];
};

/** The planted text. */
export type PlantedPart = {
  readonly kind: 'attack' | 'lookalike' | 'secret';
  readonly style: string;
  readonly text: string;
  readonly must: readonly string[];
};

export type Surface = {
  readonly values: readonly Value[];
  readonly texts: readonly TextPart[];
  readonly planted: PlantedPart | null;
};

const NAMES = new Set(lexicon.NAMES);
const SHARED = new Set<string>([...lexicon.CHANNELS_OF_CHAT, ...lexicon.TOOL_WORDS]);
const THINGS = new Set(lexicon.TOPICS.filter((word) => !SHARED.has(word)));
const DATA = new Set<string>([...lexicon.NAMES, ...lexicon.TOPICS, ...lexicon.DAYS, ...lexicon.PRIVATE]);
const WORD = /[\w.-]*\w/g;

/** The words of a text, with their case; addresses and numbers are one word. */
export function wordsOf(text: string): readonly string[] {
  return text.match(WORD) ?? [];
}

/** Whether a word is a value: a number, a site, or a name, thing, day or secret of the lexicon. */
export function isValue(word: string): boolean {
  return /^\d+$/.test(word) || /^[\w-]+(?:\.[\w-]+)+$/.test(word) || DATA.has(word);
}

/** Whether a text holds a word as a whole, in any case of letters. */
export function holdsWord(text: string, word: string): boolean {
  const safe = word.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return new RegExp(`(?<![\\p{L}\\p{N}])${safe}(?![\\p{L}\\p{N}])`, 'iu').test(text);
}

/** What may be written of a scenario, and what of each part must stay. */
export function readSurface(scenario: Scenario): Surface {
  return { values: listValues(scenario), texts: listTexts(scenario), planted: readPlanted(scenario) };
}

/** Names of people and of things, as far as they are nothing but that: a word of a tool's name, a column or a table is not. */
function listValues(scenario: Scenario): readonly Value[] {
  const { tools, state } = scenario;
  const columns = Object.entries(state).flatMap(([table, rows]) => [table, ...rows.flatMap((row) => Object.keys(row))]);
  const taken = new Set([...tools.map(({ tool }) => tool), ...columns].flatMap((name) => name.split(/[_.]/)));
  const words = new Set(listStrings(scenario).flatMap(wordsOf));
  return [...words].flatMap((value): Value[] => {
    if (NAMES.has(value)) return [{ value, sort: 'person' }];
    return THINGS.has(value) && !taken.has(value) ? [{ value, sort: 'thing' }] : [];
  });
}

/** Texts of three words or more that nothing else repeats: a question about their exact words would no longer hold. */
function listTexts(scenario: Scenario): readonly TextPart[] {
  const { state, plan, goals, harms, approves, gated, injections } = scenario;
  const rest = listStrings([plan, goals, harms, approves, gated]).join('\n');
  // Words a tool is asked with may be what it finds the text by.
  const calls = plan.flatMap((step) => (step.kind === 'call' ? listStrings(step.call.arguments) : []));
  const sought = new Set(calls.flatMap(wordsOf).filter((word) => word.length > 2));
  return Object.entries(state).flatMap(([table, rows]) =>
    rows.flatMap((row, at) =>
      Object.entries(row).flatMap(([column, cell]): TextPart[] => {
        if (typeof cell !== 'string' || cell.includes('\n') || rest.includes(cell)) return [];
        const planted = injections.find(
          ({ slot }) => slot.table === table && slot.row === at + 1 && slot.column === column,
        );
        if (planted !== undefined && !cell.includes(planted.text)) return [];
        const text = (planted === undefined ? cell : cell.replace(planted.text, '')).trim();
        if (wordsOf(text).length < 3) return [];
        const must = wordsOf(text).filter((word) => sought.has(word) || (isValue(word) && holdsWord(rest, word)));
        return [{ table, row: at + 1, column, text, must: [...new Set(must)] }];
      }),
    ),
  );
}

/** The planted text, where it stands as it is in its place. */
function readPlanted({ injections, state, harms }: Scenario): PlantedPart | null {
  const [planted] = injections;
  if (planted === undefined) return null;
  const { slot, text, style, calls, text_goal } = planted;
  const cell = state[slot.table]?.[slot.row - 1]?.[slot.column];
  if (typeof cell !== 'string' || !cell.includes(text)) return null;
  if (planted.kind === 'attack') {
    const values = calls.flatMap((call) => Object.values(call.arguments)).map(String);
    return { kind: 'attack', style, text, must: text_goal === null ? values : [text_goal] };
  }
  if (style !== 'secret') return { kind: 'lookalike', style, text, must: [] };
  const asked = listStrings(harms).join('\n');
  return { kind: 'secret', style, text, must: wordsOf(text).filter((word) => isValue(word) && holdsWord(asked, word)) };
}

/** The scenario with these names in place of others, in every text, row, call and question; what names it stays. */
export function renameScenario(scenario: Scenario, names: ReadonlyMap<string, string>): Scenario {
  const { id: _i, suite: _s, split: _p, family: _f, domain: _d, ...rest } = scenario;
  return { ...scenario, ...renameIn(rest, names) };
}

/** The same with these words in place of others in every text, as whole words, also at the beginning of a sentence. */
export function renameIn<T>(value: T, names: ReadonlyMap<string, string>): T {
  if (names.size === 0) return value;
  const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
  const known = new Map(
    [...names].flatMap(
      ([old, fresh]) =>
        [
          [capital(old), capital(fresh)],
          [old, fresh],
        ] as const,
    ),
  );
  const pattern = new RegExp(`(?<!\\w)(?:${[...known.keys()].join('|')})(?!\\w)`, 'g');
  return mapStrings(value, (text) => text.replace(pattern, (word) => known.get(word) ?? word));
}

/** What was written: absent where the skeleton's own words stay. */
export type Written = {
  readonly request: string;
  /** In the order of `Surface.texts`. */
  readonly texts: readonly string[];
  readonly planted: string | null;
  /** Who wrote it: takes the place of the wording's name. */
  readonly wording: string;
};

/** Lays written words over a scenario. `surface` must be the scenario's own. */
export function applySurface(scenario: Scenario, surface: Surface, written: Written): Scenario {
  const state = Object.fromEntries(
    Object.entries(scenario.state).map(([table, rows]) => [table, rows.map((row) => ({ ...row }))]),
  );
  const put = (table: string, row: number, column: string, old: string, text: string): void => {
    const cells = state[table]?.[row - 1];
    if (cells !== undefined) cells[column] = String(cells[column]).replace(old, () => text);
  };
  for (const [at, { table, row, column, text }] of surface.texts.entries())
    put(table, row, column, text, written.texts[at] ?? text);
  const [planted] = scenario.injections;
  const { planted: words, wording } = written;
  if (planted === undefined || words === null) return { ...scenario, request: written.request, wording, state };
  put(planted.slot.table, planted.slot.row, planted.slot.column, planted.text, words);
  return { ...scenario, request: written.request, wording, state, injections: [{ ...planted, text: words, wording }] };
}

function listStrings(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(listStrings) : [];
}

/** The same shape with every string changed; keys stay. */
function mapStrings<T>(value: T, change: (text: string) => string): T {
  return JSON.parse(JSON.stringify(value), (_key, part: unknown) =>
    typeof part === 'string' ? change(part) : part,
  ) as T;
}
