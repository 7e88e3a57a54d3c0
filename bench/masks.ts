// What wide token ids cost the small model: drawing, gathering and packing under masks of 32-bit ids beside 16-bit ones, as CPU
// time of a process of its own, in turns. `node bench/masks.ts [--rounds N]`. Vocabulary 1,500, as the default run's.
import { spawnSync } from 'node:child_process';
import { packBatch } from '../src/policy/local/batch.ts';
import { chooseToken, type Ids, seedGenerator } from '../src/policy/local/choose.ts';
import type { ModelConfig } from '../src/policy/local/model.ts';
import { tabulateMasks } from '../src/train/choices.ts';

const config: ModelConfig = {
  ...{ vocab: 1500, width: 128, layers: 4, heads: 4, kvHeads: 4, headDim: 32, hidden: 256 },
  ...{ theta: 500, eps: 1e-6, context: 320 },
};

/** Milliseconds of CPU for one iteration's worth of each, the least of several. */
function measure(bits: 16 | 32): { readonly [work: string]: number } {
  const rng = seedGenerator(3);
  const draw = (count: number): number[] => Array.from({ length: count }, () => Math.floor(rng() * config.vocab));
  const masks = Array.from({ length: 400 }, (_, at): Ids => {
    const ids = draw(at % 5 === 0 ? 900 : 3 + (at % 40)).sort((a, b) => a - b);
    return bits === 16 ? Uint16Array.from(ids) : Uint32Array.from(ids);
  });
  const logits = Float32Array.from({ length: config.vocab }, () => rng() * 4);
  const episodes = Array.from({ length: 192 }, () =>
    Array.from({ length: 200 }, (_, at) => (at % 3 === 0 ? masks[Math.floor(rng() * masks.length)]! : null)),
  );
  const { table, rows } = tabulateMasks(episodes);
  const data = rows.map((own) => ({
    tokens: new Int32Array(200),
    masks: own,
    weights: Float32Array.from(own, (row, at) => (at > 0 && row >= 0 ? 1 : 0)),
  }));
  return {
    draw: least(() => {
      for (let at = 0; at < 4000; at++) chooseToken(logits, masks[at % 400]!, { temperature: 1, behaviour: null, rng });
    }),
    send: least(() => structuredClone(episodes)),
    gather: least(() => tabulateMasks(episodes)),
    pack: least(() => packBatch(config, { data, maskTable: table }, { tokens: 2048, masked: true })),
  };
}

function least(work: () => unknown): number {
  return Math.min(
    ...Array.from({ length: 15 }, () => {
      const before = process.cpuUsage();
      work();
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000;
    }),
  );
}

const [own] = process.argv.slice(2);
if (own === '16' || own === '32') {
  console.log(JSON.stringify(measure(own === '16' ? 16 : 32)));
} else {
  const at = process.argv.indexOf('--rounds');
  const run = (bits: string): { readonly [work: string]: number } =>
    JSON.parse(
      spawnSync(process.execPath, [...process.execArgv, import.meta.filename, bits], { encoding: 'utf8' }).stdout,
    ) as { readonly [work: string]: number };
  for (let round = 0; round < (at < 0 ? 5 : Number(process.argv[at + 1])); round++) {
    const [narrow, wide] = [run('16'), run('32')];
    const ratios = Object.keys(narrow).map((work) => `${work} ${(wide[work]! / narrow[work]!).toFixed(2)}`);
    console.log(`32 bits / 16 bits: ${ratios.join(', ')}`);
  }
}
