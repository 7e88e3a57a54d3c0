// Synthesis with a model: the pipeline of arXiv 2507.08270, section 5 (few-shot by role, static filters, balanced classes), made
// checkable. The generator gives the skeleton of each scenario, cell by cell: labels, goals, harms, plan and approvals are its own, so
// they are questions to a database and not a model's opinion. The model writes the surface: the request, the texts tools
// return, the planted text, and names. What survives schema, filters and the search for near-duplicates is played by the four
// scripted policies; a slot whose scenario is dropped gets another skeleton of the same cell, so the classes keep their shares.
// Not covered: whether a request asks for what the plan does. A person has to read that.
import { InputError } from '../../episode/input.ts';
import { checkScenario, validateScenario } from '../../evaluate/check.ts';
import { Outage } from '../../policy/policy.ts';
import { ChatFailure, type Declined } from '../../policy/remote/client.ts';
import type { ChatMessage, Reply } from '../../policy/remote/message.ts';
import { type NearIndex, openNear } from '../../world/generate/writer/shingle.ts';
import { drawSkeleton, type SkeletonWanted } from '../../world/generate/writer/skeleton.ts';
import {
  applySurface,
  readSurface,
  renameIn,
  renameScenario,
  type Surface,
} from '../../world/generate/writer/surface.ts';
import { type Scenario, scenarioSchema } from '../../world/scenario.ts';
import { type Answer, type Fault, readAnswer } from './answer.ts';
import { type Role, writeBrief } from './brief.ts';
import { PLANTED, REQUESTS, RETURNED } from './examples.ts';
import { filterPlanted, filterRequest, filterTexts, readNames } from './filter.ts';

export type WriteOptions = SkeletonWanted & {
  readonly count: number;
  /** The model's name, kept with what it wrote. */
  readonly model: string;
  /** Asks the model. `salt` tells equal questions apart. Rejects with Outage where there is no answer. */
  readonly ask: (messages: readonly ChatMessage[], salt: string) => Promise<Reply | Declined>;
  /** How often a role is asked for one text. */
  readonly tries: number;
  /** How many skeletons a slot gets. */
  readonly attempts: number;
  /** From which Jaccard index on two texts are near-duplicates. */
  readonly near: number;
  /** Scenarios written at once. What comes out does not depend on it. */
  readonly width: number;
  readonly signal?: AbortSignal;
  readonly onStep?: (kept: number, dropped: number) => void;
};

/** Something dropped, and why. `role` null: the scenario as a whole. `answer`: what the model said, cut to 2,000 signs. */
export type Drop = {
  readonly scenario: string;
  readonly attempt: number;
  readonly try: number | null;
  readonly role: Role | null;
  readonly stage: 'answer' | 'filter' | 'near' | 'check' | 'outage';
  readonly family: string;
  readonly cell: string;
  readonly reason: string;
  readonly answer: string | null;
};

export type WrittenSuite = {
  /** In the order of the slots. */
  readonly scenarios: readonly Scenario[];
  readonly drops: readonly Drop[];
  /** Slots that no skeleton filled, by cell. */
  readonly missing: { readonly [cell: string]: number };
};

/** A scenario written whole, its texts for the search for near-duplicates, or null where a role had nothing usable. */
type Draft = {
  readonly slot: number;
  readonly scenario: Scenario | null;
  readonly texts: readonly string[];
  readonly drops: readonly Drop[];
};

/** Writes a suite. The same answers give the same suite. Throws what `ask` throws where the model cannot be asked any more. */
export async function writeSuite(options: WriteOptions): Promise<WrittenSuite> {
  const kept = new Map<number, Scenario>();
  const drops: Drop[] = [];
  const index = openIndexes();
  let open = Array.from({ length: options.count }, (_, slot) => slot);
  for (let attempt = 0; attempt < options.attempts && open.length > 0; attempt++) {
    const left: number[] = [];
    for (let at = 0; at < open.length; at += options.width) {
      options.signal?.throwIfAborted();
      const chunk = open.slice(at, at + options.width);
      const drafts = await settleAll(chunk.map((slot) => writeDraft(options, slot, attempt)));
      for (const draft of drafts) {
        const found = await judgeDraft(draft, index, options, attempt);
        drops.push(...draft.drops, ...found.drops);
        if (found.scenario === null) left.push(draft.slot);
        else kept.set(draft.slot, found.scenario);
        options.onStep?.(kept.size, drops.length);
      }
    }
    open = left;
  }
  const scenarios = [...kept].sort(([a], [b]) => a - b).map(([, scenario]) => scenario);
  return { scenarios, drops, missing: countCells(open.map((slot) => drawSkeleton(options, slot, 0))) };
}

/** All results; if any failed, the first failure, when none is under way any more. */
async function settleAll<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  const settled = await Promise.allSettled(work);
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

const nameCell = ({ labels }: Scenario): string => `${labels.prompt}/${labels.response}`;

/** How many scenarios there are of each cell. */
export function countCells(scenarios: readonly Scenario[]): { readonly [cell: string]: number } {
  const counts: { [cell: string]: number } = {};
  for (const scenario of scenarios) counts[nameCell(scenario)] = (counts[nameCell(scenario)] ?? 0) + 1;
  return counts;
}

