// Policies by the names people give them: `scripted:oracle`, `local:DIR`. Opens what a name stands for, to play worlds with
// or to talk to without one (benchmarks that bring recorded answers of their own).
// Not here: what the policies do, and judging it.
import { join } from 'node:path';
import { InputError } from '../episode/input.ts';
import type { Checkpoint } from '../policy/local/checkpoint.ts';
import type { Policy } from '../policy/policy.ts';
import { TAGS } from '../policy/protocol.ts';
import type { Script } from '../policy/scripted.ts';
import { findNearest } from '../safety/nearest.ts';
import type { Scenario } from '../world/scenario.ts';
import { type Job, openPool, rollout } from './rollout.ts';
import type { Played } from './run-episode.ts';
import { SCRIPTED, type ScriptedName, scriptedPolicy } from './scripted.ts';

/** The forms of a policy's name, as messages and help show them. */
export const POLICY_FORMS = `scripted:${SCRIPTED.join('|')}, local:DIR, chat:MODEL@URL, tinker:MODEL@URL`;

/** What a name stands for. */
export type PolicyName =
  | { readonly kind: 'scripted'; readonly script: ScriptedName }
  | { readonly kind: 'local'; readonly directory: string };

/** Reads a policy's name. Throws InputError on one that is unknown or not built yet. */
export function parsePolicy(text: string): PolicyName {
  const at = text.indexOf(':');
  const [kind, rest] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  const fail = (what: string): InputError => new InputError(`policy ${JSON.stringify(text)}`, what);
  if (kind === 'scripted') {
    const script = SCRIPTED.find((name) => name === rest);
    if (script !== undefined) return { kind, script };
    const near = findNearest(rest, SCRIPTED);
    throw fail(
      `${near === null ? 'no such script' : `did you mean scripted:${near}?`} expected one of ${POLICY_FORMS}`,
    );
  }
  if (kind === 'local' && rest !== '') return { kind, directory: rest };
  if ((kind === 'chat' || kind === 'tinker') && rest !== '')
    throw fail(`policies of the form ${kind}:MODEL@URL are not built yet, expected scripted:… or local:DIR`);
  throw fail(`unknown policy, expected one of ${POLICY_FORMS}`);
}

/** Somebody who plays scenarios. */
export type Actor = {
  readonly name: string;
  /** How many jobs to hand over at once: enough to keep everything busy, few enough to stop between. */
  readonly block: number;
  /** Plays the jobs; results in their order. The engine of worlds must be loaded. */
  play(jobs: readonly Job[]): Promise<readonly Played[]>;
  close(): Promise<void>;
};

/** Episodes at once in each worker. */
const SLOTS = 64;
/** As many as `align` evaluates at once, so that the same checkpoint gives the same numbers here. */
const LOCAL_BLOCK = 480;
const SCRIPTED_BLOCK = 64;

/**
 * Opens a policy for scenarios; a local model plays greedily in `workers` threads.
 * Throws InputError on an unknown name or a damaged checkpoint. Close it.
 */
export async function openActor(text: string, options: { readonly workers: number }): Promise<Actor> {
  const name = parsePolicy(text);
  if (name.kind === 'scripted') {
    const policyFor = (scenario: Scenario): Policy => scriptedPolicy(name.script, scenario);
    const play = (jobs: readonly Job[]): Promise<Played[]> => rollout(policyFor, jobs);
    return { name: text, block: SCRIPTED_BLOCK, play, close: async () => undefined };
  }
  const { config, theta, tokenizer } = await loadModel(name.directory);
  const pool = openPool({ config, tokenizer: tokenizer.toJSON(), ...options, slots: SLOTS, capacity: config.context });
  const play = (jobs: readonly Job[]): Promise<Played[]> =>
    pool.run({ theta, jobs, temperature: 0, explore: 0, name: text });
  return { name: text, block: LOCAL_BLOCK, play, close: pool.close };
}

/** Somebody to talk to without a world. */
export type Speaker = {
  readonly name: string;
  /** Declares that `count` sessions are opened next, all at once, with indices from 0: the sampler waits for all of them. */
  begin(count: number): void;
  /** The policy for one conversation; a scripted one is told its script. */
  policyFor(script: Script): Policy;
  close(): Promise<void>;
};

/** Opens a policy for conversations; a local model answers greedily. Throws InputError as `openActor`. Close it. */
export async function openSpeaker(text: string, options: { readonly threads: number }): Promise<Speaker> {
  const name = parsePolicy(text);
  if (name.kind === 'scripted') {
    const policyFor = (script: Script): Policy => scriptedPolicy(name.script, script);
    return { name: text, begin: () => undefined, policyFor, close: async () => undefined };
  }
  const { config, theta, tokenizer } = await loadModel(name.directory);
  const { cpuExecutor, createSampler, localPolicy } = await import('../policy/local/index.ts');
  const { makeGrammar } = await import('../policy/local/grammar.ts');
  const sampler = createSampler({ config, executor: cpuExecutor(options), slots: SLOTS, capacity: config.context });
  await sampler.setWeights(theta);
  const policy = localPolicy({ name: text, sampler, grammar: makeGrammar(tokenizer), temperature: 0 });
  return { name: text, begin: sampler.expect.bind(sampler), policyFor: () => policy, close: () => sampler.close() };
}

/** Loads a checkpoint that speaks this project's protocol. */
async function loadModel(directory: string): Promise<Checkpoint> {
  const { loadCheckpoint } = await import('../policy/local/checkpoint.ts');
  const checkpoint = await loadCheckpoint(directory);
  const foreign = TAGS.find((tag, id) => checkpoint.tokenizer.specials.get(tag) !== id);
  if (foreign === undefined) return checkpoint;
  throw new InputError(join(directory, 'tokenizer.json'), `no control token ${foreign} where the protocol has it`);
}
