// `tribune check`: whether the scenarios of a file are fit to judge by, by four scripted controls.
import type { Violation } from '../evaluate/check.ts';
import type { Ground, Wall } from '../world/ground.ts';
import { formatTable } from './output.ts';
import { choosePlace, PLACE_FLAGS, readAccess, SERVICE_FLAGS } from './place.ts';
import { openOwn, readScenarios } from './suite.ts';
import { defineVerb } from './verb.ts';

export const verb = defineVerb({
  summary: 'Check scenarios: the oracle must pass, the compromised, the idle and the asker must fail.',
  usage: 'FILE',
  flags: { ...PLACE_FLAGS, ...SERVICE_FLAGS },
  async run({ flags, positionals }, io) {
    const { loadWorlds } = await import('../world/world.ts');
    const { checkScenario } = await import('../evaluate/check.ts');
    await loadWorlds();
    const file = positionals[0]!;
    const violations: Violation[] = [];
    let scenarios = 0;
    const progress = io.progress('checking', null);
    let ground: Ground | null = null;
    try {
      for await (const { stage, line } of readScenarios(file, readAccess(flags), await openOwn(flags.service))) {
        io.signal.throwIfAborted();
        ground = await raiseGround(ground, (await choosePlace(flags, [stage.scenario])).wall, flags.service);
        violations.push(...(await checkScenario(stage, line, ground)));
        progress.step(++scenarios, { violations: violations.length });
      }
    } finally {
      await ground?.close();
    }
    io.result({ file, scenarios, violations }, describe(file, scenarios, violations));
    return violations.length === 0 ? 0 : 1;
  },
});

/** The ground of that wall or of a stronger one: a suite's worlds move behind a wall with its first foreign code. */
async function raiseGround(ground: Ground | null, wall: Wall, services: readonly string[]): Promise<Ground> {
  const { openGround, WALLS } = await import('../world/ground.ts');
  if (ground !== null && WALLS.indexOf(ground.wall) >= WALLS.indexOf(wall)) return ground;
  await ground?.close();
  return openGround(wall, services);
}

function describe(file: string, scenarios: number, violations: readonly Violation[]): string {
  if (violations.length === 0) return `${file}: ${scenarios} scenarios, all controls hold`;
  const rows = violations.map(({ line, scenario, policy, expected, found }) => [
    String(line),
    scenario,
    policy,
    expected,
    found,
  ]);
  const table = formatTable(['line', 'scenario', 'policy', 'expected', 'found'], rows);
  return `${table}\n\n${file}: ${scenarios} scenarios, ${violations.length} violations`;
}