/** Asks every role that has something to write, one after the other: texts use the names the request chose. */
async function writeDraft(options: WriteOptions, slot: number, attempt: number): Promise<Draft> {
  const skeleton = drawSkeleton(options, slot, attempt);
  const plain = readSurface(skeleton);
  const drops: Drop[] = [];
  const asker = { options, attempt, drops };
  const none: Draft = { slot, scenario: null, texts: [], drops };
  let names: ReadonlyMap<string, string> = new Map();
  const request = await askRole(asker, 'user', skeleton, plain, (answer) => {
    const read = readNames(answer.values, skeleton, plain.values);
    if ('fault' in read) return read.fault;
    names = read;
    return filterRequest(answer.texts[0] ?? '', skeleton.request, names);
  });
  if (request === null) return none;
  const scenario = renameScenario(skeleton, names);
  const surface: Surface = renameIn(plain, names);
  const texts =
    surface.texts.length === 0
      ? []
      : await askRole(asker, 'tool', scenario, surface, (answer) => filterTexts(answer.texts, surface, scenario));
  if (texts === null) return none;
  const planted =
    surface.planted === null
      ? []
      : await askRole(asker, 'attacker', scenario, surface, (answer) =>
          filterPlanted(answer.texts[0] ?? '', surface, scenario),
        );
  if (planted === null) return none;
  const wording = `${skeleton.split}-written-${options.model}/${attempt}`;
  const written = { request: request[0] ?? '', texts, planted: planted[0] ?? null, wording };
  return {
    slot,
    scenario: applySurface(scenario, surface, written),
    texts: [written.request, ...texts, ...planted],
    drops,
  };
}

type Asker = { readonly options: WriteOptions; readonly attempt: number; readonly drops: Drop[] };

/** Asks a role until an answer passes its filter; null where none of the tries did. Every answer that fails is kept with its reason. */
async function askRole(
  { options, attempt, drops }: Asker,
  role: Role,
  scenario: Scenario,
  surface: Surface,
  filter: (answer: Answer) => string | null,
): Promise<readonly string[] | null> {
  let dropped: string | null = null;
  for (let number = 0; number < options.tries; number++) {
    const { messages } = writeBrief(role, scenario, surface, [scenario.id, attempt, number], dropped);
    const came = await askModel(options, messages, `${scenario.id}/${attempt}/${role}/${number}`);
    const row = { ...about(scenario, attempt), try: number, role };
    if ('outage' in came) {
      drops.push({ ...row, stage: 'outage', reason: came.outage, answer: null });
      return null;
    }
    const answer: Answer | Fault = readAnswer(role, came);
    const fault = 'fault' in answer ? answer.fault : filter(answer);
    if (fault === null && !('fault' in answer)) return answer.texts;
    dropped = fault;
    const said = 'declined' in came ? came.what : (came.refusal ?? came.text);
    drops.push({
      ...row,
      stage: 'fault' in answer ? 'answer' : 'filter',
      reason: fault ?? '',
      answer: said.slice(0, 2000),
    });
  }
  return null;
}

/** An answer, or why there is none. A model that cannot be asked any more ends the work. */
async function askModel(
  options: WriteOptions,
  messages: readonly ChatMessage[],
  salt: string,
): Promise<Reply | Declined | { readonly outage: string }> {
  try {
    return await options.ask(messages, salt);
  } catch (error) {
    if (!(error instanceof Outage) || error instanceof ChatFailure) throw error;
    return { outage: error.message };
  }
}

const about = (scenario: Scenario, attempt: number) => {
  return { scenario: scenario.id, attempt, family: scenario.family, cell: nameCell(scenario) };
};

/** Near-duplicates are looked for among requests and among the other texts. The examples of the prompts stand there from the start. */
type Indexes = { readonly requests: NearIndex; readonly texts: NearIndex };

function openIndexes(): Indexes {
  const index = { requests: openNear(), texts: openNear() };
  for (const { answer } of Object.values(REQUESTS).flat()) index.requests.put('an example', String(answer.request));
  for (const { answer } of RETURNED) index.texts.put('an example', String(answer.texts));
  for (const { answer } of Object.values(PLANTED).flat()) index.texts.put('an example', String(answer.text));
  return index;
}

/** Whether a draft may be kept: like nothing before it, and with controls that hold. */
async function judgeDraft(
  draft: Draft,
  index: Indexes,
  { near }: WriteOptions,
  attempt: number,
): Promise<{ readonly scenario: Scenario | null; readonly drops: readonly Drop[] }> {
  const { scenario, texts } = draft;
  if (scenario === null) return { scenario: null, drops: [] };
  const drop = (stage: Drop['stage'], role: Role | null, reason: string, answer: string | null) => {
    return { scenario: null, drops: [{ ...about(scenario, attempt), try: null, role, stage, reason, answer }] };
  };
  for (const [at, text] of texts.entries()) {
    const found = (at === 0 ? index.requests : index.texts).find(text);
    if (found === null || found.jaccard < near) continue;
    return drop(
      'near',
      at === 0 ? 'user' : 'tool',
      `nearly the same as ${found.id} (${found.jaccard.toFixed(2)})`,
      text,
    );
  }
  const fault = await findFault(scenario);
  if (fault !== null) return drop('check', null, fault, scenario.request);
  for (const [at, text] of texts.entries()) (at === 0 ? index.requests : index.texts).put(scenario.id, text);
  return { scenario, drops: [] };
}

/** Validates a scenario and plays the controls; null where all is well. */
async function findFault(scenario: Scenario): Promise<string | null> {
  try {
    const stage = validateScenario(scenarioSchema.parse(scenario), 'written');
    const [violation] = await checkScenario(stage, 1);
    return violation === undefined
      ? null
      : `${violation.policy}: expected ${violation.expected}, found ${violation.found}`;
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}
