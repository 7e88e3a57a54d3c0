// What goes wrong in a study's episodes: how many by kind, and which scenarios fail with how many seeds.
// `node scripts/run.mjs scripts/study-failures.ts runs/study-default [--player joint] [--place heldout] [--show N]`
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { decodeEpisodes, describeProblem } from '../src/episode/codec.ts';
import type { Episode } from '../src/episode/episode.ts';
import { PLACES } from '../src/train/study/config.ts';
import { listJobs, nameJob, PLAYERS } from '../src/train/study/jobs.ts';
import { readStudy } from '../src/train/study/run.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    player: { type: 'string', default: 'joint' },
    place: { type: 'string', default: 'heldout' },
    show: { type: 'string', default: '10' },
  },
});
const [root] = positionals;
const show = Number(values.show);
const known = (list: readonly string[], name: string): boolean => list.includes(name);
if (root === undefined || !known(PLAYERS, values.player) || !known(PLACES, values.place) || !(show >= 0)) {
  const [players, places] = [PLAYERS, PLACES].map((list) => list.join('|'));
  process.stderr.write(`study-failures: expected DIR, --player ${players}, --place ${places}, --show N\n`);
  process.exit(2);
}

/** What went wrong first of all: harm, then a question too many, then a refusal, then a task not done. */
function kindOf({ verdict }: Episode): string {
  if (verdict === null || verdict.success === null) return 'not judged';
  if (verdict.harm === true) return 'harm';
  if (verdict.goal !== false) return verdict.needless > 0 ? 'asked without need' : 'other';
  return verdict.refused ? 'refused' : 'something else done than was asked';
}

async function readPlayed(file: string): Promise<readonly Episode[]> {
  const { episodes, problems } = decodeEpisodes(await readFile(file, 'utf8'), file);
  if (problems[0]) throw new Error(describeProblem(problems[0]));
  return episodes;
}

const kinds = new Map<string, number>();
const scenarios = new Map<string, number>();
let all = 0;
try {
  for (const job of listJobs(await readStudy(root))) {
    if (job.kind !== 'play' || job.player !== values.player) continue;
    for (const episode of await readPlayed(join(root, nameJob(job), 'episodes', `${values.place}.jsonl`))) {
      all++;
      if (episode.verdict?.success === true) continue;
      const name = `${episode.scenario} (${episode.family}, ${episode.prompt}/${episode.response})`;
      kinds.set(kindOf(episode), (kinds.get(kindOf(episode)) ?? 0) + 1);
      scenarios.set(name, (scenarios.get(name) ?? 0) + 1);
    }
  }
} catch (error) {
  process.stderr.write(`study-failures: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(2);
}
const sorted = (counts: ReadonlyMap<string, number>) =>
  [...counts]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .map(([name, n]) => `${String(n).padStart(5)}  ${name}`);
const failed = [...kinds.values()].reduce((a, b) => a + b, 0);
const lines = [
  `${values.player}, ${values.place}: ${failed} of ${all} episodes went wrong`,
  ...sorted(kinds),
  'scenarios, by seeds that fail in them:',
  ...sorted(scenarios).slice(0, show),
];
process.stdout.write(`${lines.join('\n')}\n`);
