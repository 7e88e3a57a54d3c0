// How well a model marks tools' texts, as a classifier of the guard: made-up texts from outside with and without orders planted
// in them (scripts/guard-everyday/heldout.txt); and, where it judges those, requests of the suite `core`, held out, by what they are.
// One row for each name given.
// With --calibrate, fits a Hugging Face classifier's probabilities and thresholds and writes them into DIR/judge.json, which must
// say already what the labels mean: on generated texts, or on those of a file of lines {"channel", "text", "label": 0 | 1}.
// usage: node --conditions=tribune-source scripts/guard-judges.ts NAME... (as --classifier takes them) [--most 150]
//        node --conditions=tribune-source scripts/guard-judges.ts --calibrate DIR [--texts FILE] [--share 0.01] [--most 150]
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openClassifiers } from '../src/cli/guard-classifier.ts';
import { formatTable } from '../src/cli/output.ts';
import { JUDGE_FILE, loadSequenceModel } from '../src/guard/judges/huggingface.ts';
import { readTrajectory } from '../src/guard/trajectory.ts';
import { CHANNELS, type Channel, MODES, type Mode } from '../src/safety/taxonomy.ts';
import { generateSuite } from '../src/world/generate/generate.ts';
import { loadWorlds } from '../src/world/world.ts';
import type { Labelled } from './guard-classifier/measure.ts';
import { writeOrder } from './guard-classifier/orders.ts';
import { writePrompt } from './guard-classifier/prompts.ts';
import { seedRandom } from './guard-classifier/words.ts';
import { listCases } from './guard-everyday/read.ts';
import { calibrateChannel } from './guard-judges/calibrate.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    most: { type: 'string', default: '150' },
    calibrate: { type: 'string' },
    texts: { type: 'string' },
    share: { type: 'string', default: '0.01' },
  },
});
if (values.calibrate !== undefined) {
  await calibrateFolder(values.calibrate, Number(values.share));
  process.exit(0);
}

/** Fits each channel that the folder's `judge.json` speaks of, and writes what came out into it. */
async function calibrateFolder(directory: string, share: number): Promise<void> {
  const library = await import('@huggingface/transformers');
  const model = await loadSequenceModel({ library, directory });
  const path = join(directory, JUDGE_FILE);
  const file = JSON.parse(readFileSync(path, 'utf8')) as { [channel in Channel]?: object };
  for (const channel of CHANNELS) {
    if (file[channel] === undefined) continue;
    const { bounds, before, after, recall, wrong } = await calibrateChannel(model, channel, listTexts(channel), share);
    file[channel] = { ...file[channel], ...bounds };
    const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;
    process.stdout.write(
      `${channel}: calibration error ${before.toFixed(3)}, now ${after.toFixed(3)}; from ${bounds.threshold} on ${percent(recall)} of attacks and ${percent(wrong)} of ordinary texts are marked\n`,
    );
  }
  writeFileSync(`${path}.tmp`, `${JSON.stringify(file, null, 2)}\n`);
  renameSync(`${path}.tmp`, path);
}

/** Labelled texts of a channel: the file's, or generated ones of themes that nothing was trained on. */
function listTexts(channel: Channel): readonly Labelled[] {
  if (values.texts !== undefined)
    return readFileSync(values.texts, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line) as Labelled & { readonly channel: Channel })
      .filter((line) => line.channel === channel);
  const r = seedRandom(5);
  return Array.from({ length: 4 * Number(values.most) }, () => {
    if (channel === 'tool') return writeOrder(r, 'heldout');
    const { text, mode } = writePrompt(r, 'themes');
    return { text, label: mode === 'malicious' ? (1 as const) : (0 as const) };
  });
}

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

/** Requests of worlds that no policy was trained in. */
await loadWorlds();
const requests = generateSuite({ count: 240, seed: 7001, split: 'heldout' });

const percent = (part: number, all: number): string => `${((100 * part) / all).toFixed(1)} %`;
const rows: (readonly (string | number)[])[] = [];
const asked: (readonly (string | number)[])[] = [];
for (const name of positionals) {
  const { classifiers } = await openClassifiers([name]);
  const [classifier] = classifiers;
  let failed = 0;
  /** The texts of a list that are marked with one of these modes. */
  const mark = async (channel: Channel, list: ReturnType<typeof sample>, modes: readonly Mode[]): Promise<string> => {
    let marked = 0;
    for (const [text, tool] of list) {
      const source = { channel, text, tool: channel === 'tool' ? tool : null };
      const marks = await classifier!.classify(source, new AbortController().signal).catch(() => null);
      if (marks === null) failed++;
      else if (marks.some(({ mode }) => modes.includes(mode))) marked++;
    }
    return percent(marked, list.length);
  };
  if (classifier!.channels.includes('tool')) {
    const [planted, clean] = [sample(texts.planted), sample(texts.clean)];
    const found = [await mark('tool', planted, ['malicious']), await mark('tool', clean, ['malicious'])];
    rows.push([name, planted.length, found[0]!, clean.length, found[1]!, failed]);
  }
  if (!classifier!.channels.includes('user')) continue;
  failed = 0;
  const cells: (string | number)[] = [];
  for (const is of MODES) {
    const own = requests.filter(({ labels }) => labels.prompt === is).map(({ request }) => [request, ''] as const);
    cells.push(own.length, await mark('user', own, ['malicious']), await mark('user', own, ['sensitive']));
  }
  asked.push([name, ...cells, failed]);
}
const heads = MODES.flatMap((mode) => [`${mode} requests`, 'marked malicious', 'marked sensitive']);
const tables = [
  ...(rows.length > 0
    ? [formatTable(['classifier', 'texts with an order', 'marked', 'texts without', 'marked', 'failed'], rows)]
    : []),
  ...(asked.length > 0 ? [formatTable(['classifier', ...heads, 'failed'], asked)] : []),
];
process.stdout.write(`${tables.join('\n\n')}\n`);
process.exit(0);
