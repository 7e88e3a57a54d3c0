// A model on a Tinker server as a policy: rendered and read as the model speaks (local/speech.ts), a request per turn, the whole
// conversation so far as its prompt. Turns are free: a server takes no grammar. A turn with control tokens in it, which only a
// server that samples unmasked can draw, is malformed: it must not speak in another's name.
import type { Observation } from '../../episode/episode.ts';
import { rng } from '../../episode/random.ts';
import type { Manner } from '../local/foreign.ts';
import type { Transcript } from '../local/policy.ts';
import type { Speech } from '../local/speech.ts';
import type { Brief, Policy, Session, Turn } from '../policy.ts';
import type { SamplingClient } from './sampling.ts';

export type TinkerPolicyOptions = {
  readonly name: string;
  /** Asked at every turn, so that what is sampled from can change between episodes. */
  readonly sampling: () => SamplingClient;
  readonly speech: Speech;
  readonly manner: Manner;
  /** Tokens a conversation may have. */
  readonly context: number;
  /** 0 is greedy. Training needs 1: log-probabilities are those of temperature 1. */
  readonly temperature: number;
  /** Called when an episode is over. */
  readonly onClose?: (index: number, transcript: Transcript) => void;
};

/** Makes the policy. Turns reject with TinkerError when the server cannot be asked. */
export function tinkerPolicy(options: TinkerPolicyOptions): Policy {
  return { name: options.name, takes: ['system', 'history'], open: async (brief) => openSession(options, brief) };
}

function openSession(
  { speech, manner, context, temperature, sampling, onClose }: TinkerPolicyOptions,
  brief: Brief,
): Session {
  const transcript: Transcript = { tokens: [], own: [], logps: [], masks: [] };
  const { tokens, opened } = speech.prompt({ ...brief, checks: manner.checks });
  const sayable = new Set(speech.sayable);
  const note = (list: readonly number[], logps: readonly number[] | null): void => {
    for (const [at, token] of list.entries()) {
      transcript.tokens.push(token);
      transcript.own.push(logps !== null);
      transcript.logps.push(logps?.[at] ?? 0);
      transcript.masks.push(logps === null ? null : speech.sayable);
    }
  };
  note(tokens, null);
  let full = false;
  let turns = 0;

  async function draw(): Promise<Turn> {
    const room = Math.min(manner.limits.turn, context - transcript.tokens.length);
    full = room < 1;
    if (full) return speech.read([], opened);
    const [sample] = await sampling().sample({
      prompt: transcript.tokens,
      maxTokens: room,
      temperature,
      stop: [...speech.ends],
      seed: rng('tinker', brief.seed, turns++).int(2 ** 31),
    });
    note(sample!.tokens, sample!.logprobs);
    full = room < manner.limits.turn && sample!.tokens.length === room;
    const turn = speech.read(sample!.tokens, opened);
    const stranger = sample!.tokens.find((token) => !sayable.has(token));
    if (stranger === undefined) return turn;
    return { ...turn, action: { kind: 'malformed', text: turn.text, reason: `control token ${stranger} in a turn` } };
  }

  return {
    act(observation: Observation | null) {
      const ended = transcript.tokens.at(-1) === speech.signs.get('end');
      if (observation) note(speech.observe(observation, ended), null);
      return draw();
    },
    prefill: ({ think, action }) => note(speech.write(think, action), null),
    isFull: () => full,
    close: () => onClose?.(brief.index, transcript),
  };
}
