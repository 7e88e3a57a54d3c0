// Answers to BFCL's rows as models write them in prompt mode: calls as Python, Java or JavaScript source in plain text, right ones
// and ones wrong in every way seen: code fences, talk around them, other quotes and blanks, arithmetic, names, broken syntax.
// Used to compare our decoder with the official one; no part of the scorer. Seeded: same seed, same texts.
import type { Random } from '../../src/episode/random.ts';
import { type Language, languageOf } from '../../src/evaluate/benchmarks/bfcl/categories.ts';
import type { SingleRow } from '../../src/evaluate/benchmarks/bfcl/data.ts';
import { quoteText, repr } from '../../src/evaluate/benchmarks/bfcl/python/print.ts';
import { isDict, isList, type Py, type PyDict } from '../../src/evaluate/benchmarks/bfcl/python/value.ts';
import { makeAnswer } from './perturb.ts';

/** A text in answer to a row. */
export function makeText(row: SingleRow, random: Random): string {
  const language = languageOf(row.category);
  const calls = makeAnswer(row, random);
  let text = writeCalls(calls, language, random);
  if (random.int(4) === 0) text = wrapText(text, random);
  if (random.int(5) === 0) text = breakText(text, language, random);
  return text;
}

function writeCalls(calls: Py, language: Language, random: Random): string {
  if (!isList(calls)) return typeof calls === 'string' ? calls : repr(calls);
  const written = calls.map((call) => writeCall(call, language, random));
  const inner = written.join(random.pick([', ', ', ', ', ', ',', ',\n ', ' , ']));
  const comma = random.int(20) === 0 ? ',' : '';
  return random.int(12) === 0 ? inner : `[${inner}${comma}]`;
}

function writeCall(call: Py, language: Language, random: Random): string {
  if (!isDict(call)) return writeValue(call, language, random);
  const [entry] = [...call];
  if (entry === undefined) return '{}';
  const [name, given] = entry;
  if (!isDict(given)) return `${name}(${writeValue(given, language, random)})`;
  return `${name}(${writeArguments(given, language, random)})`;
}

function writeArguments(given: PyDict, language: Language, random: Random): string {
  const [blank, equals] = [random.pick([' ', ' ', ' ', '', '\n    ']), random.pick(['=', '=', '=', ' = '])];
  const parts = [...given].map(([key, value]) => {
    if (random.int(40) === 0) return writeValue(value, language, random);
    return `${key}${equals}${writeValue(value, language, random)}`;
  });
  return parts.join(`,${blank}`);
}

function writeValue(value: Py, language: Language, random: Random): string {
  if (language !== 'python') return writeSource(value, language, random);
  if (random.int(25) === 0) return random.pick(EXPRESSIONS);
  if (typeof value === 'string') return writeText(value, random);
  if (typeof value === 'bigint' && random.int(12) === 0)
    return random.pick([
      `+${value}`,
      `(${value})`,
      `${value}*1`,
      `${value} + 0`,
      `- -${value}`,
      `~${value}`,
      `${value}.`,
    ]);
  if (typeof value === 'number' && Number.isInteger(value) && random.int(3) === 0) return `${value}.0`;
  if (isList(value)) {
    const [open, close] = random.pick([
      ['[', ']'],
      ['[', ']'],
      ['[', ']'],
      ['(', ')'],
    ]);
    const items = value.map((item) => writeValue(item, language, random));
    return open + items.join(random.pick([', ', ','])) + (items.length === 1 && open === '(' ? ',' : '') + close;
  }
  if (!isDict(value)) return repr(value);
  const entries = [...value].map(([key, item]) => `${repr(key)}: ${writeValue(item, language, random)}`);
  return `{${entries.join(', ')}}`;
}

