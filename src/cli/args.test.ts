import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InputError } from '../episode/input.ts';
import { type FlagSpec, parseUsage, readArgs } from './args.ts';

const SPEC = {
  out: { kind: 'string', summary: 'where to', value: 'DIR', required: true },
  steps: { kind: 'integer', summary: 'how many', min: 1, max: 100, fallback: 10 },
  kl: { kind: 'number', summary: 'weight', min: -1 },
  split: { kind: 'choice', summary: 'which', choices: ['train', 'heldout'], fallback: 'train' },
  only: { kind: 'list', summary: 'families' },
  fast: { kind: 'boolean', summary: 'quickly' },
} as const satisfies FlagSpec;

function read(line: string, usage = 'SUITE [FILE]') {
  return readArgs(line.split(' '), SPEC, usage, 'tribune try');
}

function complaint(line: string, usage?: string): string {
  try {
    read(line, usage);
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    assert.doesNotMatch(error.message, /\n/);
    return error.message;
  }
  return 'no complaint';
}

test('flags become typed values, the rest become positionals', () => {
  const { flags, positionals } = read(
    'banking --out runs/a --steps=7 --kl -0.5 --split heldout --only a --only b --fast f',
  );
  const steps: number = flags.steps;
  const split: 'train' | 'heldout' = flags.split;
  const kl: number | undefined = flags.kl;
  assert.deepEqual(
    [flags.out, steps, kl, split, flags.only, flags.fast],
    ['runs/a', 7, -0.5, 'heldout', ['a', 'b'], true],
  );
  assert.deepEqual(positionals, ['banking', 'f']);
});

test('what is not given has its fallback, false, an empty list or undefined', () => {
  const { flags } = read('banking --out x');
  assert.deepEqual(flags, { out: 'x', steps: 10, split: 'train', only: [], fast: false });
  assert.equal(flags.kl, undefined);
});

test('an unknown flag is named together with the nearest known one', () => {
  assert.equal(complaint('banking --out x --spilt train'), 'tribune try: unknown flag --spilt, did you mean --split?');
  assert.equal(complaint('banking --out x --wholly'), 'tribune try: unknown flag --wholly, see --help for the flags');
  assert.match(complaint('banking --out x -s'), /unknown flag -s/);
});

test('names every object has are no flags', () => {
  assert.match(complaint('banking --out x --constructor'), /unknown flag --constructor/);
  assert.match(complaint('banking --out x --__proto__ 1'), /unknown flag --__proto__/);
});

test('a value out of range, of the wrong kind or missing is named with what was expected', () => {
  const wrong = (flag: string): string => complaint(`banking --out x ${flag}`);
  assert.match(wrong('--steps 0'), /--steps needs an integer from 1 to 100, found "0"/);
  assert.match(wrong('--steps 1.5'), /an integer from 1 to 100, found "1.5"/);
  assert.match(wrong('--steps 0x10'), /found "0x10"/);
  assert.match(wrong('--steps='), /found ""/);
  assert.match(wrong('--kl -2'), /a number, at least -1, found "-2"/);
  assert.match(wrong('--kl Infinity'), /found "Infinity"/);
  assert.match(wrong('--split test'), /one of train, heldout, found "test"/);
  assert.match(wrong('--steps'), /--steps needs an integer from 1 to 100, found none/);
  assert.match(wrong('--steps --fast'), /found none/);
  assert.match(wrong('--fast=yes'), /--fast takes no value, found "yes"/);
  assert.match(wrong('--steps 1 --steps 2'), /--steps is given twice/);
  assert.match(complaint('banking'), /--out is missing/);
});

test('values at the bounds are taken', () => {
  assert.equal(read('banking --out x --steps 1').flags.steps, 1);
  assert.equal(read('banking --out x --steps 100').flags.steps, 100);
  assert.equal(read('banking --out x --kl -1').flags.kl, -1);
});

test('missing and extra positionals are named', () => {
  assert.equal(complaint('--out x'), 'tribune try: SUITE is missing, expected tribune try SUITE [FILE]');
  assert.match(complaint('a b c --out x'), /too many words, found "c", expected SUITE \[FILE\]/);
  assert.match(complaint('a --out x', ''), /too many words, found "a", expected none/);
  assert.deepEqual(read('a b c --out x', 'FILE...').positionals, ['a', 'b', 'c']);
});

test('after -- a word that looks like a flag is a positional', () => {
  assert.deepEqual(read('--out x -- --fast').positionals, ['--fast']);
});

test('a usage says which words are needed and which repeat', () => {
  assert.deepEqual(parseUsage('SUITE [FILE...]'), [
    { name: 'SUITE', optional: false, many: false },
    { name: 'FILE', optional: true, many: true },
  ]);
});

test('any words are either read or refused in one line', () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom('--out', '--steps', '--', '-', '--steps=3', '--fast', '--no-fast', '-x'),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), (words) => {
      try {
        readArgs(words, SPEC, '[WORD...]', 'tribune try');
      } catch (error) {
        assert.ok(error instanceof InputError, String(error));
        assert.doesNotMatch(error.message, /[\r\n]/);
      }
    }),
  );
});

test('every integer in range is read back as it was written', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), (n) => {
      assert.equal(read(`banking --out x --steps ${n}`).flags.steps, n);
    }),
  );
});
