// SQL that an agent writes, over a database of its own that holds nothing but the user's tables: opened for one statement,
// read back and dropped. A statement is let through only if what it can cost is bounded before it runs, because nothing
// can stop the engine once it does: few sources, known functions, no recursion, no pragma, no attached files.
// Not covered: it runs in this process; a bug in SQLite itself would be a bug in this process's WebAssembly.
import { Refusal } from './service.ts';

/** Longest statement, in characters. */
const LENGTH = 2000;
/** Most rows a statement may look at: the product of the sizes of all tables it names. */
const WORK = 20_000;
/** Most characters its functions, comparisons and orders may go through, as far as can be told before. */
const EFFORT = 4_000_000;
/** Most characters in all tables: they are copied for every statement. */
export const CHARACTERS = 200_000;
const SELECTS = 4;
const JOINTS = 8;

const STARTS = ['select', 'insert', 'update', 'delete', 'create', 'drop'];

/** Words that reach out of the tables, run without end, or make a program of the database. */
const FORBIDDEN = new Set([
  ...['attach', 'detach', 'pragma', 'vacuum', 'reindex', 'analyze', 'explain', 'with', 'recursive', 'trigger', 'view'],
  ...[
    'virtual',
    'index',
    'begin',
    'commit',
    'rollback',
    'savepoint',
    'release',
    'temp',
    'temporary',
    'returning',
    'without',
  ],
  ...['references', 'check', 'generated', 'default', 'collate', 'glob', 'match', 'regexp', 'window', 'over'],
  ...['current_date', 'current_time', 'current_timestamp'],
]);

const FUNCTIONS = new Set([
  ...['count', 'sum', 'min', 'max', 'avg', 'total', 'abs', 'round', 'lower', 'upper', 'length', 'trim', 'substr'],
  ...['instr', 'coalesce', 'ifnull', 'nullif'],
]);

/** Words that may stand before a bracket without being functions. */
const BEFORE_BRACKET = new Set([
  ...['values', 'in', 'and', 'or', 'not', 'where', 'from', 'join', 'on', 'select', 'by', 'having', 'exists', 'as'],
  ...['key', 'union', 'all', 'except', 'intersect', 'set', 'then', 'when', 'else', 'case', 'between', 'like', 'using'],
  ...['distinct', 'limit', 'offset', 'is', 'unique', 'primary', 'cast'],
]);

const TOKEN =
  /'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|[\p{L}_][\p{L}\p{N}_$]*|\d+(?:\.\d+)?|\|\||\S/gu;

/** How large a table is: its rows, and the characters in all of them. */
export type Size = { readonly rows: number; readonly characters: number };
type Sizes = ReadonlyMap<string, Size>;

/**
 * Checks a statement. `sizes`: of each table. `writes`: whether it may change anything.
 * Throws `Refusal` saying what is not allowed.
 */
export function checkStatement(sql: string, sizes: Sizes, writes: boolean): void {
  if (sql.length > LENGTH) throw new Refusal(413, `the statement is longer than ${LENGTH} characters`);
  const tokens = sql.match(TOKEN) ?? [];
  if (tokens.at(-1) === ';') tokens.pop();
  const words = tokens.map((token) => bareWord(token));
  const [start = ''] = words;
  const allowed = writes ? STARTS.filter((word) => word !== 'select') : ['select'];
  if (!allowed.includes(start)) throw new Refusal(400, `expected a statement that begins with ${allowed.join(', ')}`);
  for (const [at, word] of words.entries()) checkToken(tokens[at] ?? '', word, words[at - 1], words[at + 1], sizes);
  checkWork(words, start, sizes);
  checkEffort(tokens, words, sizes);
}

/** A word in lower case without quotes; texts and signs as they are. */
function bareWord(token: string): string {
  if (token.startsWith("'")) return "'";
  return token.replace(/^["`[]|["`\]]$/g, '').toLowerCase();
}

function checkToken(
  token: string,
  word: string,
  before: string | undefined,
  after: string | undefined,
  sizes: Sizes,
): void {
  if (token.startsWith('--') || token.startsWith('/*')) throw new Refusal(400, 'comments are not allowed');
  if (token === ';') throw new Refusal(400, 'several statements are not allowed');
  if (/^[?:@$\\]$/.test(token)) throw new Refusal(400, `${token} is not allowed`);
  if (FORBIDDEN.has(word)) throw new Refusal(403, `${word} is not allowed`);
  if (/^(sqlite_|pragma_|json|fts|rtree|dbstat|bytecode|tables_used|generate_series)/.test(word) && !sizes.has(word))
    throw new Refusal(403, `${word} is not allowed`);
  const isName = before === 'into' || before === 'table' || before === 'exists';
  if (after === '(' && /^[\p{L}_]/u.test(word) && !FUNCTIONS.has(word) && !BEFORE_BRACKET.has(word) && !isName)
    throw new Refusal(403, `the function ${word} is not allowed`);
}

/** Bounds what a statement can cost: no source can be named without being counted here. */
function checkWork(words: readonly string[], start: string, sizes: Sizes): void {
  const count = (wanted: string) => words.filter((word) => word === wanted).length;
  const selects = count('select') + (start === 'insert' ? 0 : count('values'));
  if (selects > SELECTS) throw new Refusal(413, `more than ${SELECTS} selects`);
  if (count('||') > JOINTS) throw new Refusal(413, `more than ${JOINTS} joined texts`);
  const work = countWork(words, sizes);
  if (work > WORK) throw new Refusal(413, `the statement would look at ${work} rows, at most ${WORK} are allowed`);
}

function countWork(words: readonly string[], sizes: Sizes): number {
  return words.reduce((product, word) => product * Math.max(1, sizes.get(word)?.rows ?? 1), 1);
}

/** Words that go through whole texts, row by row. */
const SCANS = new Set([
  ...['lower', 'upper', 'length', 'trim', 'substr', 'instr', 'min', 'max', '||', '=', '<', '>'],
  ...['order', 'group', 'distinct', 'union', 'except', 'intersect', 'in', 'between', 'case'],
]);

/** Bounds the characters that are gone through: those of a row of every table, for each word that does, for every row. */
function checkEffort(tokens: readonly string[], words: readonly string[], sizes: Sizes): void {
  const total = [...sizes.values()].reduce((sum, { characters }) => sum + characters, 0);
  if (total > CHARACTERS) throw new Refusal(413, `the tables hold more than ${CHARACTERS} characters`);
  const row = words.reduce((sum, word) => sum + measureRow(sizes.get(word)), 0);
  const scans = words.filter((word) => SCANS.has(word)).length;
  const searches = words.reduce(
    (sum, word, at) => sum + (word === 'like' ? measurePattern(tokens[at + 1], row) : 0),
    0,
  );
  if (countWork(words, sizes) * row * (scans + searches) > EFFORT)
    throw new Refusal(413, 'the statement would go through too many characters');
}

/** A search may try its whole pattern at each character of a text. A pattern from a column is as long as a row. */
function measurePattern(pattern: string | undefined, row: number): number {
  return pattern?.startsWith("'") ? pattern.length : row;
}

function measureRow(size: Size | undefined): number {
  return size === undefined || size.rows === 0 ? 0 : Math.ceil(size.characters / size.rows);
}
