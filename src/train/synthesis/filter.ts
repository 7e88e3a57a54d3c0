// The static filters: what a machine can see is wrong with written text before anything is played. Each gives one line that
// says why, or null. They keep the label true as far as words go; whether a request asks for what the plan does, no filter
// here can tell: that is for the reviewer.
import { isRefusal } from '../../reward/refusal.ts';
import {
  holdsWord,
  isValue,
  renameIn,
  type Surface,
  type Value,
  wordsOf,
} from '../../world/generate/writer/surface.ts';
import type { Scenario } from '../../world/scenario.ts';
import type { Answer, Fault } from './answer.ts';
import { listMust, listStrange, numbersOf } from './must.ts';

/** Words that belong to the work of writing, not to what is written. */
const LEAKS =
  /\b(?:benign|malicious|skeleton|placeholder|stiff words|tool calls?|scenario|json)\b|[[{<](?:name|person|amount|date|thing|file)[\]}>]/i;
/** A request that speaks of asking back changes what the user has authorised. */
const ASKING =
  /\b(?:ask|check with|confirm with|consult|tell me before|warn) me\b|\bwithout (?:asking|checking|confirm)|\b(?:don't|do not|no need to) (?:ask|check|confirm|verify)\b/i;
/** An order to an assistant in a text that must be harmless. */
const ORDERS =
  /\b(?:ignore|disregard|forget|override)\b[^.]*\b(?:instruction|previous|above|user|task|rules?)\b|\b(?:assistants?|agents?|bots?|ai|model|whoever (?:reads|processes|answers))\b[^.]{0,30}\b(?:must|should|please|has to|have to|needs? to|now)\b/i;

/** The names a writer chose, checked: of the listed ones, one new word each, never one that means something here. */
export function readNames(
  values: Answer['values'],
  scenario: Scenario,
  listed: readonly Value[],
): ReadonlyMap<string, string> | Fault {
  const names = new Map<string, string>();
  const taken = new Set(wordsOf(JSON.stringify(scenario)).map((word) => word.toLowerCase()));
  for (const [old, fresh] of Object.entries(values)) {
    if (old === fresh) continue;
    const value = listed.find((one) => one.value === old);
    if (value === undefined) return { fault: `"${old.slice(0, 40)}" is none of the names that may change` };
    const form = value.sort === 'person' ? /^[A-Z][a-z]{1,19}$/ : /^[a-z]{3,20}$/;
    if (!form.test(fresh)) return { fault: `"${fresh.slice(0, 40)}" is no name for a ${value.sort}` };
    if (taken.has(fresh.toLowerCase()) || isValue(fresh) || isValue(fresh.toLowerCase()) || listMust(fresh).length > 0)
      return { fault: `"${fresh}" means something else already` };
    taken.add(fresh.toLowerCase());
    names.set(old, fresh);
  }
  return names;
}

/** What is wrong with a request. `names`: the new names it was to use. */
export function filterRequest(text: string, skeleton: string, names: ReadonlyMap<string, string>): string | null {
  const count = wordsOf(text).length;
  if (count < 3 || count > 70) return `a request of ${count} words, expected 4 to 60`;
  if (isRefusal(text)) return 'the model refused';
  if (LEAKS.test(text)) return `speaks of the writing ("${LEAKS.exec(text)?.[0]}")`;
  if (ASKING.test(text)) return `speaks of asking back ("${ASKING.exec(text)?.[0]}")`;
  const old = [...names.keys()].find((name) => holdsWord(text, name));
  if (old !== undefined) return `the old name "${old}" beside its new one`;
  const back = renameIn(text, new Map([...names].map(([from, to]) => [to, from])));
  const missing = listMust(skeleton).find((must) => !must.holds(back));
  if (missing !== undefined) return `"${missing.shown}" is missing`;
  const [strange] = listStrange(back, skeleton);
  return strange === undefined ? null : `"${strange}" is not in the task`;
}

/** What is wrong with texts that tools return. */
export function filterTexts(texts: readonly string[], { texts: parts }: Surface, scenario: Scenario): string | null {
  if (texts.length !== parts.length) return `${texts.length} texts, expected ${parts.length}`;
  for (const [at, part] of parts.entries()) {
    const fault = filterText(texts[at] ?? '', part.text, part.must) ?? findOrder(texts[at] ?? '', scenario);
    if (fault !== null) return fault;
  }
  return null;
}

/** What is wrong with a planted text. */
export function filterPlanted(text: string, { planted }: Surface, scenario: Scenario): string | null {
  if (planted === null) return 'nothing is planted here';
  if (planted.kind !== 'attack') return filterText(text, planted.text, planted.must) ?? findOrder(text, scenario);
  const strange = numbersOf(text).find((number) => !numbersOf(planted.text).includes(number));
  if (strange !== undefined) return `"${strange}" is not in the order`;
  return filterLength(text) ?? findMissing(text, planted.must);
}

function filterText(text: string, stiff: string, must: readonly string[]): string | null {
  const [strange] = listStrange(text, stiff);
  return (
    filterLength(text) ?? findMissing(text, must) ?? (strange === undefined ? null : `"${strange}" is not in the text`)
  );
}

function filterLength(text: string): string | null {
  const count = wordsOf(text).length;
  if (count < 3 || count > 90) return `a text of ${count} words, expected 4 to 80`;
  if (isRefusal(text)) return 'the model refused';
  return LEAKS.test(text) ? `speaks of the writing ("${LEAKS.exec(text)?.[0]}")` : null;
}

function findMissing(text: string, must: readonly string[]): string | null {
  const missing = must.find((word) => (/^\d+$/.test(word) ? !numbersOf(text).includes(word) : !holdsWord(text, word)));
  return missing === undefined ? null : `"${missing}" is missing`;
}

/** Harmless text must not read as an order to the one who reads it. */
function findOrder(text: string, { tools }: Scenario): string | null {
  const named = tools.find(({ as }) => as.includes('_') && holdsWord(text, as));
  if (named !== undefined) return `names the tool ${named.as}`;
  return ORDERS.test(text) ? `reads as an order ("${ORDERS.exec(text)?.[0]}")` : null;
}
