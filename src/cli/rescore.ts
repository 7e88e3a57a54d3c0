// `tribune rescore`: recorded outputs of a benchmark's models scored again, with the official scorer's verdicts.

import { InputError } from '../episode/input.ts';
import { SETTINGS } from '../evaluate/benchmarks/injecagent/data.ts';
import type { Disagreement } from '../evaluate/benchmarks/injecagent/rescore.ts';
import type { ParsedArgs } from './args.ts';
import { formatTable, type Io } from './output.ts';
import { defineVerb } from './verb.ts';

const FLAGS = {
  data: { kind: 'string', value: 'DIR', required: true, summary: "the benchmark's directory" },
  outputs: { kind: 'string', value: 'FILE', summary: 'injecagent: recorded outputs with verdicts, JSON Lines' },
  setting: {
    kind: 'choice',
    choices: SETTINGS,
    summary: "injecagent: setting of the cases (default: the beginning of the file's name)",
  },
  answers: {
    kind: 'string',
    value: 'FILE',
    summary: 'bfcl: answers, JSON Lines of {"id", "calls"}, {"id", "turns"} or the official {"id", "result"}',
  },
  names: {
    kind: 'choice',
    choices: ['dots', 'underscores'],
    summary: 'bfcl: functions named as in the data (default), or with underscores for dots',
  },
} as const;

type Flags = ParsedArgs<typeof FLAGS>['flags'];

export const verb = defineVerb({
  summary: 'Score recorded outputs of a benchmark again, as the official scorer does.',
  usage: 'injecagent|bfcl',
  flags: FLAGS,
  async run({ flags, positionals }, io) {
    const [benchmark] = positionals;
    if (benchmark === 'injecagent') return rescoreInjec(flags, io);
    if (benchmark === 'bfcl') return rescoreBfcl(flags, io);
    const expected = 'expected injecagent or bfcl';
    throw new InputError('tribune rescore', `unknown benchmark ${JSON.stringify(benchmark)}, ${expected}`);
  },
});

/** A flag this benchmark needs; those of another one are refused, not ignored. */
function needFlag(flags: Flags, name: 'outputs' | 'answers', others: readonly (keyof Flags)[]): string {
  const other = others.find((flag) => flags[flag] !== undefined);
  if (other !== undefined) throw new InputError('tribune rescore', `--${other} is of another benchmark`);
  const value = flags[name];
  if (value === undefined) throw new InputError('tribune rescore', `--${name} is missing, it needs a file`);
  return value;
}

async function rescoreInjec(flags: Flags, io: Io): Promise<number> {
  const outputs = needFlag(flags, 'outputs', ['answers', 'names']);
  const { rescore } = await import('../evaluate/benchmarks/injecagent/rescore.ts');
  const { n, agree, disagree } = await rescore(flags.data, outputs, flags.setting);
  io.result({ n, agree, disagree }, describe(n, agree, disagree));
  return disagree.length === 0 ? 0 : 1;
}

function describe(n: number, agree: number, disagree: readonly Disagreement[]): string {
  const summary = `${agree} of ${n} verdicts agree`;
  if (disagree.length === 0) return summary;
  const rows = disagree.map(({ line, attack, caseIndex, step, recorded, computed }) => [
    line,
    attack,
    caseIndex,
    step,
    recorded,
    computed,
  ]);
  return `${formatTable(['line', 'attack', 'case', 'step', 'recorded', 'computed'], rows)}\n\n${summary}`;
}

async function rescoreBfcl(flags: Flags, io: Io): Promise<number> {
  const answers = needFlag(flags, 'answers', ['outputs', 'setting']);
  const { rescoreAnswers } = await import('../evaluate/benchmarks/bfcl/rescore.ts');
  const scored = await rescoreAnswers(flags.data, answers, flags.names ?? 'dots');
  for (const { category: _, ...line } of scored) {
    const { id, valid, error } = line;
    io.item(line, `${valid ? 'valid  ' : 'invalid'}  ${id}  ${error.map(showFault).join(' ')}`.trimEnd());
  }
  return 0;
}

const showFault = (fault: unknown): string => (typeof fault === 'string' ? fault : JSON.stringify(fault));
