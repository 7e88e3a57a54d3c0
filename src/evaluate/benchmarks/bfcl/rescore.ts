// Answers of models scored as the official checker scores them: a file of calls in, one verdict a line out.
// An id may occur many times; the category is found from the id. Not here: the rules (check.ts).
import type { Json } from '../../../episode/action.ts';
import { InputError } from '../../../episode/input.ts';
import { type Category, categoryOf, isMultiTurn, nameInId, spellId, suggestCategory } from './categories.ts';
import { checkAnswer, checkText, type Naming } from './check.ts';
import { loadRows, type SingleRow } from './data.ts';
import { decodeSteps } from './decode.ts';
import { type Copy, findCopy, type Line, readRecords } from './files.ts';
import { readChatCall } from './play.ts';
import { plainJson } from './python/json.ts';
import { type Py, PyError } from './python/value.ts';
import { readList } from './record.ts';
import { checkTurns, type TurnsVerdict } from './turns/check.ts';
import { type Conversation, loadConversations, loadLong, readTurnCall } from './turns/data.ts';
import type { TurnCall } from './turns/execute.ts';
import { explain, type Verdict } from './verdict.ts';

/**
 * The verdict on one line of the answers. `error` holds the official words; it is empty where the answer is valid.
 * `holdBack`, of conversations alone: turns in which the model should make no call, and in how many it made none.
 */
export type Scored = {
  readonly id: string;
  readonly category: Category;
  readonly valid: boolean;
  readonly error: readonly Json[];
  readonly holdBack?: TurnsVerdict['holdBack'];
};

/**
 * Scores a file of answers (JSON Lines): `{"id", "calls": [{name: {argument: value}}]}`, for conversations
 * `{"id", "turns": [[[call, …], …], …]}`, for each turn its steps, for each step its calls, as such objects or as Python
 * text. Or lines of the official harness's result files, `{"id", "result"}`: what a model wrote (prompt mode), or its function
 * calls with arguments as JSON text; for conversations lists of these by turn and step. `dataDir` holds the benchmark. Throws InputError, before anything is scored, for a line that is malformed or an id
 * the benchmark does not have.
 */
export async function rescoreAnswers(dataDir: string, file: string, naming: Naming): Promise<readonly Scored[]> {
  const copy = await findCopy(dataDir);
  const lines = await readRecords(file);
  const answers = lines.map((line) => ({ line, category: readCategory(line) }));
  const judges = await loadJudges(copy, new Set(answers.map(({ category }) => category)), naming);
  const ready = answers.map(({ line, category }) => ({ line, category, score: findJudge(judges, line)(line) }));
  return ready.map(({ line, category, score }) => ({ id: line.id, category, ...score() }));
}

type Score = Omit<Scored, 'id' | 'category'>;
/** Reads a line's answer, throwing InputError, and gives what judges it. */
type Judge = (line: Line) => () => Score;

function readCategory({ where, id }: Line): Category {
  const category = categoryOf(id);
  if (category !== null) return category;
  const name = nameInId(id);
  throw new InputError(where, `id ${JSON.stringify(id)}: unknown category "${name}", ${suggestCategory(name)}`);
}

async function loadJudges(
  copy: Copy,
  categories: ReadonlySet<Category>,
  naming: Naming,
): Promise<ReadonlyMap<string, Judge>> {
  const judges = new Map<string, Judge>();
  const add = (id: string, judge: Judge): void => {
    for (const spelled of spellId(id)) judges.set(spelled, judge);
  };
  for (const category of categories) {
    if (!isMultiTurn(category)) {
      for (const row of await loadRows(copy, category)) add(row.id, judgeCalls(row, naming));
      continue;
    }
    const long = category === 'multi_turn_long_context' ? await loadLong(copy) : null;
    for (const conversation of await loadConversations(copy, category))
      add(conversation.id, judgeTurns(conversation, long));
  }
  return judges;
}

function findJudge(judges: ReadonlyMap<string, Judge>, { where, id }: Line): Judge {
  const judge = judges.get(id);
  if (judge === undefined)
    throw new InputError(where, `unknown id ${JSON.stringify(id)}, expected one of the benchmark's`);
  return judge;
}

const judgeCalls =
  (row: SingleRow, naming: Naming): Judge =>
  ({ where, record }) => {
    const calls = record.get('calls');
    const result = record.get('result');
    if (calls === undefined && result === undefined)
      throw new InputError(where, 'no calls, expected {"id", "calls": [{name: {…}}]} or {"id", "result"}');
    return () => {
      const verdict = calls === undefined ? judgeResult(row, result!, naming) : checkAnswer(row, calls, naming);
      return { valid: verdict.valid, error: explain(verdict).map(plainJson) };
    };
  };

/** A text is read as prompt mode has it, function calls as the API gives them; names follow. */
const judgeResult = (row: SingleRow, result: Py, naming: Naming): Verdict =>
  typeof result === 'string' ? checkText(row, result, naming) : checkAnswer(row, readCalls(result), naming);

/** Arguments that are JSON text are read; one that cannot be read spoils the answer, as it does officially. */
function readCalls(result: Py): Py {
  if (!Array.isArray(result)) return null;
  const calls = result.map((call): Py => {
    if (!(call instanceof Map) || call.size !== 1) return null;
    const [[name, given]] = [...call] as [[string, Py]];
    return typeof given === 'string' ? readChatCall({ id: '', name, arguments: given }) : call;
  });
  return calls.includes(null) ? null : calls;
}

/** The steps of a turn of an official result; those that cannot be read are passed over. */
function readResults(turn: Py, where: string): TurnCall[][] {
  return readList(turn, where).flatMap((step): TurnCall[][] => {
    const calls = typeof step === 'string' ? decodeStep(step) : readCalls(step);
    if (!Array.isArray(calls)) return [];
    const read = calls.map(readTurnCall);
    return read.includes(null) ? [] : [read as TurnCall[]];
  });
}

function decodeStep(text: string): string[] | null {
  try {
    return decodeSteps(text);
  } catch (error) {
    if (error instanceof PyError) return null;
    throw error;
  }
}

const judgeTurns =
  (conversation: Conversation, long: ReadonlyMap<string, Py> | null): Judge =>
  ({ where, record }) => {
    const official = record.has('result');
    if (!official && !record.has('turns'))
      throw new InputError(where, 'no turns, expected {"id", "turns": [[[call, …], …], …]} or {"id", "result"}');
    const name = official ? 'result' : 'turns';
    const turns = readList(record.get(name), `${where}: ${name}`);
    const read = official ? readResults : readSteps;
    const answer = turns.map((turn, at) => read(turn, `${where}: ${name}.${at}`));
    return () => {
      const { valid, error, holdBack } = checkTurns(conversation, answer, long);
      return { valid, error: error === null ? [] : [error], holdBack };
    };
  };

function readSteps(turn: Py, where: string): TurnCall[][] {
  return readList(turn, where).map((step, at) =>
    readList(step, `${where}.${at}`).map((call) => {
      const read = readTurnCall(call);
      if (read === null) throw new InputError(`${where}.${at}`, 'expected calls: {name: {…}} or Python text');
      return read;
    }),
  );
}
