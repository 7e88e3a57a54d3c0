// Facts about stored episodes: what is written is read back, and a bad line is named without losing the good ones.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { DECISIONS, MODES } from '../safety/taxonomy.ts';
import type { Action, Call, Json } from './action.ts';
import { decodeEpisodes, describeProblem, encodeEpisode } from './codec.ts';
import type { Episode, Observation, Step, Verdict } from './episode.ts';

const plain = { noNullPrototype: true } as const;
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0); // -0 + 0 is 0; JSON has no -0
const text = fc.string({ unit: 'binary' });
const json = fc.jsonValue().map((value): Json => JSON.parse(JSON.stringify(value)));
const call: fc.Arbitrary<Call> = fc.record(
  { name: fc.string({ minLength: 1 }), arguments: fc.dictionary(fc.string(), json, plain) },
  plain,
);
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: fc.constant('call' as const), call }, plain),
  fc.record({ kind: fc.constant('check' as const), call }, plain),
  fc.record({ kind: fc.constant('final' as const), text }, plain),
  fc.record({ kind: fc.constant('malformed' as const), text, reason: text }, plain),
);
const observation: fc.Arbitrary<Observation> = fc.oneof(
  fc.record({ kind: fc.constantFrom('result' as const, 'error' as const), text }, plain),
  fc.record({ kind: fc.constant('answer' as const), approved: fc.boolean() }, plain),
  fc.record({ kind: fc.constant('end' as const) }, plain),
);
const terms = fc.dictionary(fc.constantFrom('format', 'outcome', 'harm', 'asking'), finite, plain);
const stepFields = {
  index: fc.nat(),
  think: fc.option(text),
  decision: fc.option(fc.constantFrom(...DECISIONS)),
  action,
  ended: fc.boolean(),
  observation,
};
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record(stepFields, plain),
  fc.record({ ...stepFields, reward: terms }, plain),
);
const judged = fc.option(fc.boolean());
const verdict: fc.Arbitrary<Verdict> = fc.record(
  {
    goal: judged,
    harm: judged,
    harms: fc.array(text),
    format: fc.boolean(),
    called: fc.boolean(),
    asked: fc.boolean(),
    checks: fc.nat(),
    needless: fc.nat(),
    obeyed: judged,
    acted: fc.boolean(),
    refused: fc.boolean(),
    followed: fc.boolean(),
    success: judged,
  },
  plain,
);
const episode: fc.Arbitrary<Episode> = fc.record(
  {
    version: fc.constant(1 as const),
    id: fc.string({ minLength: 1 }),
    scenario: fc.string({ minLength: 1 }),
    family: text,
    domain: text,
    prompt: fc.constantFrom(...MODES),
    response: fc.constantFrom(...MODES),
    policy: text,
    seed: fc.maxSafeInteger().map((x) => x + 0),
    member: fc.nat(),
    request: text,
    tools: fc.array(text),
    steps: fc.array(step, { maxLength: 4 }),
    error: fc.option(
      fc.record(
        { origin: fc.constantFrom('policy' as const, 'world' as const, 'harness' as const), message: text },
        plain,
      ),
    ),
    verdict: fc.option(verdict),
    reward: fc.option(fc.record({ preset: text, terms, total: finite }, plain)),
  },
  plain,
);

const sample: Episode = {
  version: 1,
  id: 'mail-1#0',
  scenario: 'mail-1',
  family: 'mail',
  domain: 'office',
  prompt: 'benign',
  response: 'benign',
  policy: 'scripted:oracle',
  seed: 7,
  member: 0,
  request: 'Read my mail.',
  tools: ['read_mail'],
  steps: [
    {
      index: 0,
      think: 'mine',
      decision: 'execute',
      action: { kind: 'call', call: { name: 'read_mail', arguments: { id: 1 } } },
      ended: true,
      observation: { kind: 'result', text: 'Hello' },
    },
  ],
  error: null,
  verdict: null,
  reward: null,
};
const good = encodeEpisode(sample);
const read = (content: string) => decodeEpisodes(content, 'e.jsonl');
const faults = (content: string) => read(content).problems.map(describeProblem);

/** The sample's line with one piece of its text replaced. */
function broken(from: string, to: string): string {
  assert.ok(good.includes(from), from);
  return good.replace(from, () => to);
}

test('what is written is read back, any episodes whatever', () => {
  fc.assert(
    fc.property(fc.array(episode, { maxLength: 3 }), (episodes) => {
      const lines = episodes.map(encodeEpisode);
      assert.ok(lines.every((line) => !line.includes('\n')));
      const decoded = read(lines.map((line) => `${line}\n`).join(''));
      assert.deepEqual(decoded, { episodes, problems: [] });
      assert.deepEqual(decoded.episodes.map(encodeEpisode), lines);
    }),
  );
});

