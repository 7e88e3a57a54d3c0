// That docs/services.md shows a service as it is: the file in examples/, under sixty lines, run as a user would run it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const pathOf = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const read = (name: string) => readFileSync(pathOf(name), 'utf8');

/** The fenced blocks of a document. */
const readBlocks = (text: string) =>
  [...text.matchAll(/```(\w*)\n([\s\S]*?)```/g)].map(([, kind, body]) => ({ kind, body }));

test('docs/services.md shows the examples as they are, the service in under sixty lines', () => {
  const example = read('examples/library.ts');
  const [shown, look] = readBlocks(read('docs/services.md'));
  assert.deepEqual(shown, { kind: 'ts', body: example });
  assert.deepEqual(look, { kind: 'ts', body: read('examples/borrow.ts') });
  assert.ok(example.split('\n').length < 60);
});

test('the example prints what the document says', () => {
  const [, , printed] = readBlocks(read('docs/services.md'));
  const output = execFileSync(process.execPath, ['--conditions=tribune-source', pathOf('examples/borrow.ts')], {
    encoding: 'utf8',
  });
  assert.equal(output, printed?.body);
});
