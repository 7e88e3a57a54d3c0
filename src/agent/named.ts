// Policies by the names people give them: `scripted:oracle`, `local:DIR`, `chat:MODEL@URL`. Opens what a name stands for, to play worlds with
// or to talk to without one (benchmarks that bring recorded answers of their own).
// Not here: what the policies do, and judging it.
import { InputError } from '../episode/input.ts';
import type { Voice } from '../policy/local/adopt.ts';
import type { ExecutorKind } from '../policy/local/executor.ts';
import type { Grammar } from '../policy/local/grammar.ts';
import type { ModelConfig } from '../policy/local/model.ts';
import type { LocalOptions } from '../policy/local/policy.ts';
import type { Tokenizer } from '../policy/local/tokenizer.ts';
import { Outage, type Policy } from '../policy/policy.ts';
import { parseTarget } from '../policy/remote/target.ts';
import type { Script } from '../policy/scripted.ts';
import { parseTinker, type TinkerTarget } from '../policy/tinker/target.ts';
import { findNearest } from '../safety/nearest.ts';
import { HERE, openGround, type Place } from '../world/ground.ts';
import type { Scenario } from '../world/scenario.ts';
import { type Chat, type ChatSettings, openChat } from './chat.ts';
import { type Job, openPool, rollout, type Scene } from './rollout.ts';
import type { Played } from './run-episode.ts';
import { SCRIPTED, type ScriptedName, scriptedPolicy } from './scripted.ts';

/** The forms of a policy's name, as messages and help show them. */
export const POLICY_FORMS = `scripted:${SCRIPTED.join('|')}, local:DIR, chat:MODEL@URL, tinker:MODEL@URL`;

/** What a name stands for. */
export type PolicyName =
  | { readonly kind: 'scripted'; readonly script: ScriptedName }
  | { readonly kind: 'local'; readonly directory: string }
  | { readonly kind: 'chat'; readonly target: string }
  | { readonly kind: 'tinker'; readonly target: TinkerTarget };

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
  if (kind === 'chat') {
    parseTarget(rest);
    return { kind, target: rest };
  }
  if (kind === 'tinker' && rest !== '') return { kind, target: parseTinker(rest) };
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

/** A chat model needs settings; who opens policies without having any is told. */
function needSettings(text: string, chat: ChatSettings | undefined): ChatSettings {
  if (chat) return chat;
  throw new InputError(`policy ${JSON.stringify(text)}`, 'cannot be used here, expected scripted:… or local:DIR');
}

async function openChatActor(text: string, target: string, settings: ChatSettings, scene: Scene): Promise<Actor> {
  const { policy, client, close } = await openChat(text, parseTarget(target, settings.api), settings);
  const width = settings.limits.concurrency;
  const play = async (jobs: readonly Job[]): Promise<Played[]> => {
    const played = await rollout(() => policy, jobs, width, scene);
    const failure = client.failure();
    if (failure) throw failure;
    // One lost episode is left out and counted; where all are lost there is nobody to measure.
    const lost = played.map(({ episode }) => (episode.error?.origin === 'harness' ? episode.error.message : null));
    if (lost.length > 0 && lost.every((message) => message !== null)) throw new Outage(lost[0] ?? '');
    return played;
  };
  const closeAll = async (): Promise<void> => {
    await close();
    await scene.ground.close();
  };
  return { name: text, block: 4 * width, play, close: closeAll };
}

/**
 * Opens a policy for scenarios; a local model plays greedily in `workers` threads, a chat model as `chat` says.
 * Throws InputError on an unknown name or a damaged checkpoint. Close it.
 */
export async function openActor(
  text: string,
  options: {
    readonly workers: number;
    readonly executor?: ExecutorKind;
    readonly chat?: ChatSettings;
    readonly place?: Place;
  },
): Promise<Actor> {
  const name = parsePolicy(text);
  const { place = HERE } = options;
  if (name.kind === 'chat')
    return openChatActor(text, name.target, needSettings(text, options.chat), await openScene(place));
  if (name.kind === 'scripted') {
    const scene = await openScene(place);
    const policyFor = (scenario: Scenario): Policy => scriptedPolicy(name.script, scenario);
    const play = (jobs: readonly Job[]): Promise<Played[]> => rollout(policyFor, jobs, undefined, scene);
    return { name: text, block: SCRIPTED_BLOCK, play, close: scene.ground.close };
  }
  if (name.kind === 'tinker') {
    const { policy, close } = await openRemote(text, name.target, options.chat);
    const scene = await openScene(place);
    const play = (jobs: readonly Job[]): Promise<Played[]> => rollout(() => policy, jobs, SLOTS, scene);
    const closeAll = async (): Promise<void> => {
      await close();
      await scene.ground.close();
    };
    return { name: text, block: LOCAL_BLOCK, play, close: closeAll };
  }
  const { config, theta, voice, room } = await openLocal(name.directory);
  const pool = openPool({
    config,
    tokenizer: 'encode' in voice ? voice.toJSON() : voice,
    workers: options.executor === 'webgpu' ? 1 : options.workers, // see openPool
    ...room,
    executor: options.executor,
    place,
  });
  const play = (jobs: readonly Job[]): Promise<Played[]> =>
    pool.run({ theta, jobs, temperature: 0, explore: 0, name: text });
  return { name: text, block: LOCAL_BLOCK, play, close: pool.close };
}

