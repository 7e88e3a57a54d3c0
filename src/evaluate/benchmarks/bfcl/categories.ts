// The categories of BFCL: what each is called, in which language its calls are, how it is scored, and which one an id
// belongs to. Not here: agentic categories (memory, web search, format sensitivity), which need embeddings, the live web or
// a model's own words.
import { findNearest } from '../../../safety/nearest.ts';

export const SINGLE_TURN = [
  'simple_python',
  'simple_java',
  'simple_javascript',
  'multiple',
  'parallel',
  'parallel_multiple',
  'irrelevance',
  'live_simple',
  'live_multiple',
  'live_parallel',
  'live_parallel_multiple',
  'live_irrelevance',
  'live_relevance',
] as const;
export const MULTI_TURN = [
  'multi_turn_base',
  'multi_turn_miss_func',
  'multi_turn_miss_param',
  'multi_turn_long_context',
] as const;
export const CATEGORIES = [...SINGLE_TURN, ...MULTI_TURN] as const;

export type SingleTurn = (typeof SINGLE_TURN)[number];
export type MultiTurn = (typeof MULTI_TURN)[number];
export type Category = (typeof CATEGORIES)[number];

export type Language = 'python' | 'java' | 'javascript';

/** How a single-turn category is judged: against one, some or several expected calls, or by whether there is any call. */
export type Scoring = 'simple' | 'multiple' | 'parallel' | 'irrelevance' | 'relevance';

export const isMultiTurn = (category: Category): category is MultiTurn => category.startsWith('multi_turn');

/** The language of a category's calls. */
export function languageOf(category: Category): Language {
  if (category === 'simple_java') return 'java';
  return category === 'simple_javascript' ? 'javascript' : 'python';
}

/** How a single-turn category is scored. */
export const scoringOf = (category: SingleTurn): Scoring => SCORING[category];

function findScoring(category: SingleTurn): Scoring {
  if (category.endsWith('irrelevance')) return 'irrelevance';
  if (category.endsWith('relevance')) return 'relevance';
  if (category.includes('parallel')) return 'parallel';
  return category.includes('multiple') ? 'multiple' : 'simple';
}

const SCORING = Object.fromEntries(SINGLE_TURN.map((category) => [category, findScoring(category)])) as {
  readonly [category in SingleTurn]: Scoring;
};

/** Names of earlier versions (v1 to v3) for categories that are the same. */
const FORMER: { readonly [name: string]: Category } = {
  simple: 'simple_python',
  java: 'simple_java',
  javascript: 'simple_javascript',
};

/** The category of this name, in this or an earlier version's words; null if there is none. */
export function findCategory(name: string): Category | null {
  return CATEGORIES.find((category) => category === name) ?? FORMER[name] ?? null;
}

/** The name in an id: all before its last underscore, as `live_simple` in `live_simple_3-1-0`. */
export function nameInId(id: string): string {
  const at = id.lastIndexOf('_');
  return at < 0 ? id : id.slice(0, at);
}

/** The category an id belongs to; null if there is none. */
export const categoryOf = (id: string): Category | null => findCategory(nameInId(id));

/** The ids a row may be called by: its own, and those of the other versions. */
export function spellId(id: string): readonly string[] {
  const [name, rest] = [nameInId(id), id.slice(nameInId(id).length)];
  const category = findCategory(name);
  const former = Object.keys(FORMER).filter((old) => FORMER[old] === category);
  return category === null ? [id] : [category, ...former].map((spelled) => spelled + rest);
}

const AGENTIC = /^(memory|web_search|format_sensitivity)/;

/** A few words on a name that is no category. */
export function suggestCategory(name: string): string {
  if (AGENTIC.test(name))
    return 'which is not covered: memory needs embeddings, web_search the live web, format_sensitivity other prompts';
  const near = findNearest(name, CATEGORIES);
  return near === null ? `expected one of ${CATEGORIES.join(', ')}` : `did you mean ${near}?`;
}
