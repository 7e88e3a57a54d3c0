// The official single-turn checker of BFCL: an answer, a list of calls, is valid or not and why. Deterministic, no judge.
// It reproduces the Python code, its oddities included: only so are numbers comparable with published ones.
// Not here: reading a model's words into calls; what counts is the calls.
// Source: bfcl_eval/eval_checker/ast_eval/ast_checker.py and eval_runner.py.
import { type Language, languageOf, type Scoring, scoringOf } from './categories.ts';
import type { Answer, FunctionDoc, Parameter, SingleRow } from './data.ts';
import { decodeText } from './decode.ts';
import { convertJava } from './java.ts';
import { convertJavaScript } from './javascript.ts';
import { repr } from './python/print.ts';
import { isDict, isList, type Py, type PyDict, PyError, Tuple, typeName } from './python/value.ts';
import type { Expected } from './types.ts';
import { checkType, checkValue } from './values.ts';
import { explain, type Rejected, reject, VALID, type Verdict } from './verdict.ts';

/** How names of functions are compared: as they are, or with dots as underscores, as models behind OpenAI's API write them. */
export type Naming = 'dots' | 'underscores';

/**
 * Judges an answer to a row. `calls` is what a model's words were read into: `[{name: {argument: value}}, …]`; anything
 * else counts as no call. Never throws: where the official code raises an exception, the answer is not valid and the
 * exception is the error.
 */
export function checkAnswer(row: SingleRow, calls: Py, naming: Naming = 'dots'): Verdict {
  const scoring = scoringOf(row.category);
  const formed = isFormed(calls);
  if (scoring === 'irrelevance' || scoring === 'relevance') return checkRestraint(scoring, formed && calls.length > 0);
  if (!formed) return reject('ast_decoder:decoder_wrong_output_format', WRONG_FORMAT);
  try {
    return checkCalls(row, scoring, calls as readonly PyDict[], naming);
  } catch (error) {
    if (!(error instanceof PyError)) throw error;
    return reject('exception', () => `${error.type}: ${error.message}`);
  }
}

/** Judges an answer in plain text, as prompt mode has it: read into calls first. Never throws, as `checkAnswer`. */
export function checkText(row: SingleRow, text: string, naming: Naming = 'dots'): Verdict {
  try {
    return checkAnswer(row, decodeText(text, languageOf(row.category)), naming);
  } catch (error) {
    if (!(error instanceof PyError)) throw error;
    const scoring = scoringOf(row.category);
    if (scoring === 'irrelevance' || scoring === 'relevance') return checkRestraint(scoring, false);
    return reject('ast_decoder:decoder_failed', `Invalid syntax. Failed to decode AST. ${error.message}`);
  }
}

const WRONG_FORMAT =
  'Did not output in the specified format. Note: the model_result is wrapped in a string to ensure json serializability.';

/** Whether these are calls at all: a list of objects of one entry each, a name with its arguments. */
export function isFormed(calls: Py): calls is Py[] {
  if (!isList(calls)) return false;
  for (const call of calls) {
    if (!isDict(call) || call.size !== 1) return false;
    for (const given of call.values()) if (!isDict(given)) return false;
  }
  return true;
}

function checkRestraint(scoring: 'irrelevance' | 'relevance', called: boolean): Verdict {
  if (called === (scoring === 'relevance')) return VALID;
  return called
    ? reject('irrelevance_error:decoder_success', 'Valid syntax. Successfully decode AST when it should not.')
    : reject('relevance_error:decoder_failed', 'Invalid syntax. Failed to decode AST when it should have. None');
}

const WRONG_COUNT = 'Wrong number of functions.';

function checkCalls(row: SingleRow, scoring: Scoring, calls: readonly PyDict[], naming: Naming): Verdict {
  const { functions, answers } = row;
  const judge: Judge = { language: languageOf(row.category), naming };
  if (scoring === 'parallel') return checkParallel(functions, answers, calls, judge);
  const wanted = scoring === 'multiple' ? answers.length : 1;
  if (calls.length !== wanted) return reject(`${scoring}_function_checker:wrong_count`, WRONG_COUNT);
  const answer = answers[0]!;
  const described = scoring === 'multiple' ? findFunction(functions, answer.name) : functions[0]!;
  return checkCall(described, answer, calls[0]!, judge);
}

type Judge = { readonly language: Language; readonly naming: Naming };

function findFunction(functions: readonly FunctionDoc[], name: string): FunctionDoc {
  const found = functions.find((one) => one.name === name);
  if (found === undefined) throw new PyError('TypeError', "'NoneType' object is not subscriptable");
  return found;
}

