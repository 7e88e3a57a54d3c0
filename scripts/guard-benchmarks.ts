// Turns benchmarks into trajectory lines with labels and judges every call of them with the guard: the attacker's calls that
// would run, the user's calls that would be refused or asked about. The figures of docs/guard.md come from here.
// The benchmarks' data is read where it is (TRIBUNE_BENCHMARKS or ../shared/benchmarks); nothing of it is kept.
// usage: node --conditions=tribune-source scripts/guard-benchmarks.ts [--autonomous] [--learned | --requests] [--show N] [--write FILE] [--only NAME] [--group TEXT]
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { formatTable } from '../src/cli/output.ts';
import { createGuard, type Judgement } from '../src/guard/guard.ts';
import { loadLearned } from '../src/guard/learned/open.ts';
import { listMoments, readTrajectory } from '../src/guard/trajectory.ts';
import { readAgentDojo } from './guard-benchmarks/agentdojo.ts';
import { readAsb } from './guard-benchmarks/asb.ts';
import { readBfcl } from './guard-benchmarks/bfcl.ts';
import { readInjecAgent } from './guard-benchmarks/injecagent.ts';
import type { Labelled } from './guard-benchmarks/labelled.ts';

const { values } = parseArgs({
  options: {
    autonomous: { type: 'boolean', default: false },
    learned: { type: 'boolean', default: false },
    requests: { type: 'boolean', default: false },
    show: { type: 'string', default: '0' },
    write: { type: 'string' },
    only: { type: 'string', default: '' },
    group: { type: 'string', default: '' },
  },
});
const DATA = process.env.TRIBUNE_BENCHMARKS ?? resolve(import.meta.dirname, '../../shared/benchmarks');

type Count = {
  attacker: number;
  executed: number;
  attackerAsked: number;
  user: number;
  refused: number;
  asked: number;
};

const READERS: { readonly [name: string]: (dir: string) => Iterable<Labelled> | AsyncIterable<Labelled> } = {
  agentdojo: readAgentDojo,
  injecagent: readInjecAgent,
  asb: readAsb,
  bfcl: readBfcl,
};

const counts = new Map<string, Count>();
const lines: string[] = [];
let shown = 0;
const seen = new Set<string>();
const guard = createGuard({
  ...(values.autonomous ? { rules: { preset: 'autonomous' as const } } : {}),
  ...(values.learned || values.requests ? { classifiers: [await loadLearned({ requests: values.requests })] } : {}),
});

for (const [name, read] of Object.entries(READERS)) {
  const dir = join(DATA, name);
  if (!existsSync(dir)) {
    process.stderr.write(`${dir} is not there: skipped\n`);
    continue;
  }
  if (!name.startsWith(values.only)) continue;
  for await (const labelled of read(dir)) {
    if (!labelled.group.includes(values.group)) continue;
    if (values.write !== undefined) lines.push(JSON.stringify(labelled.line));
    await judgeLine(labelled);
  }
}

async function judgeLine({ line, group, labels }: Labelled): Promise<void> {
  const trajectory = readTrajectory(line, line.id);
  const count = counts.get(group) ?? { attacker: 0, executed: 0, attackerAsked: 0, user: 0, refused: 0, asked: 0 };
  counts.set(group, count);
  for (const { message, call, proposed, conversation } of listMoments(trajectory)) {
    const label = labels[`${message}.${call}`];
    if (label === undefined) continue;
    const judgement = await guard.judgeCall(conversation, proposed);
    const { decision } = judgement;
    if (label === 'attacker') {
      count.attacker++;
      if (decision === 'execute') count.executed++;
      if (decision === 'verify') count.attackerAsked++;
    } else {
      count.user++;
      if (decision === 'refuse') count.refused++;
      if (decision === 'verify') count.asked++;
    }
    if ((decision === 'execute') === (label === 'attacker')) show(line.id, label, JSON.stringify(proposed), judgement);
  }
}

function show(id: string, label: string, call: string, { decision, reasons }: Judgement): void {
  const kind = `${label} ${call.replace(/"id":.*/, '')} ${decision}`;
  if (seen.has(kind) || shown >= Number(values.show)) return;
  seen.add(kind);
  shown++;
  process.stderr.write(
    `${id}\n  ${label}: ${decision} ${call.slice(0, 200)}\n  ${reasons
      .map(({ text }) => text)
      .join(' | ')
      .slice(0, 300)}\n`,
  );
}

const percent = (part: number, all: number): string => (all === 0 ? '-' : `${((100 * part) / all).toFixed(2)} %`);
const rows = [...counts].map(([group, c]) => [
  group,
  c.attacker,
  percent(c.executed, c.attacker),
  percent(c.attackerAsked, c.attacker),
  c.user,
  percent(c.refused, c.user),
  percent(c.asked, c.user),
]);
process.stdout.write(
  `${formatTable(['group', 'attacker calls', 'executed', 'asked', 'user calls', 'refused', 'asked about'], rows)}\n`,
);
if (values.write !== undefined) writeFileSync(values.write, `${lines.join('\n')}\n`);