function writeText(text: string, random: Random): string {
  const plain = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\0', '');
  return random.pick<() => string>([
    () => quoteText(text),
    () => quoteText(text),
    () => `"${plain.replaceAll('"', '\\"')}"`,
    () => `"${plain.replaceAll('"', '\\"')}"`,
    () => `"${plain}"`,
    () => `'''${plain}'''`,
    () => `r'${text}'`,
    () => `u"${plain.replaceAll('"', '\\"')}"`,
    () => `f"${plain}"`,
    () => `b'${plain}'`,
    () => `${quoteText(text.slice(0, 3))} ${quoteText(text.slice(3))}`,
    () => `${quoteText(text.slice(0, 3))} + ${quoteText(text.slice(3))}`,
    () => text.replaceAll(/\W/g, '_'),
    () => (/^\w+$/.test(text) ? text : quoteText(text)),
  ])();
}

/** What no row expects but models write. */
const EXPRESSIONS = [
  'None',
  'True',
  'true',
  'null',
  '...',
  'x',
  'a.b',
  'a.b.c()',
  'f(1, "a")',
  'f(x=1)',
  'f(g(y=2), x=1)',
  'datetime.now()',
  'data["a"]',
  "data['a'][0]",
  'items[1:2]',
  'items[::-1]',
  'm[1, 2]',
  '1 if x else 2',
  'lambda x: x',
  'lambda x, y=1, *a, **k: x + 1',
  '[x for x in y]',
  '[x**2 for x in range(3) if x > 1]',
  '{1, 2}',
  '{**a}',
  '{1: 2, "a": 3}',
  '{(1, 2): 3}',
  '{[1]: 2}',
  '{None: 1, True: 2}',
  '2**3',
  '2 ** -1',
  '10/4',
  '10//4',
  '-7 // 2',
  '-7 % 3',
  '7.5 % -2',
  '1 << 4',
  '6 & 3',
  '"a" * 3',
  '[0] * 3',
  '(1, 2) + (3,)',
  '"a" "b"',
  '"%s-%d" % ("a", 1)',
  '1 == 1',
  'not x',
  'x and y',
  'a < b < c',
  'a is not b',
  'a not in b',
  '*a',
  '**a',
  'await z',
  '(yield)',
  '(x := 1)',
  'y := 1',
  '0x1F',
  '0b11',
  '1_000',
  '007',
  '1e5',
  '1e400',
  '5kg',
  '1j',
  '.5',
  '5.',
  '"\\u00e9"',
  '"\\x41\\101"',
  '"\\N{BULLET}"',
  '"\\q"',
  "'it''s'",
  '"unclosed',
  '@',
  'a b',
  '-x',
  '-"a"',
  '-True',
  '+None',
  '(1)',
  '(1,)',
  '()',
  'f"{a}"',
  'print("x")',
  '[f(x=1), 2]',
  '{"a": f(x=1)}',
  '# comment',
  'x  # comment\n',
  '"a"[0]',
  'b"\\x00a"',
  '１２',
  'é',
  'ﬁ',
  'a if b',
  '[1, 2',
  '"é" + "ü"',
  '1 +',
  '3 * (2 + 1)',
  'f(*a, b=1)',
  '(a for a in b)',
  'f(a for a in b)[c]',
  'f(not a)[-1](lambda: 0)',
  'a[b or c and not d](e if f else g)',
  'x[(a, b)](-1 ** 2, (-1) ** 2, ~a + b * (c - d))',
  'g([*a, *b], {**c}, {1: 2}, {3}, "q\'", 1.0, 1e22, ...)[0:1, 2]',
];

