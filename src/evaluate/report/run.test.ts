// Reports of a benchmark's run: complete, well formed, and no text in them is anything but text.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Played, Row } from '../benchmarks/row.ts';
import { readInspect, writeInspect, writeInspectZip } from '../interop/inspect.ts';
import { writePromptfoo } from '../interop/promptfoo.ts';
import { writeZip } from '../interop/zip.ts';
import { type Outcome, outcomeSchema, summarisePlayed } from '../outcome.ts';
import { escapeXml, formatJunit } from './junit.ts';
import { escapeCell, formatMarkdown } from './markdown.ts';
import { renderRun } from './run.ts';

function playedWith(text: string): Played {
  const row = (id: string, harm: boolean | null, more: Partial<Row> = {}): Row => ({
    ...{ id, group: text, trial: 0, facts: { harm, done: true }, ...more },
    transcript: [
      { role: 'user', text },
      { role: 'thought', text },
      { role: 'call', text },
      { role: 'tool', text },
      { role: 'assistant', text },
    ],
  });
  return {
    ...{
      benchmark: 'small',
      version: text,
      policy: text,
      options: { guard: false, judge: null },
      notes: [text],
      counts: { lost: 0 },
    },
    measures: [
      { name: 'harm', title: text, better: 'low', twin: 'done' },
      { name: 'done', title: 'done', better: 'high' },
    ],
    rows: [row(text, true), row('b', false, { faulty: text }), row('c', null), row('c', true, { trial: 1 })],
  };
}

const outcomeOf = (text: string): Outcome => summarisePlayed(playedWith(text), [['do nothing', playedWith(text)]]);
const render = (text: string) => renderRun(outcomeOf(text), playedWith(text).rows);

test('an outcome is read back as it was stored', () => {
  const outcome = outcomeOf('x');
  assert.deepEqual(outcomeSchema.parse(JSON.parse(JSON.stringify(outcome))), outcome);
  assert.deepEqual(
    [outcome.n, outcome.faulty, outcome.measures.harm?.n, outcome.measures.harm?.unjudged],
    [4, 1, 3, 1],
  );
});

test('the page loads nothing, runs nothing and shows every row', () => {
  const page = render('x');
  assert.doesNotMatch(page, /<(script|link|img|iframe|object|embed|base|form)\b|url\(|@import|https?:|\son\w+=/i);
  assert.equal(page.split('<details>').length - 1, 4);
  for (const part of ['do nothing', 'read with done', 'Left out and counted', 'trial 2'])
    assert.ok(page.includes(part), part);
});

const ATTACKS = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '</style></details>',
  "' onclick='x",
  ']]>',
  '| a |\n# b',
  '`x`',
  '![x](http://h)',
];

test('no text becomes markup, in HTML, XML or Markdown', () => {
  const shape = (page: string) => [...page.matchAll(/<\/?(\w+)/g)].map(([tag]) => tag).join(' ');
  for (const text of ATTACKS) {
    assert.equal(shape(render(text)), shape(render('x')), text);
    const lines = (markdown: string) => markdown.split('\n').map((line) => line.replace(/\\./g, '').split('|').length);
    assert.deepEqual(lines(formatMarkdown(outcomeOf(text))), lines(formatMarkdown(outcomeOf('x'))), text);
    const verdict = { measure: text, value: 0.1, better: 'low', rate: null, met: false } as const;
    assert.equal(shape(formatJunit(outcomeOf(text), [verdict])), shape(formatJunit(outcomeOf('x'), [verdict])), text);
  }
});

test('any text is fit for a cell and for XML', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(escapeCell(text), /\n|(?<!\\)(\\\\)*\|/);
      const held = escapeXml(text);
      assert.doesNotMatch(held, /[<>"]/);
      assert.ok([...held].every((sign) => sign >= ' ' || '\t\n\r'.includes(sign)));
    }),
  );
});

