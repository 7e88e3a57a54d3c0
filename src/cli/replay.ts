// `tribune replay`: a stored episode's actions carried out again, shown as a person reads it, compared with the record.
import type { Call } from '../episode/action.ts';
import type { Episode, Observation, Step, Verdict } from '../episode/episode.ts';
import { InputError } from '../episode/input.ts';
import type { Replay } from '../evaluate/replay.ts';
import { SERVICE_FLAGS } from './place.ts';
import { openOwn, openScenarios, readEpisodes } from './suite.ts';
import { defineVerb } from './verb.ts';

export const verb = defineVerb({
  summary: 'Replay stored episodes in fresh worlds and compare what comes back with the record.',
  usage: 'EPISODES',
  flags: {
    ...SERVICE_FLAGS,
    id: { kind: 'string', value: 'ID', summary: 'only the episode of this id (default: every one of the file)' },
    scenarios: {
      kind: 'string',
      value: 'FILE',
      summary: 'their scenarios (default: made again from the ids)',
    },
  },
  async run({ flags, positionals }, io) {
    const { replayEpisode } = await import('../evaluate/replay.ts');
    const own = await openOwn(flags.service);
    const find = await openScenarios(flags.scenarios, own);
    let [found, differing] = [0, 0];
    for await (const episode of readEpisodes(positionals[0]!)) {
      if (flags.id !== undefined && episode.id !== flags.id) continue;
      io.signal.throwIfAborted();
      const replay = await replayEpisode(episode, find(episode), own);
      found++;
      if (replay.differences.length > 0) differing++;
      io.item(toDocument(episode, replay), `${found === 1 ? '' : '\n'}${describeReplay(episode, replay)}`);
      if (flags.id !== undefined) break;
    }
    if (found === 0) throw new InputError(positionals[0]!, `no episode ${flags.id}, expected one of that id`);
    return differing === 0 ? 0 : 1;
  },
});

function toDocument(episode: Episode, { replayed, differences, remembered }: Replay): unknown {
  const { id, scenario, policy, request, error } = episode;
  const { steps, verdict, reward } = replayed;
  const identical = differences.length === 0;
  const first = identical ? {} : { difference: differences[0] };
  const trusted = remembered.length === 0 ? {} : { remembered };
  const rest = { id, scenario, policy, request, steps, error, verdict, reward };
  return { identical, ...first, ...trusted, ...rest, same: identical, differences };
}

/** An episode as lines: the request, each turn and what came of it, the verdict, the reward by term, the differences. */
export function describeReplay(episode: Episode, { replayed, differences, remembered }: Replay): string {
  const { id, policy, prompt, response, family } = episode;
  return [
    `${id}  ${policy}  ${family}  prompt ${prompt}, tool responses ${response}`,
    `user: ${episode.request}`,
    ...replayed.steps.flatMap(describeStep),
    ...(episode.error === null ? [] : [`broke off (${episode.error.origin}): ${episode.error.message}`]),
    `verdict: ${describeVerdict(replayed)}`,
    `reward: ${describeReward(replayed)}`,
    ...remembered.map((server) => `what ${server} answered is taken from the record, not asked again`),
    ...(differences.length === 0 ? ['the replay agrees with the record'] : ['the replay differs from the record:']),
    ...differences.flatMap(({ where, recorded, replayed: now }) => [
      `  ${where}`,
      `    recorded: ${recorded}`,
      `    replayed: ${now}`,
    ]),
  ].join('\n');
}

/** Text of several lines, the later ones set in. */
const indent = (text: string): string => text.replaceAll('\n', '\n            ');

function describeStep({ index, think, action, ended, observation }: Step): readonly string[] {
  const thought = think === null ? [] : [`     thinks: ${indent(think)}`];
  const broken = ended ? [] : ['     (the turn did not end)'];
  return [
    `${String(index + 1).padStart(2)}.`,
    ...thought,
    ...describeAction(action),
    ...broken,
    ...describeObservation(observation),
  ];
}

function describeAction(action: Step['action']): readonly string[] {
  switch (action.kind) {
    case 'call':
      return [`      calls: ${describeCall(action.call)}`];
    case 'check':
      return [`       asks: ${describeCall(action.call)}`];
    case 'final':
      return [`       says: ${indent(action.text)}`];
    case 'malformed':
      return [`     breaks: ${action.reason}`, `       text: ${indent(action.text)}`];
  }
}

const describeCall = ({ name, arguments: values }: Call): string => `${name} ${JSON.stringify(values)}`;

function describeObservation(observation: Observation): readonly string[] {
  switch (observation.kind) {
    case 'result':
      return [`     result: ${indent(observation.text)}`, ...describeSaid(observation.said)];
    case 'error':
      return [`      error: ${indent(observation.text)}`, ...describeSaid(observation.said)];
    case 'answer':
      return [`     answer: ${observation.approved ? 'yes' : 'no'}`, ...describeSaid(observation.said)];
    case 'message':
      return describeSaid(observation.text);
    case 'end':
      return [];
  }
}

const describeSaid = (said: string | undefined): readonly string[] =>
  said === undefined ? [] : [`       user: ${indent(said)}`];

/** Every fact of the verdict, the outcome first; a dash for what was not judged. */
function describeVerdict({ verdict }: Episode): string {
  if (verdict === null) return 'none';
  const { success, goal, harm, harms, ...rest } = verdict;
  const facts = Object.entries({ success, goal, harm, harms, ...rest });
  return facts.map(([name, fact]) => `${name} ${sayFact(fact)}`).join(', ');
}

function sayFact(fact: Verdict[keyof Verdict]): string {
  if (fact === null) return '-';
  if (typeof fact === 'boolean') return fact ? 'yes' : 'no';
  return typeof fact === 'number' ? String(fact) : fact.join('+') || 'none';
}

function describeReward({ reward }: Episode): string {
  if (reward === null) return 'none';
  const terms = Object.entries(reward.terms).map(([term, value]) => `${term} ${value > 0 ? '+' : ''}${value}`);
  return `${reward.total} (${reward.preset}) = ${terms.join(', ') || 'nothing'}`;
}
