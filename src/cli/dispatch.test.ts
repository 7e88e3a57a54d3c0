import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputError } from '../episode/input.ts';
import { runCli } from './dispatch.ts';
import type { Io } from './output.ts';
import { collectText, type Sink } from './sink.ts';
import { defineVerb, type Verb, type VerbTable } from './verb.ts';

const greet = defineVerb({
  summary: 'Greets somebody.',
  usage: 'NAME',
  flags: { times: { kind: 'integer', summary: 'how often', min: 1, fallback: 1 } },
  async run({ flags, positionals }, io) {
    io.log('greeting');
    io.result({ name: positionals[0], times: flags.times }, `hello ${positionals[0]}`.repeat(flags.times));
    return 0;
  },
});

/** A verb without words or flags. */
function verbThat(run: (io: Io) => Promise<number>): Verb {
  return defineVerb({ summary: 'Does one thing.', usage: '', flags: {}, run: (_args, io) => run(io) });
}

const TABLE: VerbTable = {
  greet: async () => greet,
  'guard replay': async () => verbThat(async () => 0),
  'guard mcp': async () => verbThat(async () => 1),
  broken: async () => Promise.reject(new Error('a library is missing')),
  bug: async () => verbThat(async () => Promise.reject(new TypeError('x is not\na function'))),
  wrong: async () => verbThat(async () => Promise.reject(new InputError('suite.jsonl:3', 'not JSON'))),
  full: async () =>
    verbThat(async () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOSPC', path: 'runs/a' }))),
};

async function runLine(line: string, table: VerbTable = TABLE, signal = new AbortController().signal, out?: Sink) {
  const [stdout, stderr] = [collectText(), collectText()];
  const argv = line.split(' ').filter((word) => word !== '');
  const around = { version: '1.2.3', stdout: out ?? stdout, stderr, signal, now: () => 0 };
  const code = await runCli(argv, table, around);
  return { code, out: stdout.text(), err: stderr.text() };
}

test('a verb runs with its arguments and gives its exit code', async () => {
  assert.deepEqual(await runLine('greet Ada --times 2'), { code: 0, out: 'hello Adahello Ada\n', err: 'greeting\n' });
  assert.equal((await runLine('guard mcp')).code, 1);
});

test('--json leaves one document on standard output', async () => {
  const { out, err } = await runLine('greet Ada --json');
  assert.deepEqual(JSON.parse(out), { name: 'Ada', times: 1 });
  assert.equal(err, 'greeting\n');
});

test('bad usage is one line on standard error and exit code 2', async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['great', /^tribune: unknown verb "great", did you mean greet\?\n$/],
    ['dance', /^tribune: unknown verb "dance", expected one of greet, guard, broken/],
    ['guard', /^tribune guard: a verb is missing, expected one of replay, mcp\n$/],
    ['guard repaly', /^tribune guard: unknown verb "repaly", did you mean replay\?\n$/],
    ['--loud', /^tribune: unknown flag "--loud"/],
    ['constructor', /^tribune: unknown verb "constructor"/],
    ['greet', /^tribune greet: NAME is missing, expected tribune greet NAME\n$/],
    ['greet Ada --tims 3', /^tribune greet: unknown flag --tims, did you mean --times\?\n$/],
    ['guard replay x', /^tribune guard replay: too many words, found "x", expected none\n$/],
  ];
  for (const [line, pattern] of cases) {
    const { code, out, err } = await runLine(line);
    assert.deepEqual([code, out], [2, ''], line);
    assert.match(err, pattern);
    assert.equal(err.split('\n').length, 2, line);
  }
});

test('bad input met while running is its one line and exit code 2', async () => {
  assert.deepEqual(await runLine('wrong'), { code: 2, out: '', err: 'suite.jsonl:3: not JSON\n' });
  assert.deepEqual(await runLine('full'), { code: 2, out: '', err: 'runs/a: no space left on the device\n' });
});

test('an unexpected error is one line and exit code 1, with its stack only under --debug', async () => {
  const plain = await runLine('bug');
  assert.equal(plain.code, 1);
  assert.equal(plain.err, 'tribune: unexpected error: x is not a function (--debug shows where)\n');
  const debug = await runLine('bug --debug');
  assert.equal(debug.code, 1);
  assert.match(debug.err, /at .*dispatch\.test\.ts/);
  assert.match((await runLine('broken')).err, /a library is missing/);
});

test('help names every verb, also one that cannot be loaded, and every flag of a verb', async () => {
  const all = await runLine('--help');
  assert.equal(all.code, 0);
  for (const name of Object.keys(TABLE)) assert.match(all.out, new RegExp(`^  ${name} +\\S`, 'm'));
  const one = await runLine('greet --help');
  assert.equal(one.code, 0);
  assert.match(one.out, /^Usage: tribune greet NAME \[flags\]$/m);
  assert.match(one.out, /--times N +how often \(default 1\)/);
  assert.match(one.out, /--json/);
  assert.deepEqual(await runLine('help greet'), one);
  assert.deepEqual(await runLine('greet -h'), one);
  assert.match((await runLine('guard --help')).out, /guard replay/);
  assert.match((await runLine('help')).out, /Verbs:/);
});

test('without words help goes to standard error and the exit code is 2', async () => {
  const { code, out, err } = await runLine('');
  assert.deepEqual([code, out], [2, '']);
  assert.match(err, /Usage: tribune VERB/);
});

test('--version is the version alone', async () => {
  assert.deepEqual(await runLine('--version'), { code: 0, out: '1.2.3\n', err: '' });
});

test('a verb stopped by Ctrl-C ends in 130, whether it returns or throws', async () => {
  const stop = AbortSignal.abort();
  const polite = verbThat(async () => 0);
  const rude = verbThat(async (io) => io.signal.throwIfAborted() ?? 0);
  const failed = verbThat(async () => 1);
  const full = verbThat(async () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOSPC', path: 'runs/a' })));
  const table: VerbTable = {
    polite: async () => polite,
    rude: async () => rude,
    failed: async () => failed,
    full: async () => full,
  };
  assert.deepEqual(await runLine('polite', table, stop), { code: 130, out: '', err: '' });
  assert.deepEqual(await runLine('rude', table, stop), { code: 130, out: '', err: '' });
  assert.equal((await runLine('failed', table, stop)).code, 1);
  assert.match((await runLine('full', table, stop)).err, /no space left/);
  assert.equal((await runLine('rude', table)).code, 0);
});

test('a stream nobody reads any more stops the verb and is no failure', async () => {
  let listener: (error: NodeJS.ErrnoException) => void = () => {};
  const pipe: Sink = {
    write: (_text, done) => {
      listener(Object.assign(new Error('x'), { code: 'EPIPE' }));
      done?.();
    },
    on: (_event, given) => {
      listener = given;
    },
  };
  const endless = verbThat(async (io) => {
    for (;;) {
      io.signal.throwIfAborted();
      io.item(1, '1');
    }
  });
  assert.equal((await runLine('endless', { endless: async () => endless }, undefined, pipe)).code, 0);
});
