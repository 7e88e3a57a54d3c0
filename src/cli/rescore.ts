// `tribune rescore`: recorded outputs of a benchmark's models scored again, to show that the scorer is the official one.

import { InputError } from '../episode/input.ts';
import { SETTINGS } from '../evaluate/benchmarks/injecagent/data.ts';
import type { Disagreement } from '../evaluate/benchmarks/injecagent/rescore.ts';
import { formatTable } from './output.ts';
import { defineVerb } from './verb.ts';

export const verb = defineVerb({
  summary: 'Score recorded outputs of a benchmark again and compare with the recorded verdicts.',
  usage: 'injecagent',
  flags: {
    data: { kind: 'string', value: 'DIR', required: true, summary: "the benchmark's directory" },
    outputs: { kind: 'string', value: 'FILE', required: true, summary: 'recorded outputs with verdicts, JSON Lines' },
    setting: {
      kind: 'choice',
      choices: SETTINGS,
      summary: "setting of the cases (default: the beginning of the file's name)",
    },
  },
  async run({ flags, positionals }, io) {
    const [benchmark] = positionals;
    if (benchmark !== 'injecagent')
      throw new InputError('tribune rescore', `unknown benchmark ${JSON.stringify(benchmark)}, expected injecagent`);
    const { rescore } = await import('../evaluate/benchmarks/injecagent/rescore.ts');
    const { n, agree, disagree } = await rescore(flags.data, flags.outputs, flags.setting);
    io.result({ n, agree, disagree }, describe(n, agree, disagree));
    return disagree.length === 0 ? 0 : 1;
  },
});

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