async function openScene({ wall, access, services = [] }: Place): Promise<Scene> {
  const { openServices } = await import('../world/services/load.ts');
  return { ground: await openGround(wall, services), access, catalogue: await openServices(services) };
}

/** Somebody to talk to without a world. */
export type Speaker = {
  readonly name: string;
  /** Declares that `count` sessions are opened next, all at once, with indices from 0: the sampler waits for all of them. */
  begin(count: number): void;
  /** The policy for one conversation; a scripted one is told its script. */
  policyFor(script: Script): Policy;
  /** A chat model can also be asked directly, with prompts a benchmark brings. */
  readonly chat?: Chat;
  close(): Promise<void>;
};

/** Opens a policy for conversations; a local model answers greedily. Throws InputError as `openActor`. Close it. */
export async function openSpeaker(
  text: string,
  options: { readonly threads: number; readonly executor?: ExecutorKind; readonly chat?: ChatSettings },
): Promise<Speaker> {
  const name = parsePolicy(text);
  if (name.kind === 'chat') {
    const settings = needSettings(text, options.chat);
    const chat = await openChat(text, parseTarget(name.target, settings.api), settings);
    return { name: text, begin: () => undefined, policyFor: () => chat.policy, chat, close: chat.close };
  }
  if (name.kind === 'scripted') {
    const policyFor = (script: Script): Policy => scriptedPolicy(name.script, script);
    return { name: text, begin: () => undefined, policyFor, close: async () => undefined };
  }
  if (name.kind === 'tinker') {
    const { policy, close } = await openRemote(text, name.target, options.chat);
    return { name: text, begin: () => undefined, policyFor: () => policy, close };
  }
  const { config, theta, voice, room } = await openLocal(name.directory);
  const { openExecutor, createSampler, localPolicy } = await import('../policy/local/index.ts');
  const executor = openExecutor(options.executor ?? 'cpu', { threads: options.threads });
  const sampler = createSampler({ config, executor, ...room });
  await sampler.setWeights(theta);
  const settings = { name: text, sampler, temperature: 0 };
  const policy =
    'encode' in voice ? localPolicy({ ...settings, grammar: await ownGrammar(voice) }) : await foreign(settings, voice);
  return { name: text, begin: sampler.expect.bind(sampler), policyFor: () => policy, close: () => sampler.close() };
}

/** A model on a Tinker server, greedy. The key is the one chat models of that address have (--key-env). */
async function openRemote(
  text: string,
  { model, url, directory }: TinkerTarget,
  chat: ChatSettings | undefined,
): Promise<{ readonly policy: Policy; close(): Promise<void> }> {
  const { openTinker, tinkerPolicy } = await import('../policy/tinker/index.ts');
  const { readModelFiles } = await import('../policy/local/load.ts');
  const { voiceOf } = await import('../policy/local/adopt.ts');
  const { readSpeech } = await import('../policy/local/speech.ts');
  const { config, files } = await readModelFiles(directory);
  const client = await openTinker({
    url,
    vocab: config.vocab,
    key: chat?.keyFor(url) ?? null,
    ...(chat ? { signal: chat.signal } : {}),
  });
  const sampling = client.sampling(model.startsWith('tinker://') ? { modelPath: model } : { baseModel: model });
  const policy = tinkerPolicy({
    name: text,
    sampling: () => sampling,
    speech: readSpeech(files, directory),
    manner: { ...voiceOf(files, directory).manner, grammar: false },
    context: Math.min(config.context, 4096),
    temperature: 0,
  });
  return { policy, close: client.close };
}

async function ownGrammar(tokenizer: Tokenizer): Promise<Grammar> {
  const { makeGrammar } = await import('../policy/local/grammar.ts');
  return makeGrammar(tokenizer);
}

async function foreign(settings: Omit<LocalOptions, 'grammar'>, voice: Voice): Promise<Policy> {
  const { foreignPolicy, makeTongue } = await import('../policy/local/foreign.ts');
  const { readSpeech } = await import('../policy/local/speech.ts');
  return foreignPolicy({ ...settings, tongue: makeTongue(readSpeech(voice.files, voice.where), voice.manner) });
}

/** A model directory, opened: a policy of this project, a model of others, or an adapter of one. */
async function openLocal(directory: string): Promise<{
  readonly config: ModelConfig;
  readonly theta: Float32Array<ArrayBuffer>;
  readonly voice: Tokenizer | Voice;
  readonly room: { readonly slots: number; readonly capacity: number };
}> {
  const { openModel, roomFor } = await import('../policy/local/adopt.ts');
  const opened = await openModel(directory);
  if (opened.kind === 'foreign') {
    const { config, theta } = opened.model;
    // What cannot speak is told here, before any thread tries.
    const { readSpeech } = await import('../policy/local/speech.ts');
    readSpeech(opened.voice.files, opened.voice.where);
    return { config, theta, voice: opened.voice, room: roomFor(config, SLOTS) };
  }
  const { config, theta, tokenizer } = opened.checkpoint;
  return { config, theta, voice: tokenizer, room: { slots: SLOTS, capacity: config.context } };
}
