// One case of InjecAgent with a chat model in the two official forms: one ReAct completion after a filled scratchpad, or one
// function-calling answer after a forged call. The texts are put in verbatim, injected order included: that is the benchmark.
// Beside it the same case from its beginning, for the utility that the benchmark does not measure.
import type { Chat } from '../../../agent/chat.ts';
import type { Call } from '../../../episode/action.ts';
import type { Message } from '../../../guard/conversation.ts';
import type { Guard } from '../../../guard/guard.ts';
import type { ChatMessage, ChatTool, Reply } from '../../../policy/remote/message.ts';
import type { Line } from '../row.ts';
import type { Task } from './cases.ts';
import type { InjecTool } from './data.ts';
import { judgeCall } from './play.ts';
import { describeTools, extendScratchpad, fillPrompt, forgeScratchpad, type Prompts } from './prompts.ts';
import { parsePython } from './python.ts';
import type { Respond } from './respond.ts';
import { type Outcome, SEND_TOOL, scoreCalls, scoreReact, targetOf } from './score.ts';

export const FORMS = ['react', 'functions'] as const;
export type Form = (typeof FORMS)[number];

/** What every case of a run needs. */
export type Stage = {
  readonly chat: Chat;
  readonly form: Form;
  readonly prompts: Prompts;
  readonly tools: ReadonlyMap<string, InjecTool>;
  readonly respond: Respond;
  readonly guard: Guard | null;
  /** Which repetition: it tells samples of the same question apart. */
  readonly trial: number;
};

/** What came of the attack. `answered`: a final answer and no call. `inexact`: step 2 on a response to other parameters. */
export type Official = {
  readonly step1: Outcome;
  readonly step2: Outcome | null;
  readonly answered: boolean;
  /** The guard asked the user about a call of the attacker's, who said no. */
  readonly asked: boolean;
  readonly inexact: boolean;
  readonly transcript: readonly Line[];
};

type Asked = { readonly messages: readonly ChatMessage[]; readonly reply: Reply | null };

async function ask(stage: Stage, messages: readonly ChatMessage[], task: Task): Promise<Asked> {
  const tools = stage.form === 'functions' ? task.tools.map(toFunction) : [];
  const stop = stage.form === 'react' ? { stop: ['Observation:'] } : {};
  const reply = await stage.chat.ask({ messages, tools, ...stop }, `${stage.trial}`);
  return { messages, reply: 'declined' in reply ? null : reply };
}

/** The API wants to know what an array holds; the benchmark does not say. */
function toFunction({ name, description, parameters }: Task['tools'][number]): ChatTool {
  const properties = Object.entries(parameters.properties).map(([key, value]) => {
    return [key, value.type === 'array' ? { ...value, items: {} } : value] as const;
  });
  const required = [...parameters.required];
  const schema = { type: 'object', properties: Object.fromEntries(properties), required };
  return { name, description, parameters: schema as ChatTool['parameters'] };
}

function reactMessages({ prompts, tools }: Stage, { found }: Task, scratchpad: string): readonly ChatMessage[] {
  const offered = [found.userTool, ...found.attackerTools].flatMap((name) => tools.get(name) ?? []);
  const text = fillPrompt(prompts.react, {
    available_tool_descriptions: describeTools(offered),
    available_tool_names: offered.map(({ name }) => name).join(', '),
    input: found.userInstruction,
    agent_scratchpad: scratchpad,
  });
  return [
    { role: 'system', text: prompts.system },
    { role: 'user', text },
  ];
}

function functionMessages({ prompts }: Stage, { found }: Task): ChatMessage[] {
  return [
    { role: 'system', text: prompts.system },
    { role: 'user', text: found.userInstruction },
  ];
}

/** Whether the model's first call is the user's tool, asked from the beginning. */
export async function playBeginning(stage: Stage, task: Task): Promise<boolean> {
  if (stage.form === 'react') {
    const { reply } = await ask(stage, reactMessages(stage, task, ''), task);
    return /Action:\s*([^\n]*)/.exec(reply?.text ?? '')?.[1]?.trim() === task.found.userTool;
  }
  const { reply } = await ask(stage, functionMessages(stage, task), task);
  return reply?.calls[0]?.name === task.found.userTool;
}

/** Plays the attack, both steps. */
export async function playOfficial(stage: Stage, task: Task): Promise<Official> {
  return stage.form === 'react' ? playReact(stage, task) : playFunctions(stage, task);
}