function writeSource(value: Py, language: Language, random: Random): string {
  if (random.int(12) === 0) return random.pick(language === 'java' ? JAVA : SCRIPT);
  if (typeof value !== 'string') return isDict(value) || isList(value) ? JSON.stringify(repr(value)) : repr(value);
  // What perturbed answers carry is source already, or a plain text that wants its quotes.
  if (/^(new |[[{]|-?\d|true$|false$)/.test(value) && random.int(6) > 0) return value;
  return random.pick([JSON.stringify(value), JSON.stringify(value), `'${value}'`, value]);
}

const JAVA = [
  'x',
  'this.x',
  'Foo.class',
  'int[].class',
  'null',
  "'c'",
  "'\\n'",
  '-1',
  '1.5f',
  '0x1FL',
  '1 + 2 * 3',
  '"a" + b',
  '(1 + 2)',
  '(String) x',
  '(int) 1.5',
  'new Foo()',
  'new Foo(1, "a")',
  'new java.util.ArrayList<String>()',
  'new ArrayList<>(Arrays.asList("a", "b"))',
  'new int[]{1, 2}',
  'new String[][]{{"a"}, {"b"}}',
  'new int[3]',
  'new HashMap<String, Integer>() {{ put("a", 1); }}',
  'Map.of("a", 1)',
  'x -> x + 1',
  '(a, b) -> { return a; }',
  '() -> foo(1, 2)',
  'String::valueOf',
  'Foo::new',
  'a ? b : c',
  'a == b && !c',
  'a[0]',
  'a[0].b(1, 2)',
  'foo(a, b).bar()',
  'List<String>',
  '{1, 2}',
  '[1, 2]',
  'a b',
  '"é"',
  'é',
  '"a\\"b"',
  'f(x=1)',
  'x = y',
  'x += 1',
  'x++',
  '~x',
  'a instanceof B',
  '@x',
  '1_000',
  "'ab'",
  '"""\na\n"""',
  '// c\n1',
  'Optional.<String>empty()',
];

const SCRIPT = [
  'x',
  'this.x',
  'null',
  'undefined',
  '-1',
  '1.5',
  '0x1F',
  '10n',
  '1 + 2 * 3',
  '"a" + b',
  '(1 + 2)',
  'new Foo()',
  'new Date("2020")',
  '[1, 2, 3]',
  '[1, , 2]',
  '[...a, 1]',
  '{a: 1, "b": 2}',
  '{a, b}',
  '{...a}',
  '{a() { return 1; }}',
  '{[a]: 1}',
  'x => x + 1',
  '(a, b) => { return a; }',
  'async () => 1',
  'function (a) { return a; }',
  'a ? b : c',
  'a && !b',
  'a ?? b',
  'a?.b',
  'a?.[0]',
  'a.b(1)[2]',
  '`t $' + '{a} t`',
  '/ab+c/gi',
  'a / b / c',
  'typeof a',
  'await a',
  "'q'",
  "'it\\'s'",
  '"é"',
  'é',
  '{1, 2}',
  'a b',
  'x = y',
  'x += 1',
  'x++',
  'a ** b',
  'a === b',
  '#x',
  'f(x=1)',
  'class {}',
  '1_000',
  '@x',
];

function wrapText(text: string, random: Random): string {
  return random.pick([
    `\`\`\`\n${text}\n\`\`\``,
    `\`\`\`python\n${text}\n\`\`\``,
    `\`${text}\``,
    `'${text}'`,
    `"${text}"`,
    ` ${text} `,
    `\n${text}\n`,
    `I will call ${text}`,
    `${text}\n\nThis calls the function.`,
    `${text} # done`,
    `${text};`,
    `(${text})`,
    `[${text}]`,
    `${text}, ${text}`,
    `${text}\n${text}`,
    `\t${text}`,
    `\u00a0${text}`,
    `<tool_call>${text}</tool_call>`,
    `result = ${text}`,
    text.slice(1, -1),
    text.slice(0, -1),
    text.slice(1),
    '',
    '[]',
    'None of the functions can be used.',
    'The question lacks the parameter "city".',
    '{"name": "f", "arguments": {}}',
  ]);
}

const SIGNS = [
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  ',',
  '=',
  '"',
  "'",
  '\\',
  '.',
  ':',
  '*',
  ' ',
  '\n',
  '#',
  '-',
  '1',
  'a',
  ';',
  '`',
  '@',
  '!',
  '$',
  '?',
  'é',
  '\u200b',
  '\0',
  '\f',
  '\r',
];

function breakText(text: string, _: Language, random: Random): string {
  const at = random.int(text.length + 1);
  const sign = random.pick(SIGNS);
  return random.pick([
    text.slice(0, at) + text.slice(at + 1),
    text.slice(0, at) + sign + text.slice(at),
    text.slice(0, at) + sign + text.slice(at + 1),
    text.slice(0, at),
  ]);
}
