// One episode as it is served: calls become actions in a world, and after each the episode so far is judged and rewarded, so
// that the rewards of the steps sum to the return. Two halves leave here, kept apart by type: what callers may see (`shown`),
// and what stays with the server (`record`: labels, goals, harms, the verdict). Nothing of the second may go on a socket.
import { recordEffects } from '../../agent/run-episode.ts';
import type { Json } from '../../episode/action.ts';
import { EPISODE_VERSION, type Episode, type Observation, type Step } from '../../episode/episode.ts';
import { type Preset, type PresetName, presets } from '../../reward/presets.ts';
import { scoreEpisode } from '../../reward/reward.ts';
import type { WorldFacts } from '../../reward/verdict.ts';
import type { Stage } from '../../world/environment.ts';
import type { Ground, Running } from '../../world/ground.ts';
import { type Fault, type Naming, type Offer, offerTools, type ToolSpec } from './offer.ts';

/** When rewards are given: after each step what it changed, or all of it with the last. Both sum to the return. */
export const CREDITS = ['steps', 'end'] as const;
export type Credit = (typeof CREDITS)[number];

export type Rules = { readonly naming: Naming; readonly credit: Credit; readonly preset: PresetName };

/** What a caller sees of a step. Rewards are null where none is due or none could be judged. */
export type Shown = {
  readonly kind: 'result' | 'error' | 'over';
  /** What the tool, or to a question or a final text the user, answered. */
  readonly text: string;
  readonly fault: Fault | 'execution_error' | null;
  /** What the user said besides. */
  readonly said: string | null;
  readonly reward: number | null;
  readonly done: boolean;
  /** Steps taken, this one included. */
  readonly step: number;
  /** With the last step: the sum of all rewards; null where the episode could not be judged. */
  readonly total: number | null;
};

/** What the server keeps of an episode that has ended. */
export type Record = { readonly episode: Episode };

export type Outcome = { readonly shown: Shown; readonly record: Record | null };

/** An episode under way. Calls one after another. */
export type Game = {
  readonly prompt: string;
  readonly tools: readonly ToolSpec[];
  act(tool: string, args: { readonly [argument: string]: Json }): Promise<Outcome>;
  close(): void;
};

const UNKNOWN: WorldFacts = { goal: null, harms: null };

/** Starts an episode of a stage. Rejects if its world cannot be opened. Close it. */
export async function startGame(stage: Stage, seed: number, ground: Ground, rules: Rules): Promise<Game> {
  const running = await ground.open(stage, seed);
  const offer = offerTools(stage, rules.naming);
  const preset = presets[rules.preset];
  const steps: Step[] = [];
  let paid = 0;
  let over = false;

  async function act(tool: string, args: { readonly [argument: string]: Json }): Promise<Outcome> {
    if (over) return { shown: tellOver(steps.length), record: null };
    const { action, fault } = offer.read(tool, args);
    let error: Episode['error'] = null;
    let observation: Observation = { kind: 'end' };
    try {
      observation = await running.step(action);
    } catch (thrown) {
      error = { origin: 'world', message: thrown instanceof Error ? thrown.message : String(thrown) };
    }
    // A caller sends calls, not turns of text: there is no thought to miss and no end-of-turn token to forget.
    steps.push({ index: steps.length, think: '', decision: null, action, ended: true, observation });
    over = error !== null || observation.kind === 'end' || steps.length >= stage.scenario.maxTurns;
    const due = over || rules.credit === 'steps';
    const episode = due ? await scoreSoFar({ stage, seed, running, steps, error, preset }) : null;
    const total = episode?.reward?.total ?? null;
    const reward = total === null ? null : roundOff(total - paid);
    if (total !== null) paid = total;
    const told = tellObservation(observation, fault, error);
    const shown = { ...told, text: tellPlainly(told, tool), reward, done: over, step: steps.length };
    return { shown: { ...shown, total: over ? total : null }, record: over && episode !== null ? { episode } : null };
  }

  return { prompt: stage.scenario.request, tools: offer.tools, act, close: () => running.close() };
}

type Scored = {
  readonly stage: Stage;
  readonly seed: number;
  readonly running: Running;
  readonly steps: readonly Step[];
  readonly error: Episode['error'];
  readonly preset: Preset;
};

/** The episode judged as if it ended here. */
async function scoreSoFar({ stage, seed, running, steps, error, preset }: Scored): Promise<Episode> {
  const { scenario } = stage;
  const facts = error === null ? await askFacts(running) : UNKNOWN;
  const episode = {
    version: EPISODE_VERSION,
    id: `${scenario.id}#0`,
    scenario: scenario.id,
    family: scenario.family,
    domain: scenario.domain,
    prompt: scenario.labels.prompt,
    response: scenario.labels.response,
    policy: 'served',
    seed,
    member: 0,
    request: scenario.request,
    tools: stage.tools.map(({ name }) => name),
    ...recordEffects(stage),
    steps: [...steps],
    error,
  } as const;
  return scoreEpisode(episode, scenario, facts, preset);
}

/** A world that cannot be asked judges nothing: null is no reward of 0. */
async function askFacts(running: Running): Promise<WorldFacts> {
  try {
    return await running.judge();
  } catch {
    return UNKNOWN;
  }
}

type Told = Pick<Shown, 'kind' | 'text' | 'fault' | 'said'>;

function tellObservation(observation: Observation, fault: Fault | null, error: Episode['error']): Told {
  // What broke is for the log; a caller learns that it broke.
  if (error !== null) return { kind: 'error', text: 'the world failed', fault: 'execution_error', said: null };
  const said = 'said' in observation ? (observation.said ?? null) : null;
  switch (observation.kind) {
    case 'result':
      return { kind: 'result', text: observation.text, fault: null, said };
    case 'error':
      return { kind: 'error', text: observation.text, fault: fault ?? 'execution_error', said };
    case 'answer':
      return { kind: 'result', text: observation.approved ? 'approved' : 'denied', fault: null, said };
    case 'message':
      return { kind: 'result', text: observation.text, fault: null, said: null };
    case 'end':
      return { kind: 'result', text: '', fault: null, said: null };
  }
}

/** An error in the caller's words: the marks that keep wrong names from meaning something are ours. */
function tellPlainly({ text, fault }: Told, tool: string): string {
  if (fault === 'tool_not_found') return `no such tool: ${tool}`;
  return fault === 'invalid_args' ? text.replace(/\?+(?=\w)/g, '') : text;
}

function tellOver(step: number): Shown {
  const text = 'the episode is over, reset to start another';
  return { kind: 'over', text, fault: 'execution_error', said: null, reward: 0, done: true, step, total: null };
}

/** Without the dust of binary fractions, as totals are. */
const roundOff = (value: number): number => Math.round(value * 1e9) / 1e9;

export type { Offer };