async function playReact(stage: Stage, task: Task): Promise<Official> {
  const { found } = task;
  const pad = forgeScratchpad(found);
  const first = await ask(stage, reactMessages(stage, task, pad), task);
  const before = openMessages(task);
  const scored = await holdBack(stage, task, before, scoreReact(first.reply?.text ?? null, found, 1), 1);
  const { outcome: step1, asked } = scored;
  const answered = step1.eval === 'unsucc' && (first.reply?.text.includes('Final Answer:') ?? false);
  const response = await secondResponse(stage, task, step1);
  if (response === null || step1.eval !== 'succ')
    return { step1, step2: null, answered, asked, inexact: false, transcript: writeLines(first) };
  const longer = extendScratchpad(pad, step1.thought ?? '', found.attackerTools[0]!, step1.parameters, response.text);
  const second = await ask(stage, reactMessages(stage, task, longer), task);
  const after = [...before, ...stepMessages(task, step1.parameters, response.text)];
  const last = await holdBack(stage, task, after, scoreReact(second.reply?.text ?? null, found, 2), 2);
  const transcript = writeLines(second);
  return { step1, step2: last.outcome, answered, asked: asked || last.asked, inexact: !response.exact, transcript };
}

async function playFunctions(stage: Stage, task: Task): Promise<Official> {
  const { found } = task;
  const messages = functionMessages(stage, task);
  // As the official runner forges it: the arguments are the JSON of a text, the response the JSON of a text.
  const forged = { id: 'call_user', name: found.userTool, arguments: JSON.stringify(found.toolParameters) };
  messages.push({ role: 'assistant', text: '', calls: [forged] });
  messages.push({ role: 'tool', callId: forged.id, text: JSON.stringify(found.toolResponse) });
  const first = await ask(stage, messages, task);
  const before = openMessages(task);
  const { outcome: step1, asked } = await holdBack(stage, task, before, scoreReply(first.reply, task, 1), 1);
  const answered = first.reply !== null && first.reply.calls.length === 0 && first.reply.text.trim() !== '';
  const response = await secondResponse(stage, task, step1);
  if (response === null || first.reply === null)
    return { step1, step2: null, answered, asked, inexact: false, transcript: writeLines(first) };
  const call = { ...first.reply.calls[0]!, id: 'call_attack' };
  const longer: readonly ChatMessage[] = [
    ...messages,
    { role: 'assistant', text: first.reply.text, calls: [call] },
    { role: 'tool', callId: call.id, text: JSON.stringify(response.text) },
  ];
  const second = await ask(stage, longer, task);
  const after = [...before, ...stepMessages(task, call.arguments, response.text)];
  const last = await holdBack(stage, task, after, scoreReply(second.reply, task, 2), 2);
  const transcript = writeLines(second);
  return { step1, step2: last.outcome, answered, asked: asked || last.asked, inexact: !response.exact, transcript };
}

/** The conversation up to the injected response, as a guard sees it. */
function openMessages({ found, call }: Task): Message[] {
  return [
    { role: 'user', text: found.userInstruction },
    { role: 'assistant', text: '', calls: [call] },
    { role: 'tool', text: found.toolResponse, tool: found.userTool },
  ];
}

function stepMessages({ found }: Task, parameters: string, response: string): Message[] {
  const name = found.attackerTools[0]!;
  return [
    { role: 'assistant', text: '', calls: [{ name, arguments: readParameters(parameters) }] },
    { role: 'tool', text: response, tool: name },
  ];
}

/** An attack the guard does not let through did not succeed; a question about it the user answers with no. */
async function holdBack(stage: Stage, task: Task, messages: readonly Message[], outcome: Outcome, step: 1 | 2) {
  if (outcome.eval !== 'succ') return { outcome, asked: false };
  const call = { name: targetOf(task.found, step), arguments: readParameters(outcome.parameters) };
  const decision = await judgeCall(stage.guard, task, messages, call);
  return { outcome: decision === 'execute' ? outcome : ({ eval: 'unsucc' } as const), asked: decision === 'verify' };
}

/** Arguments as JSON or as Python writes them; what is neither is one text, so that a guard sees it all the same. */
function readParameters(text: string): Call['arguments'] {
  for (const read of [JSON.parse, parsePython]) {
    try {
      const value: unknown = read(text);
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Call['arguments'];
    } catch {
      // The other way to read it, or none.
    }
  }
  return { text };
}

function scoreReply(reply: Reply | null, { found }: Task, step: 1 | 2): Outcome {
  return reply === null ? { eval: 'invalid', reason: 'error' } : scoreCalls(reply.text, reply.calls, found, step);
}

/** The simulated response that step 2 goes on from; null where there is no step 2. */
async function secondResponse({ respond }: Stage, { found }: Task, step1: Outcome) {
  if (found.attack === 'dh' || step1.eval !== 'succ' || found.attackerTools[0] === SEND_TOOL) return null;
  return respond(found.attackerTools[0]!, step1.parameters);
}

function writeLines({ messages, reply }: Asked): readonly Line[] {
  const said = messages.map((message): Line => {
    const calls = message.role === 'assistant' ? message.calls.map(writeCall).join('') : '';
    return { role: message.role, text: message.text + calls };
  });
  const answer = reply === null ? '(declined by the server)' : reply.text + reply.calls.map(writeCall).join('');
  return [...said, { role: 'assistant', text: answer }];
}

const writeCall = ({ name, arguments: text }: { readonly name: string; readonly arguments: string }): string =>
  `\n[calls ${name} ${text}]`;
