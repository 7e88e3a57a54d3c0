// One part of the bench, in a process of its own, so that its memory is its own: prints figures and the peak as JSON.
import { loadWorlds } from '../../src/world/world.ts';
import { measureBlocks } from './block.ts';
import { measureProcesses } from './peers.ts';
import { type Figure, makeTemplate, playEpisode } from './play.ts';
import { measureRate } from './rates.ts';
import { measureMany, measureSingle } from './single.ts';

async function playOne(): Promise<Figure[]> {
  await loadWorlds();
  await playEpisode(makeTemplate(), 1);
  return [];
}

const PARTS: { readonly [name: string]: () => Promise<Figure[]> } = {
  single: measureSingle,
  many: measureMany,
  blocks: measureBlocks,
  typed1: () => measureRate(1, false),
  typed2: () => measureRate(2, false),
  shell1: () => measureRate(1, true),
  shell2: () => measureRate(2, true),
  processes: measureProcesses,
  one: playOne,
};

const part = PARTS[process.argv[2] ?? ''];
if (part === undefined) throw new Error(`no such part, expected one of ${Object.keys(PARTS).join(', ')}`);
const figures = await part();
console.log(JSON.stringify({ figures, memory: process.resourceUsage().maxRSS / 1024 }));
process.exit(0);
