// Compares our BFCL checker with the official Python package on perturbed answers, and prints where they differ.
//   node scripts/run.mjs scripts/bfcl-agreement.ts --data DIR [--count 20000] [--seed 1] [--python PYTHON] [--underscores] [--texts]
// With --texts the answers are plain text, as in prompt mode, and what both decoders read in them is compared too.
// Without --python the package is installed with pip into .cache/bfcl. Exit code 1 if a verdict differs.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type CompareOptions, compareCheckers, compareTexts, type Difference } from './bfcl/compare.ts';
import { ensurePython } from './bfcl/python.ts';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    count: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    python: { type: 'string' },
    show: { type: 'string', default: '5' },
    underscores: { type: 'boolean', default: false },
    texts: { type: 'boolean', default: false },
  },
});
if (values.data === undefined) {
  console.error('usage: bfcl-agreement --data DIR [--count N] [--seed N] [--python PYTHON] [--underscores] [--show N]');
  process.exit(2);
}
const cache = join(import.meta.dirname, '..', '.cache', 'bfcl');
const python = values.python ?? (await ensurePython(join(cache, 'python')));
const options: CompareOptions = {
  data: values.data,
  python,
  folder: join(cache, 'agreement'),
  count: Number(values.count),
  seed: Number(values.seed),
  naming: values.underscores ? 'underscores' : 'dots',
};

function show(title: string, differences: readonly Difference[]): void {
  console.log(`${title}: ${differences.length}`);
  for (const { answer, official, ours } of differences.slice(0, Number(values.show))) {
    console.log(`  answer   ${answer}\n  official ${official}\n  ours     ${ours}`);
  }
}

const result = values.texts ? await compareTexts(options) : await compareCheckers(options);
console.log(`answers: ${result.n}, valid to the official checker: ${result.valid}`);
show('verdicts that differ', result.verdicts);
if ('words' in result) show('same verdict, other words', result.words);
else show('read into other calls', result.decoded);
console.log(`checking: official ${result.officialSeconds.toFixed(3)} s, ours ${result.seconds.toFixed(3)} s`);
process.exitCode = result.verdicts.length === 0 ? 0 : 1;
