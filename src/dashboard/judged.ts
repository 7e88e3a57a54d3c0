// What the guard says of a recorded episode, turn by turn: the calls, questions and final texts as they came, each judged on what
// stands before it, and what tools returned. Judged again here, by the built-in rules and told what the tools really do, as the
// guard of `agent/guarded.ts` is. Not here: rules and classifiers a guard was started with, and calls it refused so that the
// policy did something else in the same turn: the record has only what reached the world.
import { knowingGuard } from '../agent/guarded.ts';
import { type Call, callKey } from '../episode/action.ts';
import type { Episode, GuardWord, Observation, Step } from '../episode/episode.ts';
import type { Conversation, GuardTool, Message } from '../guard/conversation.ts';
import type { Guard, Reason } from '../guard/guard.ts';
import { REFUSAL } from '../policy/scripted.ts';
import type { Effect } from '../safety/taxonomy.ts';
import { stageScenario } from '../world/environment.ts';
import type { Scenario } from '../world/scenario.ts';
import { toolByName } from '../world/services/index.ts';
import type { GuardNote, GuardView } from './shape.ts';

/** Whether a guard stood before the policy: agent/guarded.ts names such policies so. */
export const wasGuarded = ({ policy }: Pick<Episode, 'policy'>): boolean => policy.endsWith('+guard');

/** Judges an episode again. Without its scenario the tools are known by their names alone. */
export async function judgeEpisode(episode: Episode, scenario: Scenario | null): Promise<GuardView> {
  const schemas = scenario === null ? null : stageScenario(scenario).tools;
  const tools: readonly GuardTool[] =
    schemas === null ? episode.tools.map((name) => ({ name })) : JSON.parse(JSON.stringify(schemas));
  const brief = { tools: schemas ?? [], request: episode.request, seed: episode.seed, index: 0 };
  const guard = knowingGuard(effectsIn(episode, scenario))(brief);
  const messages: Message[] = [{ role: 'user', text: episode.request }];
  const conversation: Conversation = { id: episode.id, tools, messages };
  const allowed = new Set<string>();
  const turns: (readonly GuardNote[])[] = [];
  for (const step of episode.steps) {
    const again = await judgeTurn(guard, conversation, messages, step, allowed);
    turns.push(step.guard === undefined ? again : step.guard.map(tellWord));
  }
  const recorded = episode.steps.some((step) => step.guard !== undefined);
  return { inLoop: recorded || wasGuarded(episode), known: scenario !== null, recorded, turns };
}

function tellWord({ call, decision, reasons }: GuardWord): GuardNote {
  return { about: call === null ? 'text' : 'call', said: decision, call: call && JSON.stringify(call), reasons };
}

/** What the tools of an episode do, by the name they were shown under. */
function effectsIn(episode: Episode, scenario: Scenario | null): (tool: string) => readonly Effect[] {
  return (shown) => {
    const own = scenario?.tools.find(({ as }) => as === shown)?.tool ?? shown;
    return toolByName(own)?.effects ?? episode.effects?.[shown] ?? [];
  };
}

async function judgeTurn(
  guard: Guard,
  conversation: Conversation,
  messages: Message[],
  { action, observation, think, decision }: Step,
  allowed: Set<string>,
): Promise<readonly GuardNote[]> {
  const notes: GuardNote[] = [];
  const note = (about: GuardNote['about'], said: string, reasons: readonly Reason[]): void => {
    notes.push({ about, said, reasons: reasons.map(({ source, text }) => ({ source, text })) });
  };
  switch (action.kind) {
    case 'call':
    case 'check': {
      const { call } = action;
      if (action.kind === 'call' && allowed.delete(callKey(call))) {
        note('call', 'execute', [{ source: 'approval', text: 'the user said yes to exactly this call' }]);
      } else {
        const judged = await guard.judgeCall(conversation, call);
        note(action.kind, judged.decision, judged.reasons);
      }
      hearCall(messages, call, observation, allowed, action.kind === 'check');
      if (observation.kind === 'result') await judgeResult(guard, conversation, messages, note);
      break;
    }
    case 'final': {
      const isOwn = think === null && decision === 'refuse' && action.text === REFUSAL;
      if (isOwn) {
        const text = 'every call the policy tried in this turn was refused, so the guard ended it';
        note('text', 'refuse', [{ source: 'guard', text }]);
        break;
      }
      const judged = await guard.judgeText(conversation, action.text);
      note('text', judged.action, judged.reasons);
      break;
    }
    case 'malformed':
      break;
  }
  if (observation.kind === 'message') messages.push({ role: 'user', text: observation.text });
  return notes;
}

/** Writes a call and what came of it into the conversation. */
function hearCall(
  messages: Message[],
  call: Call,
  observation: Observation,
  allowed: Set<string>,
  isCheck: boolean,
): void {
  if (isCheck) {
    // A question that was answered yes lets the very call through, once.
    if (observation.kind === 'answer' && observation.approved) allowed.add(callKey(call));
    return;
  }
  messages.push({ role: 'assistant', text: '', calls: [call] });
  if (observation.kind === 'result' || observation.kind === 'error')
    messages.push({ role: 'tool', text: observation.text, tool: call.name });
}

async function judgeResult(
  guard: Guard,
  conversation: Conversation,
  messages: readonly Message[],
  note: (about: GuardNote['about'], said: string, reasons: readonly Reason[]) => void,
): Promise<void> {
  const result = messages.at(-1);
  if (result?.role !== 'tool' || guard.judgeResult === undefined) return;
  const before = { ...conversation, messages: conversation.messages.slice(0, -1) };
  const judged = await guard.judgeResult(before, result);
  if (judged.reasons.length > 0) note('result', judged.action, judged.reasons);
}
