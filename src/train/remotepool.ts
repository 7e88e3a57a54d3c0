// Rollouts whose turns a Tinker server samples: worlds here, tokens there. A vector of weights is a ticket for weights over there, as
// with the remote learner. Not here: the policy (policy/tinker/policy.ts), worlds in threads: one thread plays hundreds of episodes
// between two answers of a server.
import { type Pool, type RolloutRequest, rollout, type Sampled, type Scene } from '../agent/rollout.ts';
import type { Manner } from '../policy/local/foreign.ts';
import type { Transcript } from '../policy/local/policy.ts';
import type { Speech } from '../policy/local/speech.ts';
import { TinkerError } from '../policy/tinker/fault.ts';
import { tinkerPolicy } from '../policy/tinker/policy.ts';
import type { SamplingClient } from '../policy/tinker/sampling.ts';

export type RemotePoolOptions = {
  readonly speech: Speech;
  readonly manner: Manner;
  readonly context: number;
  /** Episodes at once. */
  readonly slots: number;
  /** What a ticket stands for. */
  readonly samplingOf: (theta: Float32Array) => SamplingClient;
  readonly scene: Scene;
};

/** Opens it. A server that is gone rejects the whole request: an outage is no behaviour of the policy. */
export function openRemotePool({ samplingOf, scene, slots, ...voice }: RemotePoolOptions): Pool {
  async function run({ theta, jobs, temperature, name }: RolloutRequest): Promise<Sampled[]> {
    const own = samplingOf(theta);
    let failure: TinkerError | null = null;
    const watched: SamplingClient = {
      ...own,
      async sample(wishes) {
        if (failure) throw failure; // the rest of the episodes need not each find out
        try {
          return await own.sample(wishes);
        } catch (error) {
          if (error instanceof TinkerError) failure = error;
          throw error;
        }
      },
    };
    const transcripts: Transcript[] = [];
    const policy = tinkerPolicy({
      ...voice,
      name: name.replace(/^local:/, 'tinker:'),
      temperature,
      sampling: () => watched,
      onClose: (index, transcript) => (transcripts[index] = transcript),
    });
    const played = await rollout(() => policy, jobs, slots, scene);
    if (failure) throw failure;
    return played.map(({ episode, facts }, at) => ({
      episode,
      facts,
      transcript: transcripts[at] ?? { tokens: [], own: [], logps: [], masks: [] },
    }));
  }
  return { run, close: () => scene.ground.close() };
}
