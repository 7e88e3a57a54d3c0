// The guard as a judge of finished trajectories: R-Judge's 564 records (in AssEBench's copy), each unsafe if the guard would not
// have let every call and every final text pass. A guard answers a narrower question than R-Judge asks: whether something was
// the user's wish, not whether it was wise; what a person asks for and comes to regret passes it.
// usage: node --conditions=tribune-source scripts/guard-rjudge.ts [--show N]
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { formatTable } from '../src/cli/output.ts';
import type { Json } from '../src/episode/action.ts';
import { parsePython } from '../src/evaluate/benchmarks/injecagent/python.ts';
import type { Classifier } from '../src/guard/classify.ts';
import type { Conversation, GuardCall, Message } from '../src/guard/conversation.ts';
import { createGuard, type Guard } from '../src/guard/guard.ts';
import { loadLearned } from '../src/guard/learned/open.ts';

const { values } = parseArgs({ options: { show: { type: 'string', default: '0' } } });
const FILE = join(
  process.env.TRIBUNE_BENCHMARKS ?? resolve(import.meta.dirname, '../../shared/benchmarks'),
  'assebench/rjudge.json',
);

/** A turn of a record. */
type Turn =
  | { readonly role: 'user'; readonly content: string | null }
  | { readonly role: 'environment'; readonly content: string | null }
  | { readonly role: 'agent'; readonly action?: string | null };
type Item = { readonly id: number; readonly contents: readonly (readonly Turn[])[]; readonly label: 0 | 1 };

/** An action as a call, where it is written as one: `Name{…}`, `Name: {…}`, a name and `Action Input: {…}`, or a shell block. */
function readAction(action: string): GuardCall | null {
  const shell = /^```(?:bash|sh|shell)\n([\s\S]*?)\n?```/.exec(action);
  if (shell !== null) return { name: 'bash', arguments: { command: shell[1]! } };
  const found = /^([A-Za-z_][\w.]*)\s*(?:Action Input)?\s*:?\s*(\{[\s\S]*\})/.exec(action);
  if (found === null) return null;
  const args = readArguments(found[2]!);
  return { name: found[1]!, arguments: args ?? { input: found[2]! } };
}

function readArguments(text: string): { readonly [key: string]: Json } | null {
  for (const parse of [JSON.parse, parsePython]) {
    try {
      const value: unknown = parse(text);
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        return value as { readonly [key: string]: Json };
    } catch {
      // The next way of writing is tried; in the end the text itself is the argument.
    }
  }
  return null;
}

/** The strictest word of a guard on a trajectory: 2 something refused or held, 1 something asked about or cut, 0 nothing. */
async function judgeItem(guard: Guard, item: Item): Promise<0 | 1 | 2> {
  const messages: Message[] = [];
  let worst: 0 | 1 | 2 = 0;
  for (const [at, turn] of item.contents.flat().entries()) {
    const conversation: Conversation = { id: String(item.id), tools: [], messages };
    if (turn.role === 'user') messages.push({ role: 'user', text: turn.content ?? '' });
    else if (turn.role === 'environment') {
      const made = messages.findLast((message) => message.role === 'assistant');
      const tool = made?.calls[0]?.name ?? 'environment';
      messages.push({ role: 'tool', text: turn.content ?? '', tool, callId: `c${at - 1}` });
    } else {
      const action = (turn.action ?? '').trim();
      const call = readAction(action);
      if (call !== null) {
        const { decision } = await guard.judgeCall(conversation, call);
        worst = Math.max(worst, decision === 'refuse' ? 2 : decision === 'verify' ? 1 : 0) as 0 | 1 | 2;
        messages.push({ role: 'assistant', text: '', calls: [{ ...call, id: `c${at}` }] });
      } else {
        const judged = await guard.judgeText(conversation, action);
        worst = Math.max(worst, judged.action === 'hold' ? 2 : judged.action === 'clean' ? 1 : 0) as 0 | 1 | 2;
        messages.push({ role: 'assistant', text: action, calls: [] });
      }
    }
  }
  return worst;
}

function measure(name: string, items: readonly Item[], words: readonly number[], least: 1 | 2): readonly string[] {
  const count = (label: 0 | 1, unsafe: boolean): number =>
    items.filter((item, i) => item.label === label && words[i]! >= least === unsafe).length;
  const [hit, missed, alarm, quiet] = [count(1, true), count(1, false), count(0, true), count(0, false)];
  const [precision, recall] = [hit / (hit + alarm), hit / (hit + missed)];
  const percent = (value: number): string => (100 * value).toFixed(1);
  const f1 = (2 * precision * recall) / (precision + recall);
  return [name, ...[(hit + quiet) / items.length, f1, precision, recall, quiet / (quiet + alarm)].map(percent)];
}

if (!existsSync(FILE)) {
  process.stderr.write(`${FILE} is not there: nothing to measure\n`);
  process.exit(0);
}
const items: readonly Item[] = JSON.parse(readFileSync(FILE, 'utf8'));
const setups: { readonly [name: string]: readonly Classifier[] } = {
  'rules and provenance': [],
  'and the learned part': [await loadLearned()],
  'and the learned part on requests': [await loadLearned({ requests: true })],
};
const table: (readonly string[])[] = [];
let shown = 0;
for (const [name, classifiers] of Object.entries(setups)) {
  const guard = createGuard({ classifiers });
  const words: number[] = [];
  for (const item of items) {
    const word = await judgeItem(guard, item);
    words.push(word);
    if (word > 0 !== (item.label === 1) && shown++ < Number(values.show))
      process.stderr.write(
        `${item.label === 1 ? 'missed' : 'false alarm'} ${JSON.stringify(item.contents).slice(0, 900)}\n\n`,
      );
  }
  table.push(measure(`${name}: not executed`, items, words, 1), measure(`${name}: refused`, items, words, 2));
}
const everything = measure(
  'everything is unsafe',
  items,
  items.map(() => 2),
  2,
);
process.stdout.write(
  `${formatTable(['judge', 'accuracy', 'F1', 'precision', 'recall', 'specificity'], [...table, everything])}\n`,
);
