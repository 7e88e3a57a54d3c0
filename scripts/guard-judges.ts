// How well a model marks tools' texts, as a classifier of the guard: made-up texts from outside with and without orders planted
// in them (scripts/guard-everyday/heldout.txt). One row for each name given.
// usage: node --conditions=tribune-source scripts/guard-judges.ts NAME... (as --classifier takes them) [--most 150]
import { parseArgs } from 'node:util';
import { openClassifiers } from '../src/cli/guard-classifier.ts';
import { formatTable } from '../src/cli/output.ts';
import { readTrajectory } from '../src/guard/trajectory.ts';
import { listCases } from './guard-everyday/read.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { most: { type: 'string', default: '150' } },
});
const texts = { clean: new Map<string, string>(), planted: new Map<string, string>() };
for (const { line, frame } of listCases('heldout')) {
  for (const message of readTrajectory(line, line.id).messages) {
    if (message.role !== 'tool' || message.text === 'not allowed') continue;
    if (frame === null) texts.clean.set(message.text, message.tool);
    else if (!texts.clean.has(message.text)) texts.planted.set(message.text, message.tool);
  }
}

/** Every so-many-th text, so that all frames are among them. */
function sample(all: ReadonlyMap<string, string>): readonly (readonly [text: string, tool: string])[] {
  const step = Math.max(1, Math.floor(all.size / Number(values.most)));
  return [...all].filter((_, i) => i % step === 0).slice(0, Number(values.most));
}

const rows: (readonly (string | number)[])[] = [];
for (const name of positionals) {
  const { classifiers } = await openClassifiers([name]);
  const count = { marked: 0, failed: 0 };
  const rate = async (list: ReturnType<typeof sample>): Promise<string> => {
    count.marked = 0;
    for (const [text, tool] of list) {
      const marks = await classifiers[0]!
        .classify({ channel: 'tool', text, tool }, new AbortController().signal)
        .catch(() => null);
      if (marks === null) count.failed++;
      else if (marks.some(({ mode }) => mode === 'malicious')) count.marked++;
    }
    return `${((100 * count.marked) / list.length).toFixed(1)} %`;
  };
  const [planted, clean] = [sample(texts.planted), sample(texts.clean)];
  rows.push([name, planted.length, await rate(planted), clean.length, await rate(clean), count.failed]);
}
process.stdout.write(
  `${formatTable(['classifier', 'texts with an order', 'marked', 'texts without', 'marked', 'failed'], rows)}\n`,
);
process.exit(0);
