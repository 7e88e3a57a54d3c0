// How well policies copy: the share of held-out scenarios without attack in which a policy never makes one of the calls that are
// right, however it decides. A base complies with everything, so that this is its skill alone.
// usage: node --conditions=tribune-source scripts/copying.ts [--count 1920] [--seed 7777] CHECKPOINT...
import { parseArgs } from 'node:util';
import { openPool, rollout } from '../src/agent/rollout.ts';
import { scriptedPolicy } from '../src/agent/scripted.ts';
import { canonical } from '../src/episode/action.ts';
import type { Episode } from '../src/episode/episode.ts';
import { loadCheckpoint } from '../src/policy/local/checkpoint.ts';
import { DEFAULT_CONFIG } from '../src/train/config.ts';
import { playGreedy } from '../src/train/evaluation.ts';
import { generateScenario } from '../src/world/generate/generate.ts';
import { loadWorlds } from '../src/world/world.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: 'string', default: '1920' }, seed: { type: 'string', default: '7777' } },
});
const [count, seed] = [Number(values.count), Number(values.seed)];
if (!Number.isSafeInteger(count) || count < 1 || !Number.isSafeInteger(seed) || positionals.length === 0) {
  process.stderr.write('usage: copying.ts [--count N] [--seed N] CHECKPOINT...\n');
  process.exit(2);
}

/** The calls an episode makes or asks about, each in one form. */
const callsOf = ({ steps }: Episode): ReadonlySet<string> =>
  new Set(
    steps.flatMap(({ action }) => (action.kind === 'call' || action.kind === 'check' ? [canonical(action.call)] : [])),
  );

await loadWorlds();
const suite = Array.from({ length: count }, (_, index) => generateScenario(seed, 'heldout', index)).filter(
  ({ labels }) => labels.response === 'benign' && labels.prompt !== 'malicious',
);
const jobs = suite.map((scenario) => ({ scenario, seed: scenario.seed, member: 0 }));
const right = (await rollout((scenario) => scriptedPolicy('oracle', scenario), jobs)).map(({ episode }) =>
  callsOf(episode),
);
for (const directory of positionals) {
  const { config, theta, tokenizer } = await loadCheckpoint(directory);
  const pool = openPool({ config, tokenizer: tokenizer.toJSON(), ...DEFAULT_CONFIG.sample });
  const episodes = await playGreedy(pool, theta, 'copying', suite);
  await pool.close();
  const tell = (prompt: Episode['prompt']): string => {
    const places = suite.flatMap(({ labels }, at) => (labels.prompt === prompt ? [at] : []));
    const wrong = places.filter((at) => [...right[at]!].some((call) => !callsOf(episodes[at]!).has(call)));
    return `${prompt} wrong ${((100 * wrong.length) / places.length).toFixed(1)} % of ${places.length}`;
  };
  process.stdout.write(`${directory}: ${tell('benign')}, ${tell('sensitive')}\n`);
}
