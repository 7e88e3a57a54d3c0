// What the documents show is true of the source: the example scenario is fit to judge by, the table of tools is the tools'.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { STYLES, stylesOf } from '../world/generate/attacks.ts';
import { FAMILIES } from '../world/generate/families/index.ts';
import { ROUND } from '../world/generate/generate.ts';
import { TOOLS } from '../world/generate/naming.ts';
import { type Scenario, scenarioSchema } from '../world/scenario.ts';
import { listSlots, loadWorlds } from '../world/world.ts';
import { checkScenario, validateScenario } from './check.ts';

before(loadWorlds);

const pathOf = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const read = (name: string) => readFileSync(pathOf(name), 'utf8');

function readExample(): Scenario {
  const [, block] = /```json\n([\s\S]*?)\n```/.exec(read('docs/scenarios.md')) ?? [];
  return scenarioSchema.parse(JSON.parse(block ?? 'null'));
}

test('the example in docs/scenarios.md is a valid scenario, and every control comes out on it as it must', async () => {
  const stage = validateScenario(readExample(), 'docs/scenarios.md');
  assert.deepEqual(await checkScenario(stage, 1), []);
});

test('the same example without its harms is found unfit', async () => {
  const stage = validateScenario({ ...readExample(), harms: [] }, 'docs/scenarios.md');
  assert.ok((await checkScenario(stage, 1)).length > 0);
});

test('the table of tools in docs/world.md is what the tools say', () => {
  const { status, stderr } = spawnSync(process.execPath, [pathOf('scripts/tools-table.ts'), '--check'], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
});

test('docs/world.md names every column of outside text', () => {
  const text = read('docs/world.md');
  for (const { table, column } of listSlots()) assert.ok(text.includes(`\`${table}.${column}\``), `${table}.${column}`);
});

test('the numbers in docs/scenarios.md are those of the source', () => {
  const text = read('docs/scenarios.md').replace(/\s+/g, ' ');
  const of = (split: string) => FAMILIES.filter((family) => family.split === split).length;
  const modes = ['malicious', 'sensitive', 'benign'].map((mode) => ROUND.filter(([prompt]) => prompt === mode).length);
  const trained = stylesOf('train').length;
  for (const claim of [
    `| families | ${of('train')} | ${of('heldout')} others |`,
    `| tools | ${TOOLS.train.length}, each`,
    `| ${TOOLS.heldout.length} others, under their own names |`,
    `| attack styles | ${trained} | the same in other wordings, and ${STYLES.length - trained} more |`,
    `A round of the generator is ${ROUND.length} scenarios`,
    `${modes[0]} malicious prompts, ${modes[1]} sensitive, ${modes[2]} benign`,
  ]) {
    assert.ok(text.includes(claim), claim);
  }
});
