import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type IFileSystem, InMemoryFs } from 'just-bash';
import { Disk } from './disk.ts';
import { makeBase } from './nodes.ts';
import { normalizePath } from './path.ts';

const LIMIT = 40;

const empty = () => makeBase(new Map([['/', { kind: 'directory', mode: 0o755, mtime: null }]]));
const openDisk = () => new Disk(empty(), LIMIT);

type Step = { readonly name: string; readonly run: (fs: IFileSystem) => Promise<unknown> };

const path = fc.constantFrom(
  '/a',
  '/b',
  '/a/b',
  '/a/c',
  '/b/c/d',
  '/l',
  '/l/x',
  'a/',
  '/a/../b',
  '//a/./c',
  '/',
  '/n\0',
);
const text = fc.constantFrom('', 'x', 'hello', 'ä€', '0123456789012345678901234567890');
const flag = fc.boolean();

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(path, text).map(([p, t]) => ({ name: `write ${p} ${t}`, run: (fs: IFileSystem) => fs.writeFile(p, t) })),
  fc.tuple(path, text).map(([p, t]) => ({ name: `append ${p} ${t}`, run: (fs: IFileSystem) => fs.appendFile(p, t) })),
  fc
    .tuple(path, flag)
    .map(([p, recursive]) => ({ name: `mkdir ${p}`, run: (fs: IFileSystem) => fs.mkdir(p, { recursive }) })),
  fc.tuple(path, flag, flag).map(([p, recursive, force]) => ({
    name: `rm ${p} ${recursive}`,
    run: (fs: IFileSystem) => fs.rm(p, { recursive, force }),
  })),
  fc
    .tuple(path, path, flag)
    .map(([p, q, recursive]) => ({ name: `cp ${p} ${q}`, run: (fs: IFileSystem) => fs.cp(p, q, { recursive }) })),
  fc.tuple(path, path).map(([p, q]) => ({ name: `mv ${p} ${q}`, run: (fs: IFileSystem) => fs.mv(p, q) })),
  fc.tuple(path, path).map(([p, q]) => ({ name: `link ${p} ${q}`, run: (fs: IFileSystem) => fs.link(p, q) })),
  fc.tuple(path, path).map(([p, q]) => ({ name: `symlink ${p} ${q}`, run: (fs: IFileSystem) => fs.symlink(p, q) })),
  path.map((p) => ({ name: `chmod ${p}`, run: (fs: IFileSystem) => fs.chmod(p, 0o700) })),
  path.map((p) => ({ name: `utimes ${p}`, run: (fs: IFileSystem) => fs.utimes(p, new Date(5), new Date(5)) })),
);

/** What came of it: a value, or the text of the error. */
async function outcome(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return { value: await work() };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** All that can be seen of a file system, times aside. */
async function look(fs: IFileSystem): Promise<unknown> {
  const seen: unknown[] = [];
  for (const at of fs.getAllPaths()) {
    const tell = async (verb: 'stat' | 'lstat') => {
      const { mtime: _, identity: __, ...rest } = await fs[verb](at);
      return rest;
    };
    seen.push([
      at,
      await outcome(() => tell('stat')),
      await outcome(() => tell('lstat')),
      await outcome(() => fs.readFile(at)),
      await outcome(async () => [...(await fs.readFileBuffer(at))]),
      await outcome(() => fs.readFile(at, 'base64')),
      await outcome(() => fs.readdir(at)),
      await outcome(async () => fs.readdirWithFileTypes?.(at)),
      await outcome(() => fs.readlink(at)),
      await outcome(() => fs.realpath(at)),
      await fs.exists(at),
    ]);
  }
  return seen;
}

/**
 * Where just-bash counts bytes of a file that a copied link replaced for ever, the disk does not; and a root that is a link
 * is told differently.
 */
function isComparable(steps: readonly Step[]): boolean {
  const links = steps.some(({ name }) => name.startsWith('symlink'));
  return !links || !steps.some(({ name }) => name.startsWith('cp') || name.endsWith(' /'));
}

describe('a disk', () => {
  it('does what the file system of just-bash does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }).filter(isComparable), async (steps) => {
        const [mine, theirs] = [openDisk(), new InMemoryFs(undefined, { maxTotalBytes: LIMIT })];
        for (const { name, run } of steps)
          assert.deepEqual(await outcome(() => run(mine)), await outcome(() => run(theirs)), name);
        assert.deepEqual(await look(mine), await look(theirs));
      }),
      { numRuns: 500 },
    );
  });

  it('is not the same as one on which something else was done', async () => {
    const [one, two] = [openDisk(), openDisk()];
    await one.writeFile('/a', 'x');
    await two.writeFile('/a', 'y');
    assert.notDeepEqual(await look(one), await look(two));
  });

  it('changes nothing of what it shares with others', async () => {
    const bytes = new TextEncoder().encode('shared');
    const base = makeBase(new Map([...empty().nodes, ['/f', { kind: 'file', bytes, mode: 0o644, mtime: null }]]));
    const [one, two] = [new Disk(base, 100), new Disk(base, 100)];
    (await one.readFileBuffer('/f')).fill(0);
    await one.chmod('/f', 0o600);
    await one.appendFile('/f', '!');
    await one.utimes('/f', new Date(1), new Date(1));
    await one.mv('/f', '/g');
    assert.equal(await one.readFile('/g'), 'shared!');
    assert.equal(await two.readFile('/f'), 'shared');
    assert.equal((await two.stat('/f')).mode, 0o644);
    assert.equal(await two.exists('/g'), false);
  });

  it('tells what was touched, once', async () => {
    const disk = openDisk();
    await disk.writeFile('/d/f', 'x');
    await disk.readFile('/d/f');
    assert.deepEqual([...disk.takeTouched()], ['/d', '/d/f']);
    assert.deepEqual([...disk.takeTouched()], []);
    await disk.mv('/d/f', '/g');
    assert.deepEqual([...disk.takeTouched()].sort(), ['/d/f', '/g']);
    await disk.symlink('/g', '/l');
    disk.takeTouched();
    assert.ok([...disk.takeTouched()].includes('/d'), 'a link may show what stands elsewhere');
  });

  it('takes the files of its world whatever their size, and only them', async () => {
    const disk = openDisk();
    disk.place('/big', 'x'.repeat(LIMIT * 2));
    assert.equal((await disk.stat('/big')).size, LIMIT * 2);
    await assert.rejects(disk.writeFile('/more', 'x'), /ENOSPC/);
    disk.place('/big/inside', 'x');
    assert.equal(await disk.exists('/big/inside'), false, 'a file is no folder');
    disk.erase('/big');
    await disk.writeFile('/more', 'x');
  });
});

describe('a path', () => {
  it('is plain after it was made plain, and means the same', () => {
    const part = fc.constantFrom('a', '.', '..', '', '...', '.b', 'c.', '..d');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const names: string[] = [];
        for (const name of parts) {
          if (name === '..') names.pop();
          else if (name !== '' && name !== '.') names.push(name);
        }
        assert.equal(normalizePath(parts.join('/')), `/${names.join('/')}`);
        assert.equal(normalizePath(normalizePath(parts.join('/'))), `/${names.join('/')}`);
      }),
    );
  });
});
