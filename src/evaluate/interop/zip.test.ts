// Zip archives: what is written is read back, damage is told, and nothing unpacks to more than it says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { isZip, readZip, writeZip } from './zip.ts';

const all = (bytes: Uint8Array) => readZip(bytes, 'x.eval', () => true);

test('members are read back as they were written', () => {
  const member = fc.record({ name: fc.string({ minLength: 1 }), data: fc.uint8Array({ maxLength: 2000 }) });
  const members = fc.uniqueArray(member, { selector: ({ name }) => name.toWellFormed(), maxLength: 8 });
  fc.assert(
    fc.property(members, (given) => {
      const wellFormed = given.map(({ name, data }) => ({ name: name.toWellFormed(), data }));
      const bytes = writeZip(wellFormed);
      assert.ok(wellFormed.length === 0 || isZip(bytes));
      const read = all(bytes);
      assert.deepEqual(
        [...read.keys()],
        wellFormed.map(({ name }) => name),
      );
      for (const { name, data } of wellFormed) assert.deepEqual(new Uint8Array(read.get(name)!), data);
    }),
    { numRuns: 60 },
  );
});

test('only what is wanted is unpacked, and of two members with one name the last counts', () => {
  const bytes = writeZip([
    { name: 'a', data: Buffer.from('one') },
    { name: 'b', data: Buffer.from('two') },
    { name: 'a', data: Buffer.from('three') },
  ]);
  const read = readZip(bytes, 'x', (name) => name === 'a');
  assert.deepEqual(
    [...read].map(([name, data]) => [name, data.toString()]),
    [['a', 'three']],
  );
});

test('zstd is read', () => {
  const packed = zstdCompressSync(Buffer.from('hello'));
  const bytes = writeZip([{ name: 'a', data: Buffer.from('hello') }]);
  // The same archive with the member packed otherwise.
  const head = Buffer.from(bytes.subarray(0, 31));
  head.writeUInt16LE(93, 8);
  head.writeUInt32LE(packed.length, 18);
  const at = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 1, 2]));
  const central = Buffer.from(bytes.subarray(at, at + 47));
  central.writeUInt16LE(93, 10);
  central.writeUInt32LE(packed.length, 20);
  const end = Buffer.from(bytes.subarray(-22));
  end.writeUInt32LE(31 + packed.length, 16);
  assert.equal(
    all(Buffer.concat([head, packed, central, end]))
      .get('a')
      ?.toString(),
    'hello',
  );
});

test('a damaged archive is told in one line, whatever is damaged', () => {
  const bytes = writeZip([{ name: 'a', data: Buffer.from('hello '.repeat(50)) }]);
  for (let at = 0; at < bytes.length; at++) {
    const broken = Buffer.from(bytes);
    broken[at] = broken[at]! ^ 0x5a;
    try {
      all(broken);
    } catch (error) {
      assert.match(String(error), /^InputError: x\.eval: a damaged zip archive/);
    }
  }
  for (const cut of [0, 10, bytes.length - 30, bytes.length - 1])
    assert.throws(() => all(bytes.subarray(0, cut)), /^InputError: x\.eval/);
});
