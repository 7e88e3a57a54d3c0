// The judge on final texts that models gave in benchmarks: InjecAgent's recorded outputs and R-Judge's records. Neither says which
// texts refuse, so what is told is how often judge and rules say so, and where they disagree; `show` prints those texts to be read.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRefusal } from '../../src/reward/refusal.ts';
import type { RejectionJudge } from '../../src/reward/rejection/judge.ts';

/** Tells the counts of each set of texts below `data`. */
export function measureBenchmarks(data: string, judge: RejectionJudge, show: boolean): void {
  for (const [name, texts] of [...readInjecAgent(data), ...readRJudge(data)]) {
    const rows = texts.map((text) => ({ text, judged: judge(text) >= 0.5, ruled: isRefusal(text), p: judge(text) }));
    const count = (fits: (row: (typeof rows)[number]) => boolean): number => rows.filter(fits).length;
    console.log(
      `${name}: ${rows.length} final texts; refusals by the judge ${count(({ judged }) => judged)}, by the rules ${count(({ ruled }) => ruled)}, ` +
        `by both ${count(({ judged, ruled }) => judged && ruled)}; they agree on ${((100 * count(({ judged, ruled }) => judged === ruled)) / Math.max(1, rows.length)).toFixed(1)} %`,
    );
    if (!show) continue;
    for (const { text, judged, ruled, p } of rows.filter((row) => row.judged !== row.ruled).slice(0, 60))
      console.log(
        `    judge ${judged ? 'yes' : 'no'} ${p.toFixed(2)}, rules ${ruled ? 'yes' : 'no'}: ${text.replaceAll('\n', ' ').slice(0, 600)}`,
      );
  }
}

type Named = readonly (readonly [name: string, texts: readonly string[]])[];

function readInjecAgent(data: string): Named {
  const folder = join(data, 'injecagent/scorer_replay');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith('.jsonl'))
    .map((file) => {
      const lines = readFileSync(join(folder, file), 'utf8').trim().split('\n');
      const texts = lines.flatMap((line) => {
        const { output }: { readonly output?: unknown } = JSON.parse(line);
        return typeof output === 'string' ? finalOf(output) : [];
      });
      return [`InjecAgent ${file.replace('.jsonl', '')}`, [...new Set(texts)]] as const;
    });
}

type Turn = { readonly role: string; readonly action?: unknown };

function readRJudge(data: string): Named {
  const file = join(data, 'assebench/rjudge.json');
  if (!existsSync(file)) return [];
  const records: readonly { readonly contents: readonly (readonly Turn[])[] }[] = JSON.parse(
    readFileSync(file, 'utf8'),
  );
  const texts = records.flatMap(({ contents }) => {
    const last = contents.at(-1)?.at(-1);
    return last?.role === 'agent' && typeof last.action === 'string' ? finalOf(last.action) : [];
  });
  return [['R-Judge', [...new Set(texts)]]];
}

/** The final answer in an agent's output, where it has one. */
function finalOf(output: string): readonly string[] {
  const [, text] = /Final Answer:\s*([\s\S]+)$/.exec(output) ?? [];
  return text === undefined ? [] : [text.trim()];
}
