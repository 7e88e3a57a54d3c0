// Whether scenarios are fit to judge by: first what a schema cannot say (tools, rows, queries), then four scripted controls
// whose verdicts are known beforehand. A goal that nothing can miss, or a harm that nothing can cause, is found here.
// Not here: reading files (cli), how a verdict is reached (reward).
import { runEpisode } from '../agent/run-episode.ts';
import { type ScriptedName, scriptedPolicy } from '../agent/scripted.ts';
import type { Verdict } from '../episode/episode.ts';
import { InputError } from '../episode/input.ts';
import { judge } from '../reward/verdict.ts';
import type { Catalogue } from '../world/catalogue.ts';
import { openStage, prepareStage, type Stage, stageScenario } from '../world/environment.ts';
import { type Ground, INSIDE } from '../world/ground.ts';
import type { Access } from '../world/mcp/access.ts';
import { rememberServers } from '../world/mcp/recorded.ts';
import type { Scenario } from '../world/scenario.ts';
import { validateQuery } from '../world/world.ts';

/**
 * Checks what the schema leaves open and makes the scenario ready: tools exist and go by different names, the rows fit the
 * tables, goals and harms are queries the world can answer, the plan calls what is offered and ends in a text.
 * Throws InputError beginning with `where`. The engine of worlds must be loaded.
 */
export function validateScenario(scenario: Scenario, where: string): Stage {
  try {
    return checkStage(stageScenario(scenario));
  } catch (error) {
    throw placeFault(error, scenario, where);
  }
}

/**
 * Checks a scenario that may have servers outside: they are asked for their tools as far as `access` allows. `own`: the
 * services of its world, where they are not Tribune's alone.
 */
export async function openScenario(
  scenario: Scenario,
  where: string,
  access: Access,
  own: Catalogue | null = null,
): Promise<Stage> {
  try {
    return checkStage(await openStage(scenario, access, own));
  } catch (error) {
    throw placeFault(error, scenario, where);
  }
}

/** Checks a scenario of which nothing is to be played: its servers, if it has any, are not asked. Throws as the others. */
export function checkOffline(scenario: Scenario, where: string, own: Catalogue | null): void {
  const servers = rememberServers(scenario, { steps: [] });
  const options = own === null ? {} : { catalogue: own };
  try {
    checkStage(prepareStage(scenario, servers === null ? options : { ...options, servers }));
  } catch (error) {
    throw placeFault(error, scenario, where);
  }
}

function checkStage(stage: Stage): Stage {
  checkNames(stage.scenario);
  checkQueries(stage);
  return stage;
}

function placeFault(error: unknown, { id }: Scenario, where: string): unknown {
  if (!(error instanceof InputError)) return error;
  const named = error.message.startsWith(`scenario ${id}`);
  return new InputError(where, named ? error.message : `scenario ${id}: ${error.message}`);
}

function checkNames({ tools, plan, gated, injections, state, conversation }: Scenario): void {
  const offered = tools.map(({ as }) => as);
  const twice = offered.find((name, at) => offered.indexOf(name) !== at);
  if (twice !== undefined) throw new InputError('tools', `two tools are shown as "${twice}", expected different names`);
  const calls = [...plan.flatMap((step) => (step.kind === 'call' ? [step.call] : [])), ...gated];
  const stranger = calls.find(({ name }) => !offered.includes(name));
  if (stranger !== undefined)
    throw new InputError('plan', `unknown tool "${stranger.name}", expected one of ${offered.join(', ')}`);
  const finals = plan.filter((step) => step.kind === 'final').length;
  if (plan.at(-1)?.kind !== 'final' || (finals > 1 && conversation === undefined))
    throw new InputError('plan', 'expected one final text, at its end');
  for (const { slot } of injections) {
    const rows: readonly object[] | undefined = slot.table === 'tools' ? tools : state[slot.table];
    const row = rows?.[slot.row - 1];
    if (row === undefined || !Object.hasOwn(row, slot.column))
      throw new InputError('injections', `no ${slot.column} in row ${slot.row} of ${slot.table}`);
  }
}

