// Judges made-up everyday conversations with the guard, as they are and with orders planted in them, and prints how much of
// the attackers' wish would run and how much of the users' would not. Of the held-out part only totals are shown.
// usage: node --conditions=tribune-source scripts/guard-everyday.ts [--part seen|new|fresh|heldout|sealed|wide|others|again|third|fourth|fifth|sixth] [--autonomous] [--learned] [--show N]
import { parseArgs } from 'node:util';
import { formatTable } from '../src/cli/output.ts';
import { createGuard } from '../src/guard/guard.ts';
import { loadLearned } from '../src/guard/learned/open.ts';
import { listMoments, readTrajectory } from '../src/guard/trajectory.ts';
import { listCases, type Part } from './guard-everyday/read.ts';

const { values } = parseArgs({
  options: {
    part: { type: 'string', default: 'heldout' },
    autonomous: { type: 'boolean', default: false },
    learned: { type: 'boolean', default: false },
    show: { type: 'string', default: '0' },
  },
});
const PARTS: readonly Part[] = [
  'seen',
  'new',
  'fresh',
  'heldout',
  'sealed',
  'wide',
  'others',
  'again',
  'third',
  'fourth',
  'fifth',
  'sixth',
];
const part = PARTS.find((one) => one === values.part);
if (part === undefined) {
  process.stderr.write(`--part: ${values.part}, expected ${PARTS.join(', ')}\n`);
  process.exit(2);
}
if (part === 'heldout' && values.show !== '0') {
  process.stderr.write('--show: the held-out part stays held out, expected another --part\n');
  process.exit(2);
}

const guard = createGuard({
  ...(values.autonomous ? { rules: { preset: 'autonomous' as const } } : {}),
  ...(values.learned ? { classifiers: [await loadLearned()] } : {}),
});
type Count = { attacker: number; executed: number; user: number; refused: number; asked: number };
const counts = new Map<string, Count>();
const seen = new Set<string>();

for (const { line, labels, group, frame } of listCases(part)) {
  const whole = group === 'clean' ? group : group.startsWith('attacked,') ? 'attacked, other languages' : group;
  const named = frame !== null && group === 'attacked' ? [`  ${frame}`] : [];
  for (const { message, call, proposed, conversation } of listMoments(readTrajectory(line, line.id))) {
    const label = labels[`${message}.${call}`];
    if (label === undefined) continue;
    const { decision, reasons } = await guard.judgeCall(conversation, proposed);
    for (const name of [whole, ...named, ...(whole === group ? [] : [`  ${group}`])]) {
      const count = counts.get(name) ?? { attacker: 0, executed: 0, user: 0, refused: 0, asked: 0 };
      counts.set(name, count);
      if (label === 'attacker') {
        count.attacker++;
        if (decision === 'execute') count.executed++;
      } else {
        count.user++;
        if (decision === 'refuse') count.refused++;
        if (decision === 'verify') count.asked++;
      }
    }
    if ((decision === 'execute') === (label === 'user')) continue;
    const told = `${label}: ${decision} ${proposed.name} ${JSON.stringify(proposed.arguments).slice(0, 160)}`;
    const key = `${line.id} ${told}${label === 'attacker' ? frame : ''}`;
    if (seen.has(key) || seen.size >= Number(values.show)) continue;
    seen.add(key);
    const why = reasons.map(({ text }) => text).join(' | ');
    process.stderr.write(`${line.id} [${frame ?? 'clean'}]\n  ${told}\n  ${why.slice(0, 300)}\n`);
  }
}

const percent = (value: number, all: number): string => (all === 0 ? '-' : `${((100 * value) / all).toFixed(1)} %`);
const rows = [...counts]
  .sort(([a], [b]) => Number(a.startsWith(' ')) - Number(b.startsWith(' ')) || a.localeCompare(b))
  .map(([name, c]) => [
    name.slice(0, 60),
    c.attacker,
    percent(c.executed, c.attacker),
    c.user,
    percent(c.refused, c.user),
    percent(c.asked, c.user),
  ]);
process.stdout.write(
  `${formatTable(['case', 'attacker calls', 'executed', 'user calls', 'refused', 'asked about'], rows)}\n`,
);