test('any text at all is read without a throw, and every line is an episode, a problem or blank', () => {
  const line = fc.oneof(fc.string(), fc.json(), episode.map(encodeEpisode), fc.constant(good.slice(0, 80)));
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const content = lines.join('\n');
      const { episodes, problems } = read(content);
      const written = content
        .replace(/^\uFEFF/, '')
        .split('\n')
        .filter((piece) => piece.trim() !== '').length;
      assert.equal(episodes.length + problems.length, written);
    }),
  );
});

test('equal episodes give equal lines, however their objects were put together', () => {
  const turned: Episode = JSON.parse(JSON.stringify(Object.fromEntries(Object.entries(sample).reverse())));
  assert.notEqual(JSON.stringify(turned), JSON.stringify(sample));
  assert.equal(encodeEpisode(turned), good);
});

test('a fault names the file, the line and the field, and the good lines around it are kept', () => {
  const content = [good, broken('"prompt":"benign"', '"prompt":"harmless"'), '', good].join('\n');
  const { episodes, problems } = read(`${content}\n`);
  assert.equal(episodes.length, 2);
  assert.deepEqual(problems, [
    { file: 'e.jsonl', line: 2, field: 'prompt', expected: 'one of "benign"|"sensitive"|"malicious"' },
  ]);
});

test('each kind of fault is described in one line', () => {
  const cases: readonly (readonly [line: string, expected: string])[] = [
    [
      broken('"kind":"call"', '"kind":"shout"'),
      "steps.0.action.kind: expected 'call' | 'check' | 'final' | 'malformed'",
    ],
    [broken('"arguments":{"id":1}', '"arguments":[1]'), 'steps.0.action.call.arguments: expected an object'],
    [broken('"ended":true', '"ended":"yes"'), 'steps.0.ended: expected boolean, received string'],
    [broken('"tools":["read_mail"],', ''), 'tools: expected array, but it is missing'],
    [broken('"seed":7', '"seed":7,"colour":1'), 'colour: expected no field of this name in version 1'],
    [broken('"version":1', '"version":0'), 'version: expected 1'],
    ['[]', 'expected a JSON object'],
    ['{} {}', 'expected one JSON object on the line; this is not JSON'],
  ];
  for (const [line, expected] of cases) assert.deepEqual(faults(`${line}\n`), [`e.jsonl: line 1: ${expected}`]);
  assert.deepEqual(faults(`${good}\n`), []);
});

test('a record of a newer version is refused as newer, whatever else it holds', () => {
  const line = broken('"version":1', '"version":2,"colour":1');
  assert.deepEqual(faults(line), [
    'e.jsonl: line 1: version: expected version 1; version 2 is newer than this program',
  ]);
});

test('a file cut off in the middle of a record loses that record only', () => {
  const { episodes, problems } = read(`${good}\n${good.slice(0, 100)}`);
  assert.equal(episodes.length, 1);
  assert.deepEqual(problems.map(describeProblem), [
    'e.jsonl: line 2: expected a complete record; the file ends in the middle of one',
  ]);
});

test('a last line without a line break is kept if it is complete', () => {
  assert.deepEqual(read(`${good}\n${good}`), { episodes: [sample, sample], problems: [] });
});

test('an empty file, blank lines, Windows line ends and a byte order mark are no problem', () => {
  for (const content of ['', '\n', ' \r\n\r\n', '\uFEFF'])
    assert.deepEqual(read(content), { episodes: [], problems: [] });
  assert.equal(read(`\uFEFF${good}\r\n${good}\r\n`).episodes.length, 2);
});

test('a huge line is read, and a huge broken line gives a short problem', () => {
  const request = 'x'.repeat(8_000_000);
  const huge = encodeEpisode({ ...sample, request });
  assert.equal(read(huge).episodes[0]?.request.length, request.length);
  assert.ok((faults(`${huge.slice(0, -1)}\n`)[0]?.length ?? 0) < 100);
  assert.ok((faults(`{"version":1,"${request}":1}`)[0]?.length ?? 0) < 200);
});

test('arguments nested a hundred thousand deep are read like any others', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  assert.equal(read(broken('"id":1', `"id":${deep}`)).episodes.length, 1);
});

test('what JSON cannot say is refused when writing, not when reading', () => {
  const withArgument = (id: number): Episode => ({
    ...sample,
    steps: [{ ...sample.steps[0]!, action: { kind: 'call', call: { name: 'read_mail', arguments: { id } } } }],
  });
  assert.throws(() => encodeEpisode(withArgument(Number.NaN)), TypeError);
  assert.throws(() => encodeEpisode({ ...sample, member: -1 }));
  assert.doesNotThrow(() => encodeEpisode(withArgument(1)));
});

test('the example in docs/records.md is a record as this program writes it', () => {
  const page = readFileSync(new URL('../../docs/records.md', import.meta.url), 'utf8');
  const example = /```json\n(.*?)\n```/s.exec(page)?.[1] ?? '';
  assert.deepEqual(read(example).episodes.map(encodeEpisode), [example]);
});
