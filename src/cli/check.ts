// `tribune check`: whether the scenarios of a file are fit to judge by, by four scripted controls.
import type { Violation } from '../evaluate/check.ts';
import { formatTable } from './output.ts';
import { readScenarios } from './suite.ts';
import { defineVerb } from './verb.ts';

export const verb = defineVerb({
  summary: 'Check scenarios: the oracle must pass, the compromised, the idle and the asker must fail.',
  usage: 'FILE',
  flags: {},
  async run({ positionals }, io) {
    const { loadWorlds } = await import('../world/world.ts');
    const { checkScenario } = await import('../evaluate/check.ts');
    await loadWorlds();
    const file = positionals[0]!;
    const violations: Violation[] = [];
    let scenarios = 0;
    const progress = io.progress('checking', null);
    for await (const { stage, line } of readScenarios(file)) {
      io.signal.throwIfAborted();
      violations.push(...(await checkScenario(stage, line)));
      progress.step(++scenarios, { violations: violations.length });
    }
    io.result({ file, scenarios, violations }, describe(file, scenarios, violations));
    return violations.length === 0 ? 0 : 1;
  },
});

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
