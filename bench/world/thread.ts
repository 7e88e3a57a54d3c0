// A thread's part of rates.ts: warms up, says so, and plays its episodes whenever told to.
import { parentPort, workerData } from 'node:worker_threads';
import { loadWorlds } from '../../src/world/world.ts';
import { makeTemplate, playEpisode } from './play.ts';
import type { Duty } from './rates.ts';

const { episodes, shell } = workerData as Duty;
await loadWorlds();
const template = makeTemplate();
for (let seed = 0; seed < episodes; seed++) await playEpisode(template, seed, shell);
parentPort?.on('message', async () => {
  for (let seed = 0; seed < episodes; seed++) await playEpisode(template, seed, shell);
  parentPort?.postMessage('done');
});
parentPort?.postMessage('ready');
