// The agent loop: policy and environment in turns until the end, one record of what happened. Everything is data here:
// a policy that fails gives an episode with an error, never an exception, so that siblings go on.
import { EPISODE_VERSION, type Episode, type EpisodeError, type Observation, type Step } from '../episode/episode.ts';
import { Outage, type Policy, type Session, type Turn } from '../policy/policy.ts';
import type { Facts, Stage } from '../world/environment.ts';
import { type Ground, INSIDE, type Running } from '../world/ground.ts';
import { toolByName } from '../world/services/index.ts';

export type EpisodeOptions = {
  readonly seed: number;
  /** Which member of its group this is. */
  readonly member: number;
  /** Order among the episodes run together. */
  readonly index: number;
  /** Where the world lives. Default: in this process. */
  readonly ground?: Ground;
};

/** An episode before judgement, and the facts its world gave at the end. */
export type Played = { readonly episode: Episode; readonly facts: Facts };

const UNJUDGED: Facts = { goal: null, harms: null };

/** Plays one episode of a scenario. Never rejects: failures are in `episode.error`. */
export async function runEpisode(policy: Policy, stage: Stage, options: EpisodeOptions): Promise<Played> {
  const { scenario } = stage;
  const steps: Step[] = [];
  let error: EpisodeError | null = null;
  let facts = UNJUDGED;
  let session: Session | null = null;
  let environment: Running | null = null;
  try {
    // The session first: a batching policy lets it wait for a place, and a world should not wait with it.
    session = await attempt('policy', async () =>
      policy.open({ tools: stage.tools, request: scenario.request, seed: options.seed, index: options.index }),
    );
    environment = await attempt('world', () => (options.ground ?? INSIDE).open(stage, options.seed));
    await takeTurns(session, environment, scenario.maxTurns, steps);
    facts = await environment.judge();
  } catch (thrown) {
    error =
      thrown instanceof Failure
        ? { origin: thrown.origin, message: thrown.message }
        : { origin: 'harness', message: messageOf(thrown) };
    // What the policy did before it failed has happened; a world that failed answers no question.
    if (error.origin === 'policy' && environment) facts = await judgeBroken(environment);
  } finally {
    environment?.close();
    closeSession(session);
  }
  const episode: Episode = {
    version: EPISODE_VERSION,
    id: `${scenario.id}#${options.member}`,
    scenario: scenario.id,
    family: scenario.family,
    domain: scenario.domain,
    prompt: scenario.labels.prompt,
    response: scenario.labels.response,
    policy: policy.name,
    seed: options.seed,
    member: options.member,
    request: scenario.request,
    tools: stage.tools.map((tool) => tool.name),
    ...recordEffects(stage),
    steps,
    error,
    verdict: null,
    reward: null,
  };
  return { episode, facts };
}

/** The effects of tools that no judge knows by their names: of the user's own services, of servers and programs. */
export function recordEffects({ scenario, template }: Stage): Pick<Episode, 'effects'> {
  const strange = scenario.tools.flatMap(({ tool, as }) => {
    const found = toolByName(tool) === undefined ? template.catalogue.tools.get(tool) : undefined;
    return found === undefined ? [] : [[as, found.effects] as const];
  });
  return strange.length === 0 ? {} : { effects: Object.fromEntries(strange) };
}

/** The facts of an episode that was broken off; none if they cannot be found out any more. */
async function judgeBroken(environment: Running): Promise<Facts> {
  try {
    return await environment.judge();
  } catch {
    return UNJUDGED;
  }
}

/** A policy that fails to close has no say in an episode that is over. */
function closeSession(session: Session | null): void {
  try {
    session?.close();
  } catch {}
}

async function takeTurns(session: Session, environment: Running, maxTurns: number, steps: Step[]): Promise<void> {
  let observation: Observation | null = null;
  for (let index = 0; index < maxTurns; index++) {
    const before: Observation | null = observation;
    const turn: Turn = await attempt('policy', () => session.act(before));
    const after = await attempt('world', () => environment.step(turn.action));
    steps.push({
      index,
      think: turn.think,
      decision: turn.decision,
      action: turn.action,
      ended: turn.ended,
      observation: after,
      ...(turn.guard && { guard: turn.guard }),
    });
    if (after.kind === 'end') return;
    observation = after;
  }
}

/** Carries the origin of a failure up to where it is recorded. */
class Failure extends Error {
  readonly origin: EpisodeError['origin'];
  constructor(origin: EpisodeError['origin'], message: string) {
    super(message);
    this.origin = origin;
  }
}

async function attempt<T>(origin: EpisodeError['origin'], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    // A model that could not be reached did nothing, good or bad: the episode says nothing of it.
    throw new Failure(thrown instanceof Outage ? 'harness' : origin, messageOf(thrown));
  }
}

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