/** Expected calls in order, each matched to the first call left that passes. */
function checkParallel(
  functions: readonly FunctionDoc[],
  answers: readonly Answer[],
  calls: readonly PyDict[],
  judge: Judge,
): Verdict {
  if (calls.length !== answers.length) return reject('parallel_function_checker_no_order:wrong_count', WRONG_COUNT);
  const left = [...calls.keys()];
  for (const [at, answer] of answers.entries()) {
    const failures: Rejected[] = [];
    const match = findMatch(findFunction(functions, answer.name), answer, calls, left, judge, failures);
    if (match === null) return rejectMatch(at, answer, calls, left, failures);
    left.splice(match, 1);
  }
  return VALID;
}

/** Where in `left` the first call stands that passes; null if none does. What is wrong with the others is noted. */
function findMatch(
  described: FunctionDoc,
  answer: Answer,
  calls: readonly PyDict[],
  left: readonly number[],
  judge: Judge,
  failures: Rejected[],
): number | null {
  for (const [place, index] of left.entries()) {
    const verdict = checkCall(described, answer, calls[index]!, judge);
    if (verdict.valid) return place;
    failures.push(verdict);
  }
  return null;
}

function rejectMatch(
  at: number,
  answer: Answer,
  calls: readonly PyDict[],
  left: readonly number[],
  failures: readonly Rejected[],
): Verdict {
  const tried = failures.map((failure, place) => (): Py => {
    const index = left[place]!;
    const entries: [string, Py][] = [
      ['sub_error', explain(failure)],
      ['sub_error_type', failure.kind],
      ['model_output_item', calls[index]!],
      ['possible_answer_item', answer.raw],
    ];
    return new Map([[`Model Result Index ${index}`, new Map(entries)]]);
  });
  const indices = `[${left.join(', ')}]`;
  return reject(
    'parallel_function_checker_no_order:cannot_find_match',
    () =>
      `Could not find a matching function among index ${indices} of model output for index ${at} of possible answers.`,
    ...tried,
  );
}

/** One call against one expected call. */
function checkCall(described: FunctionDoc, answer: Answer, call: PyDict, judge: Judge): Verdict {
  const name = judge.naming === 'dots' ? described.name : described.name.replaceAll('.', '_');
  const given = call.get(name) as PyDict | undefined;
  if (given === undefined) return rejectName(name);
  for (const parameter of described.required) if (!given.has(parameter)) return rejectMissing(parameter);
  for (const [parameter, value] of given) {
    const verdict = checkArgument(described, answer, parameter as string, value, judge.language);
    if (!verdict.valid) return verdict;
  }
  for (const parameter of answer.needed) if (!given.has(parameter)) return rejectAbsent(parameter);
  return VALID;
}

function checkArgument(described: FunctionDoc, answer: Answer, name: string, given: Py, language: Language): Verdict {
  const parameter = described.parameters.get(name);
  const accepted = answer.accepted.get(name);
  if (parameter === undefined || accepted === undefined) return rejectUnexpected(name);
  const { expected } = parameter;
  if (expected instanceof PyError) throw expected;
  if (language !== 'python' && typeof given !== 'string') return rejectUntyped(name, given, language);
  const value = convertArgument(given, parameter, expected, language);
  const { verdict, variable } = checkType(name, value, accepted, expected);
  return verdict.valid ? checkValue(name, value, accepted, expected, variable) : verdict;
}

// Explanations are made in functions of their own: a function that makes closures pays for them also where it makes none.

const rejectName = (name: string): Verdict =>
  reject('simple_function_checker:wrong_func_name', () => `Function name ${repr(name)} not found in model output.`);

const rejectMissing = (parameter: string): Verdict =>
  reject('simple_function_checker:missing_required', () => `Missing required parameter: ${repr(parameter)}.`);

const rejectUnexpected = (parameter: string): Verdict =>
  reject('simple_function_checker:unexpected_param', () => `Unexpected parameter: ${repr(parameter)}.`);

const rejectAbsent = (parameter: string): Verdict =>
  reject(
    'simple_function_checker:missing_optional',
    () => `Optional parameter ${repr(parameter)} not provided and not marked as optional.`,
  );

const rejectUntyped = (name: string, given: Py, language: Language): Verdict =>
  reject(
    language === 'java' ? 'type_error:java' : 'type_error:js',
    () =>
      `Incorrect type for parameter ${repr(name)}. Expected type String, got ${typeName(given)}. Parameter value: ${repr(given)}.`,
  );

/** The argument as the check of types sees it: Java and JavaScript read from text, an int made a float where one is due. */
function convertArgument(given: Py, { items }: Parameter, expected: Expected, language: Language): Py {
  const nested = expected.items === null ? null : items;
  switch (language) {
    case 'java':
      return convertJava(given as string, expected.described, nested);
    case 'javascript':
      return convertJavaScript(given as string, expected.described, nested);
    case 'python':
      if (expected.described === 'float') return typeof given === 'bigint' ? widenInt(given) : given;
      return expected.described === 'tuple' && given instanceof Tuple ? [...given.items] : given;
  }
}

function widenInt(value: bigint): number {
  const float = Number(value);
  if (Number.isFinite(float)) return float;
  throw new PyError('OverflowError', 'int too large to convert to float');
}
