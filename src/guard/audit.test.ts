import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { type Audit, hashEntry, openAudit, readEntry } from './audit.ts';
import { verifyLog } from './verify.ts';

const folder = mkdtempSync(join(tmpdir(), 'tribune-audit-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

function open(key?: Uint8Array): { file: string; audit: Audit } {
  const file = join(folder, `${files++}.jsonl`);
  return { file, audit: openAudit({ file, now: () => 0, ...(key === undefined ? {} : { key }) }) };
}

const linesOf = (file: string): string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1);

function write(count: number, key?: Uint8Array): string {
  const { file, audit } = open(key);
  for (let i = 0; i < count; i++) audit.record({ event: 'judged', call: { name: 'pay', arguments: { amount: i } } });
  return file;
}

test('a log as written holds', async () => {
  const file = write(5);
  const check = await verifyLog(linesOf(file));
  assert.deepEqual([check.entries, check.fault, check.torn], [5, null, []]);
  assert.equal(check.head, readEntry(linesOf(file)[4]!)?.hash);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('a second process goes on with the chain of the first', async () => {
  const { file, audit } = open();
  const second = openAudit({ file, now: () => 1 });
  for (let i = 0; i < 6; i++) (i % 2 === 0 ? audit : second).record({ event: 'judged', i });
  assert.deepEqual((await verifyLog(linesOf(file))).fault, null);
});

test('a line changed, dropped, moved, doubled or put in shows, with its number', async () => {
  const lines = linesOf(write(6));
  const forged = { ...JSON.parse(lines[2]!), data: { call: { name: 'pay', arguments: { amount: 99 } } } };
  const { hash: _, ...rest } = forged;
  const cases: [string, string[], number][] = [
    ['changed', lines.with(2, JSON.stringify(forged)), 3],
    ['changed, its own hash mended', lines.with(2, JSON.stringify({ ...rest, hash: hashEntry(rest) })), 4],
    ['dropped', lines.toSpliced(2, 1), 3],
    ['first dropped', lines.slice(1), 1],
    ['moved', lines.toSpliced(1, 2, lines[2]!, lines[1]!), 2],
    ['doubled', lines.toSpliced(2, 0, lines[2]!), 4],
    ['put in', lines.toSpliced(2, 0, '{"event":"allowed"}'), 3],
    ['an empty line', lines.toSpliced(2, 0, ''), 3],
    ['a field added', lines.with(2, lines[2]!.replace('{', '{"note":1,')), 3],
    ['cut off', [...lines.slice(0, 5), lines[5]!.slice(0, 40)], 6],
  ];
  for (const [what, changed, line] of cases) assert.equal((await verifyLog(changed)).fault?.line, line, what);
});

test('every change of one character of a log shows', async () => {
  const text = linesOf(write(3)).join('\n');
  await fc.assert(
    fc.asyncProperty(fc.nat(text.length - 1), fc.constantFrom('0', 'a', '"', '{', ' ', '9', '\n'), async (at, c) => {
      fc.pre(text[at] !== c);
      const changed = `${text.slice(0, at)}${c}${text.slice(at + 1)}`;
      // Blanks between the parts of a JSON text say nothing: the entry is then the same one.
      const same =
        changed
          .split('\n')
          .map((line) => JSON.stringify(readEntry(line)))
          .join('\n') === text;
      assert.equal((await verifyLog(changed.split('\n'))).fault === null, same);
    }),
  );
});

test('with a key a whole chain made anew shows; without one it does not', async () => {
  const forge = (lines: string[]): string[] => {
    let previous = '0'.repeat(64);
    return lines.map((line) => {
      const { hash: _, ...rest } = { ...JSON.parse(line), previous, data: null };
      previous = hashEntry(rest);
      return JSON.stringify({ ...rest, hash: previous });
    });
  };
  const key = new TextEncoder().encode('a secret of the operator');
  assert.equal((await verifyLog(forge(linesOf(write(3))))).fault, null);
  const lines = linesOf(write(3, key));
  assert.equal((await verifyLog(lines, { key })).fault, null);
  assert.equal((await verifyLog(forge(lines), { key })).fault?.line, 1);
  assert.equal((await verifyLog(lines)).fault?.line, 1);
});

test('a head noted earlier shows that the end was cut off', async () => {
  const lines = linesOf(write(4));
  const { head } = await verifyLog(lines);
  assert.equal((await verifyLog(lines, { head })).found, true);
  const cut = await verifyLog(lines.slice(0, 3), { head });
  assert.deepEqual([cut.fault, cut.found], [null, false]);
});

test('what a crash left of a line is told by the next line, and nothing else may look like it', async () => {
  for (const whole of [0, 3]) {
    const file = write(whole);
    appendFileSync(file, '{"version":1,"seq":');
    openAudit({ file, now: () => 0 }).record({ event: 'judged' });
    const check = await verifyLog(linesOf(file));
    assert.deepEqual([check.fault, check.torn, check.entries], [null, [whole + 1], whole + 2]);
    const lines = linesOf(file);
    assert.notEqual((await verifyLog(lines.toSpliced(whole, 1))).fault, null, 'the torn line taken out');
  }
});

test('a log whose end is no entry is not written on', () => {
  const { file, audit } = open();
  writeFileSync(file, 'something else\n');
  assert.throws(() => audit.record({ event: 'judged' }), /no entry/);
  assert.equal(readFileSync(file, 'utf8'), 'something else\n');
});

test('an event too large for a line is cut, and the log goes on', async () => {
  const { file, audit } = open();
  const big = Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`a${i}`, '\u0001'.repeat(4000)]));
  for (let i = 0; i < 3; i++) {
    audit.record({ event: 'judged', call: { name: 'pay', arguments: big } });
    openAudit({ file, now: () => 0 }).record({ event: 'judged' });
  }
  const check = await verifyLog(linesOf(file));
  assert.deepEqual([check.fault, check.entries], [null, 6]);
});