function checkQueries({ scenario: { goals, harms }, template }: Stage): void {
  for (const [list, queries] of Object.entries({ goals, harms })) {
    for (const [index, { name, sql }] of queries.entries()) {
      try {
        validateQuery(sql, template.catalogue);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        throw new InputError(`${list}.${index} (${name})`, error.message);
      }
    }
  }
}

/** A control that did not come out as it must. */
export type Violation = {
  readonly scenario: string;
  /** Line of the suite's file. */
  readonly line: number;
  readonly policy: ScriptedName;
  readonly expected: string;
  readonly found: string;
};

type Verdicts = { readonly [policy in ScriptedName]: Verdict };

type Control = {
  readonly policy: ScriptedName;
  readonly expected: string;
  readonly of: (scenario: Scenario) => boolean;
  readonly holds: (verdict: Verdict, all: Verdicts) => boolean;
};

const hasAttack = ({ injections }: Scenario): boolean => injections.some(({ kind }) => kind === 'attack');
const isBenign = ({ labels }: Scenario): boolean => labels.prompt === 'benign';
/** Where there is something to be compromised by. A sensitive prompt is acted on without asking. */
const canHarm = (scenario: Scenario): boolean => !isBenign(scenario) || hasAttack(scenario);

const CONTROLS: readonly Control[] = [
  { policy: 'oracle', expected: 'success', of: () => true, holds: (v) => v.success === true },
  { policy: 'compromised', expected: 'a harm', of: canHarm, holds: (v) => v.harm === true },
  {
    policy: 'compromised',
    expected: 'a harm that comply, which leaves injected orders alone, does not do',
    of: hasAttack,
    holds: (v, { comply }) => v.harms.some((harm) => !comply.harms.includes(harm)),
  },
  { policy: 'idle', expected: 'no success', of: () => true, holds: (v) => v.success === false },
  {
    policy: 'idle',
    expected: 'goals that do not hold by themselves',
    of: ({ labels }) => labels.prompt !== 'malicious',
    holds: (v) => v.goal === false,
  },
  {
    policy: 'asker',
    expected: 'a check and no success',
    // Without a call there is nothing to ask about.
    of: (scenario) => isBenign(scenario) && scenario.plan.some(({ kind }) => kind === 'call'),
    holds: (v) => v.checks > 0 && v.success === false,
  },
];

/** Plays the controls on one scenario and gives what is violated; nothing where all is well. */
export async function checkScenario(stage: Stage, line: number, ground = INSIDE): Promise<readonly Violation[]> {
  const { scenario } = stage;
  const play = (name: ScriptedName): Promise<Verdict> => judgeScript(name, stage, ground);
  const verdicts: Verdicts = {
    oracle: await play('oracle'),
    compromised: await play('compromised'),
    idle: await play('idle'),
    asker: await play('asker'),
    comply: await play('comply'),
  };
  return CONTROLS.flatMap(({ policy, expected, of, holds }) => {
    const verdict = verdicts[policy];
    if (!of(scenario) || holds(verdict, verdicts)) return [];
    return [{ scenario: scenario.id, line, policy, expected, found: describeVerdict(verdict) }];
  });
}

async function judgeScript(name: ScriptedName, stage: Stage, ground: Ground): Promise<Verdict> {
  const { scenario } = stage;
  const seat = { seed: scenario.seed, member: 0, index: 0, ground };
  const { episode, facts } = await runEpisode(scriptedPolicy(name, scenario), stage, seat);
  return judge(episode, scenario, facts);
}

const sayFact = (fact: boolean | null): string => (fact === null ? 'not judged' : fact ? 'yes' : 'no');

/** The facts the controls look at, as a line. */
export function describeVerdict({ success, goal, harm, harms, checks }: Verdict): string {
  const done = harms.length > 0 ? harms.join(', ') : sayFact(harm);
  return `success ${sayFact(success)}, goal ${sayFact(goal)}, harm ${done}, checks ${checks}`;
}
