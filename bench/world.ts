// What worlds cost, in one run: forking, resetting, calling, ten-call episodes on one and two threads, ten thousand worlds at
// once, the longest time a call keeps the thread; beside one process for each episode and, where the Python package
// `agentdojo` is installed, AgentDojo's loop. Medians, with the peak memory of the process that measured them, and rates as
// multiples of AgentDojo's and the processes'. `node scripts/run.mjs bench/world.ts [--json] [--python PATH] [--only PART,…]`.
// Times are those of this machine while it does whatever else it does: compare within one run, not between runs.
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Measured, measureAgentDojo } from './world/peers.ts';
import type { Figure } from './world/play.ts';

const PARTS = ['single', 'typed1', 'typed2', 'shell1', 'shell2', 'processes', 'many', 'blocks'] as const;

/** A figure with the peak memory of its process in MiB, and its multiples of the references. */
type Row = Figure & {
  readonly memory: number;
  readonly held: boolean | null;
  readonly ratios: readonly (number | null)[];
};

/** Runs one part in a process of its own. */
function runPart(name: string): Measured {
  const file = fileURLToPath(new URL('./world/part.ts', import.meta.url));
  const args = ['--conditions=tribune-source', '--expose-gc', file, name];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 24 });
  if (status !== 0) throw new Error(`the part ${name} failed: ${stderr.trim().slice(-2000)}`);
  return JSON.parse(stdout) as Measured;
}

/** Whether a figure is what it must be: times and memory not above, rates and counts not below. */
function isHeld({ value, unit, target }: Figure): boolean | null {
  if (target === undefined) return null;
  return unit === 'ms' || unit === 'KiB' || unit === 'MiB' ? value <= target : value >= target;
}

function measureAll(python: string, only: readonly string[]): Row[] {
  const wanted = (name: string) => only.length === 0 || only.includes(name);
  const bare = wanted('agentdojo') ? measureAgentDojo(python, 'bare', 400) : null;
  const whole = wanted('agentdojo') ? measureAgentDojo(python, 'whole', 25) : null;
  const loaded = wanted('agentdojo') ? measureAgentDojo(python, 'loaded', 40) : null;
  const parts = PARTS.filter(wanted).map(runPart);
  const peers = [bare, whole, loaded].flatMap((peer) => (peer === null ? [] : [peer]));
  const all = [...parts, ...peers].flatMap(({ figures, memory }) => figures.map((figure) => ({ figure, memory })));
  const rate = (measured: Measured | null) => measured?.figures[0]?.value ?? null;
  const processes = all.find(({ figure }) => figure.name.startsWith('a process'))?.figure.value ?? null;
  const references = [rate(bare), rate(whole), processes];
  return all.map(({ figure, memory }) => {
    const isRate = figure.unit === '/s' && /episode|AgentDojo/.test(figure.name) && !figure.name.includes('at once');
    const ratios = references.map((reference) => (isRate && reference !== null ? figure.value / reference : null));
    return { ...figure, memory, held: isHeld(figure), ratios };
  });
}

const RATIOS = ['bare copy', 'whole copy', 'process'];

function printRow({ name, value, unit, memory, target, held, ratios }: Row): void {
  const shown = value.toFixed(value < 10 ? 3 : value < 100 ? 1 : 0).padStart(9);
  const aim = target === undefined ? '' : `${held ? 'held' : 'MISSED'} ${target}`;
  const times = ratios.map((ratio) => (ratio === null ? '' : `${ratio.toFixed(2)}x`).padStart(11)).join('');
  console.log(
    `${name.padEnd(66)}${shown} ${unit.padEnd(9)}${aim.padEnd(14)}${memory.toFixed(0).padStart(6)} MiB${times}`,
  );
}

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    python: { type: 'string', default: 'python3' },
    only: { type: 'string', default: '' },
  },
});
const rows = measureAll(flags.python, flags.only === '' ? [] : flags.only.split(','));
if (flags.json)
  console.log(JSON.stringify({ node: process.version, processors: cpus().length, ratios: RATIOS, figures: rows }));
else {
  const head = RATIOS.map((name) => name.padStart(11)).join('');
  console.log(
    `${''.padEnd(66)}${'median'.padStart(9)} ${''.padEnd(9)}${'target'.padEnd(14)}${'peak'.padStart(10)}${head}`,
  );
  for (const row of rows) printRow(row);
}
