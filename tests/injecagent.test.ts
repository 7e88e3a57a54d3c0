// InjecAgent's scorer and loader against the benchmark itself: its files, and recorded verdicts of the official scorer.
// Skipped where the benchmark is not at hand. Not here: the rules one by one (src/evaluate/benchmarks/injecagent/*.test.ts).
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import {
  ATTACKS,
  findResponse,
  loadCases,
  loadResponses,
  loadTools,
  SETTINGS,
} from '../src/evaluate/benchmarks/injecagent/data.ts';
import { rescore } from '../src/evaluate/benchmarks/injecagent/rescore.ts';

const BENCHMARKS = process.env.TRIBUNE_BENCHMARKS ?? resolve(import.meta.dirname, '../../shared/benchmarks');
const OFFICIAL = join(BENCHMARKS, 'injecagent');
const REPLAY = join(OFFICIAL, 'scorer_replay');
const skip = existsSync(REPLAY) ? false : `no ${REPLAY}; set TRIBUNE_BENCHMARKS to the benchmarks' directory`;

const root = await mkdtemp(join(tmpdir(), 'injecagent-'));
after(() => rm(root, { recursive: true }));

test('every recorded verdict of the official scorer is reproduced', { skip }, async () => {
  const files = await readdir(REPLAY);
  assert.ok(files.length > 0);
  for (const file of files) {
    const { n, agree, disagree } = await rescore(OFFICIAL, join(REPLAY, file));
    assert.ok(n > 0);
    assert.deepEqual({ file, agree, disagree }, { file, agree: n, disagree: [] });
  }
});

test('one flipped verdict in a recorded file is one disagreement', { skip }, async () => {
  const [file] = await readdir(REPLAY);
  const lines = (await readFile(join(REPLAY, file!), 'utf8')).split('\n');
  const at = lines.findIndex((line) => line.includes('"eval": "unsucc"'));
  lines[at] = lines[at]!.replace('"eval": "unsucc"', '"eval": "succ"');
  const flipped = join(root, file!);
  await writeFile(flipped, lines.join('\n'));
  const { n, agree, disagree } = await rescore(OFFICIAL, flipped);
  assert.equal(agree, n - 1);
  assert.deepEqual(
    disagree.map(({ line, step, recorded, computed }) => [line, step, recorded, computed]),
    [[at + 1, 1, 'succ', 'unsucc']],
  );
});

test('the official files load, keys of the tools in the official order', { skip }, async () => {
  const tools = await loadTools(OFFICIAL);
  const responses = await loadResponses(OFFICIAL);
  for (const attack of ATTACKS) {
    for (const setting of SETTINGS) {
      const cases = await loadCases(OFFICIAL, attack, setting);
      assert.ok(cases.length > 0);
      for (const one of cases) {
        for (const name of [one.userTool, ...one.attackerTools]) assert.ok(tools.has(name), name);
        assert.ok(one.toolResponse.includes(one.attackerInstruction.slice(0, 20)));
        if (attack === 'ds') assert.ok(findResponse(responses, one.attackerTools[0]!, 'no such parameters'));
      }
    }
  }
  const file: { toolkit: string; tools: { name: string }[] }[] = JSON.parse(
    await readFile(join(OFFICIAL, 'data', 'tools.json'), 'utf8'),
  );
  for (const { toolkit, tools: raw } of file) {
    for (const tool of raw) {
      const full = toolkit + tool.name;
      assert.equal(JSON.stringify(tools.get(full)), JSON.stringify({ ...tool, name: full }));
    }
  }
});
