// What an adapter saves: memory and time of a training step of all weights and of an adapter, each in a process of its own.
// `node bench/adapter.ts [--json] [--rounds N]`. Memory is the highest resident set; the ratio within one round is what to
// look at. The model has 28 million parameters, the adapter rank 8 on all seven projections; 2 sequences of 256 tokens.
import { spawnSync } from 'node:child_process';
import { AdapterLearner } from '../src/policy/local/adapt.ts';
import { seedGenerator } from '../src/policy/local/choose.ts';
import { cpuExecutor } from '../src/policy/local/executor.ts';
import { PROJECTIONS } from '../src/policy/local/family.ts';
import { LocalLearner } from '../src/policy/local/learner.ts';
import { initialiseAdapter } from '../src/policy/local/lora.ts';
import { initialise, type ModelConfig } from '../src/policy/local/model.ts';

const config: ModelConfig = {
  ...{ vocab: 4096, width: 512, layers: 8, heads: 8, kvHeads: 8, headDim: 64, hidden: 1408 },
  ...{ theta: 10_000, eps: 1e-6, context: 512 },
};
const KINDS = ['load', 'full', 'adapter'] as const;
type Kind = (typeof KINDS)[number];
/** `mib`: highest resident set; `ms`: the fastest step; `learned`: parameters. */
type Figures = { readonly mib: number; readonly ms: number; readonly learned: number };

async function measure(kind: Kind): Promise<Figures> {
  const rng = seedGenerator(1);
  const theta = initialise(config, rng);
  const lora = { rank: 8, alpha: 16, targets: PROJECTIONS };
  const executor = cpuExecutor({ threads: 2 });
  const learner =
    kind === 'adapter'
      ? new AdapterLearner(config, theta, initialiseAdapter(config, lora, rng), executor)
      : kind === 'full'
        ? new LocalLearner(config, theta, executor)
        : null;
  const data = [0, 1].map(() => ({
    tokens: Int32Array.from({ length: 256 }, () => Math.floor(rng() * config.vocab)),
    weights: Float32Array.from({ length: 256 }, (_, at) => (at === 0 ? 0 : 1 / 510)),
  }));
  let ms = Number.POSITIVE_INFINITY;
  for (let step = 0; learner !== null && step < 5; step++) {
    const start = performance.now();
    await learner.forwardBackward({ data }, { kind: 'crossEntropy' });
    await learner.optimStep({ learningRate: 1e-4 });
    ms = Math.min(ms, performance.now() - start);
  }
  return {
    mib: process.resourceUsage().maxRSS / 1024,
    ms: learner ? ms : 0,
    learned: learner?.state().theta.length ?? 0,
  };
}

function run(kind: Kind): Figures {
  const { stdout, stderr } = spawnSync(process.execPath, [...process.execArgv, import.meta.filename, kind], {
    encoding: 'utf8',
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Figures;
}

const kind = KINDS.find((name) => name === process.argv[2]);
if (kind) {
  console.log(JSON.stringify(await measure(kind)));
} else {
  const at = process.argv.indexOf('--rounds');
  const rounds = Array.from({ length: at < 0 ? 3 : Number(process.argv[at + 1]) }, () => {
    const [load, full, adapter] = KINDS.map(run) as [Figures, Figures, Figures];
    const memory = (adapter.mib - load.mib) / (full.mib - load.mib);
    return { load, full, adapter, memory, time: adapter.ms / full.ms };
  });
  if (process.argv.includes('--json')) console.log(JSON.stringify(rounds, null, 2));
  else
    for (const { load, full, adapter, memory, time } of rounds)
      console.log(
        `model alone ${Math.round(load.mib)} MiB; all weights ${Math.round(full.mib)} MiB, ${Math.round(full.ms)} ms; adapter ` +
          `${Math.round(adapter.mib)} MiB, ${Math.round(adapter.ms)} ms; above the model ${memory.toFixed(2)} × memory, ${time.toFixed(2)} × time`,
      );
}
