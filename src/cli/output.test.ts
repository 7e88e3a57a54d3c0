import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTable, openIo } from './output.ts';
import { collectText, escapeText, type Sink } from './sink.ts';

function open(json: boolean, stdout: Sink = collectText(), stderr: Sink = collectText()) {
  let closed = 0;
  const signal = new AbortController().signal;
  const io = openIo({ stdout, stderr, json, signal, now: () => 0, onClosed: () => closed++ });
  return { io, closed: () => closed };
}

/** A standard output whose writes fail with `code`, the way a stream tells: later, by an event. */
function failingSink(code: string): Sink {
  let listener: (error: NodeJS.ErrnoException) => void = () => {};
  return {
    write(_text, done) {
      listener(Object.assign(new Error(`write ${code}`), { code }));
      done?.();
    },
    on: (_event, given) => {
      listener = given;
    },
  };
}

test('with --json standard output holds exactly one document, logs go to standard error', async () => {
  const [stdout, stderr] = [collectText(), collectText()];
  const { io } = open(true, stdout, stderr);
  io.log('working');
  io.result({ success: null, rows: [1] }, 'ignored');
  await io.end();
  assert.deepEqual(JSON.parse(stdout.text()), { success: null, rows: [1] });
  assert.equal(stderr.text(), 'working\n');
});

test('without --json standard output holds the text', async () => {
  const stdout = collectText();
  open(false, stdout).io.result({ hidden: true }, 'all good');
  assert.equal(stdout.text(), 'all good\n');
});

test('a second result throws', () => {
  const { io } = open(true);
  io.result(1, '');
  assert.throws(() => io.result(2, ''), /one result/);
});

test('items are JSON Lines', () => {
  const stdout = collectText();
  const { io } = open(true, stdout);
  io.item({ a: 'x\ny' }, '');
  io.item({ a: 2 }, '');
  assert.equal(stdout.text(), '{"a":"x\\ny"}\n{"a":2}\n');
});

test('a reader that went away stops the work and is no failure', async () => {
  const { io, closed } = open(true, failingSink('EPIPE'));
  io.item(1, '');
  io.item(2, '');
  await io.end();
  assert.equal(closed(), 1);
});

test('a full disk under standard output is told', async () => {
  const { io } = open(true, failingSink('ENOSPC'));
  io.result(1, '');
  await assert.rejects(io.end(), /^InputError: standard output: write ENOSPC$/);
});

test('printed text cannot steer a terminal', () => {
  assert.equal(escapeText('a\u001b[2Jb\u202ec\rd\u009b'), 'a\\u001b[2Jb\\u202ec\\u000dd\\u009b');
  assert.equal(escapeText('tab\tline\nZoë 日本 🙂'), 'tab\tline\nZoë 日本 🙂');
  const stdout = collectText();
  open(false, stdout).io.result(null, '\u001b]0;owned\u0007');
  assert.equal(stdout.text(), '\\u001b]0;owned\\u0007\n');
});

test('a table has its numbers to the right and a dash for what was not judged', () => {
  const text = formatTable(
    ['policy', 'success'],
    [
      ['idle', 0.5],
      ['a longer name', null],
      ['two\nlines', 12],
    ],
  );
  assert.equal(
    text,
    [
      'policy         success',
      '-------------  -------',
      'idle               0.5',
      'a longer name        -',
      'two lines           12',
    ].join('\n'),
  );
});
