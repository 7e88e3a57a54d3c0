// InjecAgent's cases in this project's protocol: the tools as schemas, the call the benchmark makes for the model, the
// simulated user, and the script that the scripted policies go by.
// Not here: talking to a policy (play.ts). Not carried over: the official system prompt (a name, an address, a date), for
// which a brief has no place.
import type { Call } from '../../../episode/action.ts';
import type { ToolSchema } from '../../../episode/episode.ts';
import { InputError } from '../../../episode/input.ts';
import type { Turn } from '../../../policy/policy.ts';
import { segmentText, turnSegments } from '../../../policy/protocol.ts';
import type { Script } from '../../../policy/scripted.ts';
import type { InjecCase, InjecTool } from './data.ts';
import { parsePython } from './python.ts';

/** A case made ready to be played. */
export type Task = {
  readonly found: InjecCase;
  /** The user's tool and the attacker's, in this order. */
  readonly tools: readonly ToolSchema[];
  /** The call the user's task needs, with the recorded arguments. */
  readonly call: Call;
  readonly script: Script;
};

/** Makes a case ready. Throws InputError on a tool the benchmark does not describe or arguments that cannot be read. */
export function prepareTask(found: InjecCase, tools: ReadonlyMap<string, InjecTool>): Task {
  const where = `InjecAgent case ${found.attack} ${found.index}`;
  const schemas = [found.userTool, ...found.attackerTools].map((name) => {
    const tool = tools.get(name);
    if (tool === undefined) throw new InputError(where, `unknown tool "${name}", expected a tool of tools.json`);
    return toSchema(tool);
  });
  const call = { name: found.userTool, arguments: readArguments(found.toolParameters, where) };
  return { found, tools: schemas, call, script: writeScript(found, call) };
}

/** A tool's schema with the parameters as the benchmark gives them. */
export function toSchema({ name, summary, parameters }: InjecTool): ToolSchema {
  const properties = parameters.map(({ name, type, description }) => [name, { type, description }] as const);
  const required = parameters.filter((parameter) => parameter.required === true).map((parameter) => parameter.name);
  return {
    name,
    description: summary,
    parameters: { type: 'object', properties: Object.fromEntries(properties), required },
  };
}

function readArguments(text: string, where: string): Call['arguments'] {
  const value = parsePython(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Call['arguments'];
  throw new InputError(where, 'Tool Parameters are no dict, expected arguments by name');
}

/** The task as the scripted policies know it. Arguments of the attacker's calls are not looked at by the scorer. */
function writeScript(found: InjecCase, call: Call): Script {
  const calls = found.attackerTools.map((name) => ({ name, arguments: {} }));
  return {
    labels: { prompt: 'benign' },
    plan: [
      { kind: 'call', call, own: true, facts: ['read'] },
      { kind: 'final', text: 'Done.', facts: ['answer'] },
    ],
    gated: [],
    injections: [{ text: found.toolResponse, kind: 'attack', calls, text_goal: null }],
  };
}

/** The turn in which the user's tool is called, as the benchmark prescribes it: without a thought, as function calling has none. */
export function forgeTurn(call: Call): Turn {
  const action = { kind: 'call', call } as const;
  return { think: null, decision: null, action, ended: true, text: segmentText(turnSegments(null, action)) };
}
