// Kills training at random moments, resumes it, and compares what is left with an undisturbed run's bytes.
// `node scripts/run.mjs scripts/kill-test.ts [--kills 200] [--seed 1] [--minutes 60]`. Exit 1 if anything differs.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { killRuns } from './kill-test/harness.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '600' },
  },
});
const [kills, seed, minutes] = [values.kills, values.seed, values.minutes].map(Number);
if (![kills, seed, minutes].every(Number.isSafeInteger)) {
  process.stderr.write('kill-test: --kills, --seed and --minutes need whole numbers\n');
  process.exit(2);
}
const root = await mkdtemp(join(tmpdir(), 'tribune-kill-'));
const end = performance.now() + minutes! * 60_000;
try {
  const outcome = await killRuns({
    root,
    kills: kills!,
    seed: seed!,
    onKill: (done, where) => process.stderr.write(`kill ${done} of ${kills}: ${where}\n`),
    isOver: () => performance.now() > end,
  });
  process.stdout.write(`${JSON.stringify(outcome, null, 2)}\n`);
  process.exitCode = outcome.faults.length === 0 && outcome.kills > 0 ? 0 : 1;
} finally {
  await rm(root, { recursive: true, force: true });
}
