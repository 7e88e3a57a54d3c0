// How fast the generator gives texts: 20,000 requests and 5,000 texts of tools of each suite and split, with and without writing
// them as JSON. Processor time beside the clock, since a shared machine stretches the clock.
// usage: node --conditions=tribune-source bench/texts.ts
import { SUITES } from '../src/world/generate/suite-names.ts';
import { generateTexts } from '../src/world/generate/writer/texts.ts';

const LIMIT = 60;
for (const suite of SUITES) {
  for (const split of ['train', 'heldout'] as const) {
    const [start, used] = [performance.now(), process.cpuUsage()];
    let [count, bytes] = [0, 0];
    for (const text of generateTexts({ suite, split, seed: 7001, prompts: 20_000, utterances: 5_000 })) {
      count += 1;
      bytes += JSON.stringify(text).length + 1;
    }
    const clock = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(used);
    const cpu = (user + system) / 1e6;
    const figures = `${clock.toFixed(1)} s by the clock, ${cpu.toFixed(1)} s of processor time (${(cpu / LIMIT).toFixed(2)} of a minute)`;
    console.log(`${suite} ${split}: ${count} texts, ${(bytes / 1e6).toFixed(1)} MB, ${figures}`);
  }
}
