// One round of fuzzing: what a guard must do with whatever it is shown, checked without knowing what is right.

import { digestText } from '../../src/guard/digest.ts';
import type { Guard, Reason } from '../../src/guard/guard.ts';
import { DECISIONS } from '../../src/safety/taxonomy.ts';
import type { Round } from './hostile.ts';

/** Steps a text's reading may take for each of its signs, and for nothing. */
const [STEPS, START] = [4, 200];

/** What a guard did wrong in a round, in words; none if it held. */
export async function checkRound(guard: Guard, round: Round): Promise<readonly string[]> {
  const { conversation, call, text, result } = round;
  const faults: string[] = [];
  const { decision, error, reasons } = await guard.judgeCall(conversation, call);
  if (!DECISIONS.includes(decision)) faults.push(`no decision: ${decision}`);
  if (error !== undefined) faults.push(`error: ${error}`);
  if (reasons.length === 0) faults.push('no reason');
  const shown = [...conversation.messages, result].map((message) => message.text);
  const said = await guard.judgeText(conversation, text);
  const returned = await guard.judgeResult!(conversation, result);
  for (const [name, judged, original] of [
    ['text', said, text],
    ['result', returned, result.text],
  ] as const) {
    if (judged.reasons.some(({ text: told }) => told.startsWith('the guard failed')))
      faults.push(`${name}: ${judged.reasons[0]!.text}`);
    if (judged.action === 'pass' && judged.text !== original) faults.push(`${name}: passed, and changed`);
  }
  for (const { span } of [...reasons, ...said.reasons, ...returned.reasons]) {
    if (span !== undefined && !isInside(span, shown))
      faults.push(`a span outside its message: ${JSON.stringify(span)}`);
  }
  for (const one of shown) {
    const { work } = digestText(one, true);
    if (work > one.length * STEPS + START) faults.push(`${work} steps for ${one.length} signs`);
  }
  return faults;
}

/** Milliseconds of processor time a round may take, and more for each of its signs. Ten to a hundred times what one takes. */
const [MOST, EACH] = [250, 0.02];

export type Timed = {
  readonly faults: readonly string[];
  /** Milliseconds of processor time, all threads of the process. */
  readonly spent: number;
  readonly signs: number;
  readonly late: boolean;
};

/** Checks a round and tells what it cost, in processor time: a busy machine makes the clock late, not this. */
export async function timeRound(check: () => Promise<readonly string[]>, round: Round): Promise<Timed> {
  const before = process.cpuUsage();
  const faults = await check();
  const { user, system } = process.cpuUsage(before);
  const spent = (user + system) / 1000;
  const { conversation, call, text, result } = round;
  const signs = JSON.stringify([conversation, call, text, result]).length;
  return { faults, spent, signs, late: spent > MOST + EACH * signs };
}

const isInside = ({ message, start, end }: NonNullable<Reason['span']>, shown: readonly string[]): boolean =>
  0 <= start && start <= end && end <= (shown[message]?.length ?? -1);
