// Servers as a record remembers them: they answer each call with what came back when the episode was played. Nothing is
// started or called. For replaying: what the world did with the answers is found out anew, the answers are taken on trust.
import type { Episode, Observation } from '../../episode/episode.ts';
import { EFFECTS } from '../../safety/taxonomy.ts';
import { pythonTools } from '../python/tools.ts';
import type { Scenario } from '../scenario.ts';
import type { Tool, ToolResult } from '../tool.ts';
import type { Servers } from './servers.ts';
import { describeTool } from './tool.ts';

/** The servers and the Python of a scenario, answering from an episode's record; null where the scenario has neither. */
export function rememberServers(scenario: Scenario, episode: Pick<Episode, 'steps'>): Servers | null {
  const python = (scenario.scripts ?? []).filter(({ language }) => language === 'python');
  if (scenario.servers === undefined && python.length === 0) return null;
  const served = (scenario.servers ?? []).flatMap((server) =>
    scenario.tools
      .filter(({ tool }) => tool.startsWith(`${server.name}.`))
      .map((offer) => describeOffer(server.name, offer, server.effects)),
  );
  const tools = [...served, ...pythonTools(python)];
  const asked = new Set(
    scenario.tools.filter(({ tool }) => tools.some((t) => t.schema.name === tool)).map((t) => t.as),
  );
  const answers = episode.steps.flatMap(({ action, observation }) =>
    action.kind === 'call' && asked.has(action.call.name) ? [readAnswer(observation)] : [],
  );
  return {
    tools,
    open() {
      let next = 0;
      return { call: async () => answers[next++] ?? FORGOTTEN, close: () => undefined };
    },
  };
}

type Offer = Scenario['tools'][number];
type Effects = NonNullable<Scenario['servers']>[number]['effects'];

/** A tool as far as the scenario tells of it: what else it takes, the record does not say, so anything is passed on. */
function describeOffer(server: string, { tool, args, about = '' }: Offer, effects: Effects): Tool {
  const properties = Object.fromEntries(Object.values(args).map((own) => [own, { type: 'any' }]));
  const parameters = { type: 'object' as const, properties, required: [], additionalProperties: true };
  const declared = Object.hasOwn(effects, tool.slice(server.length + 1))
    ? effects[tool.slice(server.length + 1)]
    : null;
  return describeTool(server, { name: tool, description: about, parameters }, declared ?? EFFECTS);
}

function readAnswer(observation: Observation): ToolResult {
  if (observation.kind === 'result') return { ok: true, text: observation.text };
  return observation.kind === 'error' ? { ok: false, error: observation.text } : FORGOTTEN;
}

const FORGOTTEN: ToolResult = { ok: false, error: 'the record has no answer to this call' };
