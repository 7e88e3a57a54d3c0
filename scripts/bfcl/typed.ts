// Python values written as a model writes Java or JavaScript: in text, in one of several spellings, some of them wrong.
// Used to make answers for scripts/bfcl-agreement.ts; no part of the scorer.
import type { Random } from '../../src/episode/random.ts';
import type { Language } from '../../src/evaluate/benchmarks/bfcl/categories.ts';
import { print, repr } from '../../src/evaluate/benchmarks/bfcl/python/print.ts';
import { isDict, isList, type Py, type PyKey } from '../../src/evaluate/benchmarks/bfcl/python/value.ts';

/** Writes a value as source text of the language. Python's values stay as they are. */
export function writeTyped(value: Py, language: Language, random: Random): Py {
  if (language === 'python') return value;
  return language === 'java' ? writeJava(value, random) : writeScript(value, random);
}

const quote = (text: string): string => `"${text}"`;

function writeJava(value: Py, random: Random): string {
  if (typeof value === 'string') return random.int(4) === 0 ? quote(value) : value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return `${value}${random.pick(['', '', 'L', 'l', '.0', 'f'])}`;
  if (typeof value === 'number') return `${repr(value)}${random.pick(['', '', 'f', 'F', 'd'])}`;
  if (isList(value)) return writeJavaList(value, random);
  if (isDict(value)) return writeJavaMap([...value], random);
  return 'null';
}

const writeItem = (item: Py): string => (typeof item === 'string' ? quote(item) : javaWord(item));

function javaWord(item: Py): string {
  return typeof item === 'boolean' ? String(item) : print(item);
}

function writeJavaList(items: readonly Py[], random: Random): string {
  const [blank, generic] = [
    random.pick(['', ' ', '  ', '\n', '\u00a0']),
    random.pick(['', 'String', 'Integer', 'Ärger']),
  ];
  const texts = items.map((item) => writeItem(item) + (typeof item === 'bigint' ? random.pick(['', 'L']) : ''));
  switch (random.int(6)) {
    case 0:
    case 1:
      return `new ${random.pick(['String', 'int', 'Object', 'char'])}[]${blank}{${blank}${texts.join(`,${blank}`)}}`;
    case 2:
      return `new ArrayList<${generic}>(Arrays.asList(${texts.join(`,${blank}`)}))`;
    case 3:
      return `new ArrayList<${generic}>()${blank}{{${blank}${texts.map((text) => `add(${text});`).join(blank)}${blank}}}`;
    case 4:
      return items.length === 0 || random.int(3) === 0 ? `new ArrayList<${generic}>()` : `List.of(${texts.join(',')})`;
    default:
      return `new ${random.pick(['String', 'int'])}[]{${items.map((item) => print(item)).join(', ')}}`;
  }
}

function writeJavaMap(entries: readonly (readonly [PyKey, Py])[], random: Random): string {
  const generic = random.pick(['', 'String, Object', 'String, String']);
  const blank = random.pick(['', ' ', '\n']);
  const puts = entries.map(([key, item]) => `put("${key}",${blank}${writeItem(item)});`).join(blank);
  const braces = random.pick([
    ['{{', '}}'],
    ['{ {', '} }'],
    ['{', '}'],
  ]);
  return `new HashMap<${generic}>()${blank}${braces[0]}${blank}${puts}${blank}${braces[1]}`;
}

function writeScript(value: Py, random: Random): string {
  if (typeof value === 'string') return random.pick([value, quote(value), `'${value}'`]);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return `${value}${random.pick(['', '', 'n', '.0'])}`;
  if (typeof value === 'number') return repr(value);
  if (isList(value)) return writeScriptList(value, random);
  if (isDict(value)) return writeScriptDict([...value], random);
  return 'null';
}

function writeScriptList(items: readonly Py[], random: Random): string {
  const blank = random.pick(['', ' ', '  ']);
  const inner = items.map((item) => scriptWord(item, random)).join(`,${blank}`);
  return random.pick([`[${blank}${inner}]`, `[${inner}${blank}]`, `new Array(${inner})`, ` [${inner}] `, `${inner}`]);
}

function scriptWord(item: Py, random: Random): string {
  if (typeof item === 'string') return random.pick([quote(item), `'${item}'`, item]);
  if (isList(item)) return writeScriptList(item, random);
  return isDict(item) ? writeScriptDict([...item], random) : javaWord(item);
}

function writeScriptDict(entries: readonly (readonly [PyKey, Py])[], random: Random): string {
  const blank = random.pick(['', ' ']);
  const pairs = entries.map(([key, item]) => {
    const name = random.pick([`${key}`, `'${key}'`, `"${key}"`]);
    return `${name}:${blank}${scriptWord(item, random)}`;
  });
  return `{${pairs.join(`,${blank}`)}}`;
}
