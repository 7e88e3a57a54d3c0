// `tribune score`: stored episodes judged and rewarded again, under another preset, without sampling anything.
import { canonical } from '../episode/action.ts';
import { encodeEpisode } from '../episode/codec.ts';
import type { Episode, Verdict } from '../episode/episode.ts';
import { writeAtomic } from './input.ts';
import type { Io } from './output.ts';
import { SERVICE_FLAGS } from './place.ts';
import { type FindScenario, openOwn, openScenarios, REWARDS, readEpisodes } from './suite.ts';
import { defineVerb } from './verb.ts';

type Reward = (typeof REWARDS)[number];

export const verb = defineVerb({
  summary: 'Judge and reward stored episodes again, without sampling.',
  usage: 'EPISODES',
  flags: {
    ...SERVICE_FLAGS,
    scenarios: {
      kind: 'string',
      value: 'FILE',
      summary: 'their scenarios (default: made again from the ids)',
    },
    reward: { kind: 'choice', choices: REWARDS, fallback: 'tribune', summary: 'how episodes are rewarded' },
    out: { kind: 'string', value: 'FILE', required: true, summary: 'the file to write' },
  },
  async run({ flags, positionals }, io) {
    const { scenarios, reward, out } = flags;
    const find = await openScenarios(scenarios, await openOwn(flags.service));
    const tally: Tally = { episodes: 0, unjudged: 0, changed: 0, total: 0 };
    await writeAtomic(out, scoreEpisodes({ file: positionals[0]!, find, reward, tally, io }));
    const { episodes, unjudged, changed, total } = tally;
    const mean = episodes === unjudged ? null : total / (episodes - unjudged);
    const document = { file: out, episodes, unjudged, changed, reward: { preset: reward, mean } };
    const figures = `${changed} verdicts changed, ${unjudged} not judged, mean reward ${mean === null ? '-' : mean.toFixed(3)}`;
    io.result(document, `${episodes} episodes in ${out}: ${figures} (${reward})`);
    return 0;
  },
});

/** What is counted while episodes go by. `changed`: verdicts that came out otherwise than stored. */
type Tally = { episodes: number; unjudged: number; changed: number; total: number };

type Scoring = {
  readonly file: string;
  readonly find: FindScenario;
  readonly reward: Reward;
  readonly tally: Tally;
  readonly io: Io;
};

async function* scoreEpisodes({ file, find, reward, tally, io }: Scoring): AsyncGenerator<string> {
  const { rescoreEpisode } = await import('../evaluate/replay.ts');
  const { presets } = await import('../reward/presets.ts');
  const progress = io.progress('scoring', null);
  for await (const episode of readEpisodes(file)) {
    io.signal.throwIfAborted();
    const scored = rescoreEpisode(episode, find(episode), presets[reward]);
    countEpisode(tally, episode, scored);
    progress.step(tally.episodes);
    yield `${encodeEpisode(scored)}\n`;
  }
}

function countEpisode(tally: Tally, before: Episode, after: Episode): void {
  const key = (verdict: Verdict | null): string => (verdict === null ? '' : canonical(verdict));
  tally.episodes++;
  if (after.reward === null) tally.unjudged++;
  if (key(before.verdict) !== key(after.verdict)) tally.changed++;
  tally.total += after.reward?.total ?? 0;
}