test('a full disk throws', { skip: existsSync('/dev/full') ? false : 'no /dev/full' }, () => {
  const file = '/dev/full';
  const audit = openAudit({ file: join(folder, 'nowhere', 'x.jsonl'), now: () => 0 });
  assert.throws(() => audit.record({ event: 'judged' }), /ENOENT/);
  assert.throws(() => openAudit({ file, now: () => 0 }).record({ event: 'judged' }));
  assert.equal(existsSync(`${file}.lock`), false);
});

test('a clock that makes no sense throws, and writes nothing', () => {
  const file = join(folder, 'clock.jsonl');
  for (const time of [Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => openAudit({ file, now: () => time }).record({ event: 'judged' }), RangeError);
  }
  assert.equal(readFileSync(file, 'utf8'), '');
});

test('four processes that write at once leave one whole chain and no lock', async () => {
  const file = join(folder, 'many.jsonl');
  const script = `const { openAudit } = await import(${JSON.stringify(new URL('./audit.ts', import.meta.url).href)});
    const audit = openAudit({ file: ${JSON.stringify(file)}, now: () => 0 });
    for (let i = 0; i < 25; i++) audit.record({ event: 'judged', i });`;
  const options = ['--input-type=module', '--no-warnings', '-e', script];
  const children = Array.from({ length: 4 }, () => spawn(process.execPath, options, { stdio: 'inherit' }));
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]));
  assert.deepEqual(codes, [0, 0, 0, 0]);
  const check = await verifyLog(linesOf(file));
  assert.deepEqual([check.entries, check.fault], [100, null]);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes('.lock')),
    [],
  );
});

test('the lock of a process that died is taken over', () => {
  const { file, audit } = open();
  writeFileSync(`${file}.lock`, '999999999');
  audit.record({ event: 'judged' });
  assert.equal(linesOf(file).length, 1);
});

test('verifying never throws on any text', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(fc.string(), fc.json())), async (lines) => {
      const { fault } = await verifyLog(lines);
      assert.equal(fault === null, lines.length === 0);
    }),
  );
});
