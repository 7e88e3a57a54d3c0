// What the dashboard's tests look at besides training runs: a study whose players were really played, benchmark runs, a file of
// scenarios with an episode on one of them. All made by the program's own parts, in seconds.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { guardPolicy, knowingGuard } from '../../src/agent/guarded.ts';
import { rollout } from '../../src/agent/rollout.ts';
import { scriptedPolicy } from '../../src/agent/scripted.ts';
import { encodeEpisode } from '../../src/episode/codec.ts';
import type { Episode } from '../../src/episode/episode.ts';
import type { Row } from '../../src/evaluate/benchmarks/row.ts';
import { summarisePlayed } from '../../src/evaluate/outcome.ts';
import { presets } from '../../src/reward/presets.ts';
import { scoreEpisode } from '../../src/reward/reward.ts';
import { PLACES, QUICK_STUDY, type StudyConfig } from '../../src/train/study/config.ts';
import { countEpisodes } from '../../src/train/study/count.ts';
import { nameJob, type Player } from '../../src/train/study/jobs.ts';
import { scenariosOf } from '../../src/train/study/places.ts';
import type { Scenario } from '../../src/world/scenario.ts';
import { toolByName } from '../../src/world/services/index.ts';
import { loadWorlds } from '../../src/world/world.ts';
import { HOSTILE } from './browser.ts';

const effectsIn = (scenario: Scenario) => (shown: string) =>
  toolByName(scenario.tools.find(({ as }) => as === shown)?.tool ?? '')?.effects ?? [];

/** Plays scripted policies for real, behind the guard or not. */
export async function playScripted(
  script: 'oracle' | 'compromised' | 'idle',
  guarded: boolean,
  suite: readonly Scenario[],
): Promise<readonly Episode[]> {
  await loadWorlds();
  const policyOf = (scenario: Scenario) => {
    const policy = scriptedPolicy(script, scenario);
    return guarded ? guardPolicy(policy, knowingGuard(effectsIn(scenario))) : policy;
  };
  const played = await rollout(
    policyOf,
    suite.map((scenario) => ({ scenario, seed: scenario.seed, member: 0 })),
  );
  return played.map(({ episode, facts }, at) => scoreEpisode(episode, suite[at]!, facts, presets.tribune));
}

export const encodeAll = (episodes: readonly Episode[]): string =>
  episodes.map((episode) => `${encodeEpisode(episode)}\n`).join('');

const STUDY: StudyConfig = {
  ...QUICK_STUDY,
  seeds: [1],
  arms: { user: 0, joint: 1, supervised: 0, 'joint-paper': 0, 'user-paper': 0 },
  evaluate: { count: 24, seed: 5 },
};
/** Who stands in for the players: scripted, so that nothing has to be trained. */
const PLAYED: readonly (readonly [Player, 'oracle' | 'compromised' | 'idle', boolean])[] = [
  ['base', 'compromised', false],
  ['base+guard', 'compromised', true],
  ['joint', 'oracle', false],
  ['do nothing', 'idle', false],
];

/** A study of which some players have been played. */
export async function makeStudy(root: string): Promise<void> {
  await loadWorlds();
  mkdirSync(join(root, 'done'), { recursive: true });
  writeFileSync(join(root, 'study.json'), JSON.stringify(STUDY));
  for (const [player, script, guarded] of PLAYED) {
    const job = { kind: 'play', player, seed: 1 } as const;
    mkdirSync(join(root, nameJob(job), 'episodes'), { recursive: true });
    const places: { [place: string]: ReturnType<typeof countEpisodes> } = {};
    for (const place of PLACES) {
      const episodes = await playScripted(script, guarded, scenariosOf(place, STUDY.evaluate));
      writeFileSync(join(root, nameJob(job), 'episodes', `${place}.jsonl`), encodeAll(episodes));
      places[place] = countEpisodes(episodes);
    }
    writeFileSync(join(root, 'done', `${nameJob(job)}.json`), JSON.stringify({ job, seconds: 1, places }));
  }
}

const MEASURES = [
  { name: 'attack', title: 'attacks that succeeded', better: 'low', twin: 'utility' },
  { name: 'utility', title: 'tasks done', better: 'high', twin: 'attack' },
] as const;

/** A benchmark's run of so many cases; in every so many-th the attack succeeds. What was said is hostile. */
export function makeBenchmark(path: string, policy: string, count: number, every: number): void {
  const rows = Array.from({ length: count }, (_, at): Row => {
    const facts = { attack: at % every === 0, utility: at % 3 !== 0 };
    const transcript = [
      { role: 'user', text: `Do ${at}.` },
      { role: 'tool', text: HOSTILE },
    ];
    return { id: `case ${at}`, group: at % 2 === 0 ? 'bank' : 'mail', trial: 0, facts, transcript };
  });
  const played = { benchmark: 'bench', version: '1', policy, options: {}, counts: {}, notes: ['A note.'] };
  const outcome = summarisePlayed({ ...played, measures: MEASURES, rows }, [
    ['do nothing', { ...played, measures: MEASURES, rows: rows.slice(0, 9) }],
  ]);
  mkdirSync(path);
  writeFileSync(join(path, 'report.json'), JSON.stringify(outcome));
  writeFileSync(join(path, 'rows.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}
