// `tribune rollout`: plays a policy on scenarios and stores the judged episodes.
import type { Actor } from '../agent/named.ts';
import { encodeEpisode } from '../episode/codec.ts';
import { InputError } from '../episode/input.ts';
import { writeAtomic } from './input.ts';
import type { Io } from './output.ts';
import { placeFields, tellPlace } from './place.ts';
import {
  openSuite,
  POLICY_FLAGS,
  REWARDS,
  requirePolicy,
  SUITE_FLAGS,
  type Suite,
  stepBlocks,
  withActor,
} from './suite.ts';
import { defineVerb } from './verb.ts';

export const verb = defineVerb({
  summary: 'Play a policy on scenarios and store the judged episodes as JSON Lines.',
  usage: 'core|wide|open|FILE',
  flags: {
    ...POLICY_FLAGS,
    ...SUITE_FLAGS,
    reward: { kind: 'choice', choices: REWARDS, fallback: 'tribune', summary: 'how episodes are rewarded' },
    out: { kind: 'string', value: 'EPISODES', required: true, summary: 'the file to write' },
  },
  async run({ flags, positionals }, io) {
    const { policy, reward, out } = flags;
    if (flags['dry-run'])
      throw new InputError('tribune rollout', '--dry-run would store made-up episodes, use tribune evaluate --dry-run');
    await requirePolicy(policy);
    const suite = await openSuite(positionals[0]!, flags);
    const tally: Tally = { episodes: 0, unjudged: 0, success: 0, total: 0 };
    const { place } = suite;
    tellPlace(io, place);
    await withActor({ ...flags, place }, io, (actor) =>
      writeAtomic(out, playEpisodes({ actor, suite, reward, tally, io })),
    );
    const judged = tally.episodes - tally.unjudged;
    const mean = judged === 0 ? null : tally.total / judged;
    const { episodes, unjudged, success } = tally;
    const document = {
      file: out,
      policy,
      suite: suite.name,
      ...placeFields(place),
      episodes,
      unjudged,
      success,
      reward: { preset: reward, mean },
    };
    const figures = `${success} right, ${unjudged} not judged, mean reward ${mean === null ? '-' : mean.toFixed(3)}`;
    io.result(document, `${episodes} episodes of ${policy} in ${out}: ${figures} (${reward})`);
    return 0;
  },
});

/** What is counted while episodes go by. */
type Tally = { episodes: number; unjudged: number; success: number; total: number };

type Playing = {
  readonly actor: Actor;
  readonly suite: Suite;
  readonly reward: (typeof REWARDS)[number];
  readonly tally: Tally;
  readonly io: Io;
};

/** The lines of the file; counts what they hold. */
async function* playEpisodes({ actor, suite, reward, tally, io }: Playing): AsyncGenerator<string> {
  const { playSuite } = await import('../evaluate/suite.ts');
  const step = stepBlocks(actor, suite, io);
  for await (const episode of playSuite(actor, suite.scenarios, reward)) {
    tally.episodes++;
    if (episode.verdict?.success == null) tally.unjudged++;
    if (episode.verdict?.success === true) tally.success++;
    tally.total += episode.reward?.total ?? 0;
    step(tally.episodes, { right: tally.success });
    yield `${encodeEpisode(episode)}\n`;
  }
}