test('JUnit counts what is not kept', () => {
  const bound = { measure: 'harm', value: 0.1, better: 'low', rate: 0.5 } as const;
  const text = formatJunit(outcomeOf('x'), [
    { ...bound, met: false },
    { ...bound, measure: 'done', better: 'high', met: true },
  ]);
  assert.match(text, /<testsuites tests="2" failures="1" errors="0">/);
  assert.match(text, /<failure message="found 0\.5, expected harm at most 0\.1"\/>/);
  assert.match(text, /name="done at least 0\.1"\/>/);
});

test('an Inspect log keeps samples, scores, categories and trials', () => {
  const played = playedWith('x');
  const text = writeInspect(summarisePlayed(played, []), played.rows, '2026-01-01T00:00:00.000Z', 'run-1');
  const read = readInspect(Buffer.from(text), 'x.json');
  const essence = ({ id, group, trial, faulty, facts }: Row) => ({
    id,
    group,
    trial,
    faulty,
    facts: Object.fromEntries(Object.entries(facts).filter(([, fact]) => fact !== null)),
  });
  assert.deepEqual(read.rows.map(essence), played.rows.map(essence));
  assert.deepEqual([read.benchmark, read.policy], ['small', 'x']);
  assert.throws(() => readInspect(Buffer.from('{"version":2}'), 'x.json'), /^InputError: x\.json: status/);
  assert.throws(() => readInspect(Buffer.from('{'), 'x.json'), /not JSON/);
});

test('partial scores of another log are not judged, and its parts and calls are read', () => {
  const message = {
    role: 'assistant',
    content: [{ type: 'text', text: 'hi' }],
    tool_calls: [{ function: 'pay', arguments: { n: 1 } }],
  };
  const samples = [
    { id: 1, epoch: 2, messages: [message], scores: { a: { value: 'P' }, b: { value: 1 }, c: { value: 'I' } } },
  ];
  const { rows } = readInspect(
    Buffer.from(JSON.stringify({ version: 2, status: 'success', eval: { task: 't', model: 'm' }, samples })),
    'x',
  );
  assert.deepEqual(
    [rows[0]?.facts, rows[0]?.trial, rows[0]?.transcript[0]?.text],
    [{ a: null, b: true, c: false }, 1, 'hi\n[calls pay({"n":1})]'],
  );
});

test('a promptfoo file has a test for each row, passed where every judged fact is as it should be', () => {
  const played = playedWith('x');
  const file = JSON.parse(
    writePromptfoo(summarisePlayed(played, []), played.rows, '2026-01-01T00:00:00.000Z', 'run-1'),
  );
  assert.deepEqual(
    file.results.results.map(({ success }: { success: boolean }) => success),
    [false, true, true, false],
  );
  assert.deepEqual([file.results.stats.successes, file.results.stats.failures], [2, 2]);
});

test('the same log as .eval keeps the same, and a text set apart is put back', () => {
  const played = playedWith('x');
  const outcome = summarisePlayed(played, []);
  const at = '2026-01-01T00:00:00.000Z';
  const whole = readInspect(Buffer.from(writeInspect(outcome, played.rows, at, 'run-1')), 'x.json');
  assert.deepEqual(readInspect(writeInspectZip(outcome, played.rows, at, 'run-1'), 'x.eval'), whole);
  const name = 'a'.repeat(32);
  const sample = {
    id: 's',
    epoch: 1,
    messages: [{ role: 'user', content: `attachment://${name}` }],
    attachments: { [name]: 'a long text' },
  };
  const header = { version: 2, status: 'success', eval: { task: 't', model: 'm' } };
  const put = (name: string, value: unknown) => ({ name, data: Buffer.from(JSON.stringify(value)) });
  const zip = writeZip([put('header.json', header), put('samples/s_epoch_1.json', sample)]);
  assert.equal(readInspect(zip, 'x.eval').rows[0]?.transcript[0]?.text, 'a long text');
  assert.throws(() => readInspect(writeZip([put('other.json', {})]), 'x.eval'), /^InputError: x\.eval: a zip without/);
  assert.throws(
    () => readInspect(writeZip([put('header.json', header), put('samples/s_epoch_1.json', { id: 1 })]), 'x.eval'),
    /^InputError: x\.eval: samples\/s_epoch_1\.json: epoch/,
  );
});
