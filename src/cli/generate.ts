// `tribune generate`: scenarios as a file, one a line, in the generator's words or in a model's (writer.ts); or the generator's
// texts alone, with their labels.
import { InputError } from '../episode/input.ts';
import { SUITES, type SuiteName } from '../world/generate/suite-names.ts';
import { CHAT_FLAGS } from './chat.ts';
import { writeAtomic } from './input.ts';
import type { Io } from './output.ts';
import { DEFAULTS, SUITE_FLAGS } from './suite.ts';
import { defineVerb } from './verb.ts';

const { count, seed, split } = SUITE_FLAGS;
const { tools: _, ...CHAT } = CHAT_FLAGS;
const many = { kind: 'integer', min: 0, max: 1_000_000 } as const;

export const verb = defineVerb({
  summary: 'Generate scenarios and write them as JSON Lines.',
  usage: '',
  flags: {
    suite: { kind: 'choice', choices: SUITES, fallback: 'core', summary: 'what to generate' },
    count: { ...count, summary: `how many scenarios (${DEFAULTS.count})` },
    seed: { ...seed, summary: 'seed of the suite', fallback: DEFAULTS.seed },
    split: { ...split, summary: 'which families and wordings', fallback: DEFAULTS.split },
    prompts: { ...many, summary: 'texts in place of scenarios: how many different requests' },
    utterances: { ...many, summary: 'texts in place of scenarios: how many different texts that tools return' },
    writer: { kind: 'string', value: 'chat:MODEL@URL', summary: 'a model that writes the words of the scenarios' },
    tries: { kind: 'integer', min: 1, max: 20, fallback: 3, summary: 'writer: how often a text is asked for' },
    attempts: { kind: 'integer', min: 1, max: 50, fallback: 4, summary: 'writer: how many skeletons for a scenario' },
    near: {
      kind: 'number',
      min: 0,
      max: 1,
      fallback: 0.7,
      summary: 'writer: from which Jaccard index of word 3-grams on texts are near-duplicates',
    },
    ...CHAT,
    temperature: { ...CHAT.temperature, fallback: 0.9 },
    out: { kind: 'string', value: 'FILE', required: true, summary: 'the file to write' },
  },
  async run({ flags }, io) {
    const { suite, count = DEFAULTS.count, seed, split, prompts, utterances, out } = flags;
    const texts = prompts !== undefined || utterances !== undefined;
    if (flags.writer !== undefined) {
      if (flags.suite === 'open') throw new InputError('--writer', 'writes core or wide; open has its own words');
      if (texts) throw new InputError('--writer', 'writes scenarios; not with --prompts, --utterances');
      const { runWriter } = await import('./writer.ts');
      return runWriter({ ...flags, writer: flags.writer, count }, { ...flags, tools: 'native' }, io);
    }
    if (texts) {
      if (flags.count !== undefined)
        throw new InputError('--count', 'counts scenarios; not with --prompts, --utterances');
      return writeTexts({ suite, seed, split, prompts: prompts ?? 0, utterances: utterances ?? 0 }, out, io);
    }
    await writeAtomic(out, writeSuite({ suite, count, seed, split }, io));
    const place = `${count} scenarios of ${suite}, ${split}, seed ${seed}`;
    io.result({ file: out, suite, split, seed, count }, `${place}, in ${out}`);
    return 0;
  },
});

type Chosen = { readonly suite: SuiteName; readonly seed: number; readonly split: 'train' | 'heldout' };
type Wanted = Chosen & { readonly count: number };
type TextsWanted = Chosen & { readonly prompts: number; readonly utterances: number };

async function* writeSuite({ suite, count, seed, split }: Wanted, io: Io): AsyncGenerator<string> {
  const { generatorOf } = await import('../world/generate/suites.ts');
  const generate = generatorOf(suite);
  const progress = io.progress('generating', count);
  for (let index = 0; index < count; index++) {
    io.signal.throwIfAborted();
    yield `${JSON.stringify(generate(seed, split, index))}\n`;
    progress.step(index + 1);
  }
}

async function writeTexts(wanted: TextsWanted, out: string, io: Io): Promise<number> {
  const { suite, split, seed, prompts, utterances } = wanted;
  await writeAtomic(out, listTexts(wanted, io));
  const place = `${prompts} requests and ${utterances} texts of tools from ${suite}, ${split}, seed ${seed}`;
  io.result({ file: out, suite, split, seed, prompts, utterances }, `${place}, in ${out}`);
  return 0;
}

async function* listTexts(wanted: TextsWanted, io: Io): AsyncGenerator<string> {
  const { generateTexts } = await import('../world/generate/writer/texts.ts');
  const progress = io.progress('generating', wanted.prompts + wanted.utterances);
  let done = 0;
  for (const text of generateTexts(wanted)) {
    io.signal.throwIfAborted();
    yield `${JSON.stringify(text)}\n`;
    progress.step(++done);
  }
}
