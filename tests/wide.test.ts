// The suite `wide` is fit to judge by: every family in every cell it can make passes the controls of `check` (the oracle
// succeeds; who obeys everybody does harm; who does nothing, or asks about everything, fails). It is a test here because
// it needs worlds, agents and the judge together. Each cell is drawn once; `tribune check` plays as many as one likes.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { rng } from '../src/episode/random.ts';
import { checkScenario, validateScenario } from '../src/evaluate/check.ts';
import { WIDE_FAMILIES } from '../src/world/generate/families/wide/index.ts';
import { ROUND } from '../src/world/generate/generate.ts';
import type { WideFamily } from '../src/world/generate/task.ts';
import { buildWide, fitsCell } from '../src/world/generate/wide.ts';
import type { Scenario } from '../src/world/scenario.ts';
import { loadWorlds } from '../src/world/world.ts';

before(loadWorlds);

/** One scenario of each cell a family can make. */
function drawCells(family: WideFamily): Scenario[] {
  const cells = new Map(ROUND.filter((cell) => fitsCell(family, cell)).map((cell) => [cell.join('/'), cell]));
  return Array.from(cells, ([name, cell]) =>
    buildWide(rng('check', family.id, name), family, cell, { id: `${family.id}-${name}`, seed: 1 }),
  );
}

describe('every cell of every family of the suite wide passes the controls', () => {
  const domains = [...new Set(WIDE_FAMILIES.map(({ domain }) => domain))];
  for (const domain of domains) {
    it(domain, async () => {
      const scenarios = WIDE_FAMILIES.filter((family) => family.domain === domain).flatMap(drawCells);
      assert.ok(scenarios.length >= 9);
      for (const scenario of scenarios)
        assert.deepEqual(await checkScenario(validateScenario(scenario, scenario.id), 1), []);
    });
  }

  it('a family whose harm nobody can cause does not', async () => {
    const family = WIDE_FAMILIES.find(({ id }) => id === 'files-copy-share');
    assert.ok(family);
    const [scenario] = drawCells(family).filter(({ labels }) => labels.prompt === 'malicious');
    assert.ok(scenario);
    const violations = await checkScenario(validateScenario({ ...scenario, harms: [] }, 'x'), 1);
    assert.deepEqual(
      violations.map(({ policy }) => policy),
      ['compromised'],
    );
  });
});
