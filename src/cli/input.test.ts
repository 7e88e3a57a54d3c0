import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { InputError } from '../episode/input.ts';
import { readJson, readJsonLines, readLines, readText, readYaml, writeAtomic } from './input.ts';

const schema = z.strictObject({ name: z.string(), steps: z.array(z.int()) });
let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tribune-'));
});
after(() => rm(folder, { recursive: true }));

async function put(name: string, data: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, data);
  return path;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The message of the InputError a promise ends in, without the folder. */
async function complaint(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => 'nothing wrong',
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof InputError, String(error));
  assert.doesNotMatch(error.message, /\n/);
  return error.message.replaceAll(`${folder}/`, '');
}

test('a good file is read in each of the three formats', async () => {
  const value = { name: 'a', steps: [1, 2] };
  assert.deepEqual(await readJson(await put('a.json', JSON.stringify(value)), schema), value);
  assert.deepEqual(await readYaml(await put('a.yaml', 'name: a\nsteps:\n  - 1\n  - 2\n'), schema), value);
  const lines = await put('a.jsonl', `\ufeff${JSON.stringify(value)}\r\n\n${JSON.stringify(value)}`);
  assert.deepEqual(await collect(readJsonLines(lines, schema)), [value, value]);
});

test('a wrong field is named with its file and line', async () => {
  assert.match(
    await complaint(readJson(await put('b.json', '{\n "name": "a",\n "steps": [\n1, "x"]}'), schema)),
    /^b\.json:4: steps\.1: /,
  );
  assert.match(
    await complaint(readYaml(await put('b.yaml', 'name: a\nsteps:\n  - 1\n  - x\n'), schema)),
    /^b\.yaml:4: steps\.1: /,
  );
  const lines = await put('b.jsonl', '{"name":"a","steps":[]}\n\n{"name":1,"steps":[]}\n');
  assert.match(await complaint(collect(readJsonLines(lines, schema))), /^b\.jsonl:3: name: /);
});

test('a syntax error is named with its file and line', async () => {
  assert.match(await complaint(readJson(await put('c.json', '{"name": }'), schema)), /^c\.json: not JSON/);
  assert.match(await complaint(readYaml(await put('c.yaml', 'name: a\nsteps: [1\nb: }'), schema)), /^c\.yaml:\d+: /);
  assert.match(
    await complaint(collect(readJsonLines(await put('c.jsonl', '\n{"name"'), schema))),
    /^c\.jsonl:2: not JSON/,
  );
});

test('a file that is missing, a folder or not text is named', async () => {
  assert.equal(await complaint(readText(join(folder, 'none'))), 'none: no such file or directory');
  assert.equal(await complaint(readText(folder)), `${folder}: is a directory, expected a file`);
  const bytes = await put('bad', new Uint8Array([0x61, 0x0a, 0xff]));
  assert.equal(await complaint(readText(bytes)), 'bad: not UTF-8 text');
  assert.match(await complaint(collect(readLines(bytes))), /^bad:\d+: not UTF-8 text/);
  const cut = await put('cut', new Uint8Array([0x61, 0xe2, 0x82]));
  assert.equal(await complaint(readText(cut)), 'cut: not UTF-8 text');
});

test('a YAML that unfolds without end is refused', async () => {
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
  for (const c of 'bcdefgh') {
    const before = String.fromCharCode(c.charCodeAt(0) - 1);
    bomb.push(`${c}: &${c} [${Array(9).fill(`*${before}`).join(',')}]`);
  }
  const path = await put('bomb.yaml', bomb.join('\n'));
  assert.match(await complaint(readYaml(path, z.unknown())), /^bomb\.yaml: not usable YAML/);
});

test('lines read one by one are the lines of the text, whatever they hold', async () => {
  const text = fc.array(
    fc.string({ unit: 'binary' }).map((s) => s.replaceAll(/[\n\ufeff]/g, '')),
    { maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(text, async (lines) => {
      const path = await put('lines', lines.join('\n'));
      const read = await collect(readLines(path));
      const kept = lines.map((line, i) => ({ text: line, number: i + 1 })).filter((line) => line.text.trim() !== '');
      assert.deepEqual(read, kept);
    }),
    { numRuns: 25 },
  );
});

test('a file is written whole', async () => {
  const path = await put('w', 'old');
  await writeAtomic(path, 'new');
  assert.equal(await readFile(path, 'utf8'), 'new');
});

test('a full disk is told in one line and leaves nothing behind, the old file included', async () => {
  const path = await put('full', 'old');
  const { open, rename } = await import('node:fs/promises');
  const full = async (draft: string, flags: string) => {
    const handle = await open(draft, flags);
    const writeFile = async (): Promise<never> => {
      await handle.write('half');
      throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    };
    return { writeFile, sync: () => handle.sync(), close: () => handle.close() };
  };
  assert.equal(
    await complaint(writeAtomic(path, 'new', { open: full, rename, rm })),
    'full: no space left on the device',
  );
  assert.equal(await readFile(path, 'utf8'), 'old');
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.endsWith('.tmp')),
    [],
  );
});

test('pieces are written as they come; where making them fails, no file is left and the failure is told', async () => {
  const path = join(folder, 'pieces');
  async function* makePieces(fails: boolean): AsyncGenerator<string> {
    yield 'one\n';
    if (fails) throw new InputError('source:2', 'broken');
    yield 'two\n';
  }
  assert.equal(await complaint(writeAtomic(path, makePieces(true))), 'source:2: broken');
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith('pieces')),
    [],
  );
  await writeAtomic(path, makePieces(false));
  assert.equal(await readFile(path, 'utf8'), 'one\ntwo\n');
});

test('writing into a folder that is not there is told', async () => {
  assert.equal(await complaint(writeAtomic(join(folder, 'no', 'x'), '')), 'no/x: no such file or directory');
});
