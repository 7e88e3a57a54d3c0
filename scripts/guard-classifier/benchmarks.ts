// Texts of benchmarks for measuring the learned part: none of them, and nothing written after them, was trained on. Tools'
// texts: planted instructions against what the same tools return without them. Requests: those of benchmarks of harm against
// those of benchmarks of use.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Model } from '../../src/guard/learned/model.ts';
import { readTrajectory } from '../../src/guard/trajectory.ts';
import { readAgentDojo } from '../guard-benchmarks/agentdojo.ts';
import { readAsb } from '../guard-benchmarks/asb.ts';
import { readBfcl } from '../guard-benchmarks/bfcl.ts';
import type { Labelled as Line } from '../guard-benchmarks/labelled.ts';
import { type Labelled, measureHead } from './measure.ts';

/** Adds the benchmarks' rows; one whose data is not there is left out. Gives the requests of benchmarks of use. */
export async function measureBenchmarks(model: Model, data: string): Promise<readonly string[]> {
  const use: string[] = [];
  for (const [name, read] of Object.entries({ injecagent: listInjecAgent, agentdojo: listAgentDojo, asb: listAsb })) {
    if (!existsSync(join(data, name))) continue;
    const { groups, requests } = await read(join(data, name));
    for (const [group, texts] of Object.entries(groups)) measureHead(model, 'order', group, texts);
    use.push(...requests);
  }
  const bfcl = join(data, 'bfcl');
  if (existsSync(bfcl)) use.push(...(await collect(readBfcl(bfcl))).flatMap((line) => listTexts(line, 'user')));
  const benign = [...new Set(use)].map((text): Labelled => ({ text, label: 0 }));
  const file = join(data, 'agent-safetybench', 'released_data.json');
  const harm = existsSync(file) ? listHarm(JSON.parse(readFileSync(file, 'utf8'))) : [];
  for (const head of ['malicious', 'sensitive'] as const)
    measureHead(model, head, 'Agent-SafetyBench, not fulfillable; others’ requests', [...harm, ...benign]);
  return benign.map(({ text }) => text);
}

type Texts = {
  readonly groups: { readonly [name: string]: readonly Labelled[] };
  readonly requests: readonly string[];
};

async function collect<T>(lines: Iterable<T> | AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const line of lines) found.push(line);
  return found;
}

const listTexts = ({ line }: Line, role: 'user' | 'tool'): readonly string[] =>
  readTrajectory(line, line.id)
    .messages.filter((message) => message.role === role)
    .map(({ text }) => text);

const label = (texts: readonly string[], value: 0 | 1): readonly Labelled[] =>
  [...new Set(texts)].map((text) => ({ text, label: value }));

type Case = {
  readonly 'Tool Response': string;
  readonly 'Tool Response Template': string;
  readonly 'User Instruction': string;
};

async function listInjecAgent(dir: string): Promise<Texts> {
  const files = readdirSync(join(dir, 'data')).filter((name) => name.startsWith('test_cases_'));
  const cases = (setting: string): readonly Case[] =>
    files
      .filter((name) => name.includes(`_${setting}.`))
      .flatMap((name) => JSON.parse(readFileSync(join(dir, 'data', name), 'utf8')));
  const clean = (list: readonly Case[]): readonly Labelled[] =>
    label(
      list.map((one) => one['Tool Response Template'].replaceAll('<Attacker Instruction>', 'nothing to report')),
      0,
    );
  const groups = Object.fromEntries(
    ['base', 'enhanced'].map((setting) => {
      const list = cases(setting);
      return [
        `InjecAgent ${setting}, whole results`,
        [
          ...label(
            list.map((one) => one['Tool Response']),
            1,
          ),
          ...clean(list),
        ],
      ];
    }),
  );
  return { groups, requests: cases('base').map((one) => one['User Instruction']) };
}

async function listAgentDojo(dir: string): Promise<Texts> {
  const lines = await collect(readAgentDojo(dir));
  const clean = lines.filter(({ group }) => group.endsWith('clean'));
  const plain = new Set(clean.flatMap((line) => listTexts(line, 'tool')));
  const groups = Object.fromEntries(
    ['important_instructions', 'ignore_previous', 'direct'].map((attack) => {
      const texts = lines.filter(({ group }) => group.endsWith(attack)).flatMap((line) => listTexts(line, 'tool'));
      const attacked = texts.filter((text) => !plain.has(text) && text.length > 40);
      return [`AgentDojo ${attack}, whole results`, [...label(attacked.slice(0, 400), 1), ...label([...plain], 0)]];
    }),
  );
  return { groups, requests: clean.flatMap((line) => listTexts(line, 'user')) };
}

async function listAsb(dir: string): Promise<Texts> {
  const lines = (await collect(readAsb(dir))).filter(({ group }) => group.endsWith('naive'));
  return { groups: {}, requests: lines.slice(0, 50).flatMap((line) => listTexts(line, 'user')) };
}

type Task = { readonly instruction: string; readonly fulfillable: number };
const listHarm = (tasks: readonly Task[]): readonly Labelled[] =>
  label(
    tasks.filter(({ fulfillable }) => fulfillable === 0).map(({ instruction }) => instruction),
    1,
  );
