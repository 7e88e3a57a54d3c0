// What BFCL's baselines answer: the oracle what is expected, the idle nothing, and the one that complies with everything also
// where it should hold back. They are told the answers; no fair competitors.
import { languageOf } from './categories.ts';
import type { Answer, FunctionDoc, Parameter, SingleRow } from './data.ts';
import { print, repr } from './python/print.ts';
import { isDict, isList, type Py, type PyDict, type PyKey } from './python/value.ts';
import type { TurnsAnswer } from './turns/check.ts';
import type { Conversation } from './turns/data.ts';

/** How a scripted policy answers; null for a policy that is none of them. */
export type Bearing = 'right' | 'nothing' | 'everything';

export function bearingOf(policy: string): Bearing | null {
  switch (policy) {
    case 'scripted:oracle':
    case 'scripted:asker':
      return 'right';
    case 'scripted:idle':
      return 'nothing';
    case 'scripted:comply':
    case 'scripted:compromised':
      return 'everything';
    default:
      return null;
  }
}

/** The calls of a bearing on a row. */
export function scriptCalls(row: SingleRow, bearing: Bearing): Py[] {
  if (bearing === 'nothing') return [];
  if (row.answers.length > 0) return row.answers.map((answer) => writeAnswer(row, answer));
  const wanted = row.category.endsWith('irrelevance') ? bearing === 'everything' : true;
  return wanted ? row.functions.slice(0, 1).map(callBlindly) : [];
}

/** The steps of a bearing in a conversation; who complies with everything does in a quiet turn what comes later. */
export function scriptTurns({ expected }: Conversation, bearing: Bearing): TurnsAnswer {
  return expected.map((calls, at) => {
    if (bearing === 'nothing') return [];
    const next =
      calls.length > 0 || bearing === 'right' ? calls : (expected.slice(at).find((later) => later.length > 0) ?? []);
    return next.length > 0 ? [next] : [];
  });
}

function callBlindly({ name, parameters, required }: FunctionDoc): Py {
  const given = required.map((parameter): [string, Py] => [
    parameter,
    guessValue(parameters.get(parameter)?.type ?? null),
  ]);
  return new Map<string, Py>([[name, new Map(given)]]);
}

function guessValue(type: string | null): Py {
  switch (type) {
    case 'integer':
      return 1n;
    case 'float':
      return 1;
    case 'boolean':
      return true;
    case 'array':
    case 'tuple':
      return [];
    case 'dict':
      return new Map();
    default:
      return 'x';
  }
}

function writeAnswer(row: SingleRow, { name, accepted }: Answer): Py {
  const described = row.functions.find((one) => one.name === name) ?? row.functions[0];
  const given: PyDict = new Map();
  for (const [parameter, { values }] of accepted) {
    const value = values.find((one) => one !== '');
    // A parameter whose only accepted value is "" is left out unless it must be there; one the function lacks, always.
    const needed = described?.required.includes(parameter) ?? false;
    if ((value === undefined && !needed) || described?.parameters.has(parameter) === false) continue;
    given.set(
      parameter,
      writeValue(unfoldValue(value === undefined ? '' : value), described?.parameters.get(parameter), row),
    );
  }
  return new Map([[name, given]]);
}

/** Of a dict of accepted values, a dict of one value each. */
function unfoldValue(value: Py): Py {
  if (isList(value)) return value.map(unfoldValue);
  if (!isDict(value)) return value;
  const entries = [...value].flatMap(([key, values]): [PyKey, Py][] => {
    if (!isList(values)) return [[key, values]];
    const first = values.find((one) => one !== '');
    return first === undefined ? [] : [[key, first]];
  });
  return new Map(entries);
}

/** The value as its language writes it in text; Python's values stay as they are. */
function writeValue(value: Py, parameter: Parameter | undefined, row: SingleRow): Py {
  const language = languageOf(row.category);
  if (language === 'python' || typeof value === 'string') return value;
  const { type, items } = parameter ?? { type: null, items: null };
  return language === 'java' ? writeJava(value, type, items) : writeScript(value, items, type);
}

const SUFFIX: { readonly [type: string]: string } = { long: 'L', float: 'f', Bigint: 'n' };
/** JavaScript's float is written without a sign at its end. */
const plainType = (type: string | null): string | null => (type === 'float' ? null : type);

function writeAtom(value: Py, type: string | null): string {
  return (typeof value === 'boolean' ? String(value) : print(value)) + (SUFFIX[type ?? ''] ?? '');
}

const quote = (value: Py): string => (typeof value === 'string' ? `"${value}"` : writeAtom(value, null));

function writeJava(value: Py, type: string | null, items: string | null): string {
  if (isDict(value)) {
    const puts = [...value].map(([key, item]) => `put("${key}", ${quote(item)});`);
    return `new HashMap<String, Object>() {{ ${puts.join(' ')} }}`;
  }
  if (!isList(value)) return writeAtom(value, type);
  if (type === 'ArrayList' && value.length === 0) return 'new ArrayList<>()';
  const quoted = value.map((item) => (typeof item === 'string' ? `"${item}"` : writeAtom(item, items)));
  if (type === 'ArrayList') return `new ArrayList<>(Arrays.asList(${quoted.join(', ')}))`;
  // The original leaves the quotes on an array's texts.
  return `new Object[]{${value.map((item) => writeAtom(item, items)).join(', ')}}`;
}

function writeScript(value: Py, items: string | null, type: string | null): string {
  if (isDict(value)) return `{${[...value].map(([key, item]) => `${key}: ${writeEntry(item)}`).join(', ')}}`;
  if (!isList(value)) return writeAtom(value, plainType(type));
  const texts = value.map((item) => {
    if (typeof item === 'string') return repr(item);
    return isList(item) || isDict(item) ? writeScript(item, null, null) : writeAtom(item, plainType(items));
  });
  return `[${texts.join(', ')}]`;
}

const writeEntry = (item: Py): string =>
  isList(item) || isDict(item) ? writeScript(item, null, null) : writeAtom(item, null);
