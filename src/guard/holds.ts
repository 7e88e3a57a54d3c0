// Whether the conditions of a rule hold for a call. Loaded with the first rule that is asked about.
import type { Json } from '../episode/action.ts';
import type { GuardCall } from './conversation.ts';
import { traceValue } from './explain.ts';
import { readLeaf } from './facts.ts';
import { testSchema } from './fits.ts';
import { hostOf, isInside } from './literals.ts';
import type { Answer, Condition, Predicate, Tracer } from './predicate.ts';
import type { Rule } from './rulebook.ts';
import type { View } from './view.ts';

/** Whether a rule's conditions hold; one that cannot be told holds where the rule restricts. */
export function holds(rule: Rule, call: GuardCall, view: View): boolean {
  const doubt = rule.decision !== 'execute';
  const trace: Tracer = (value) => (typeof value === 'object' ? 'model' : traceValue(view, readLeaf(value, [])).from);
  const test = (condition: Condition): boolean | null => testCondition(condition, call.arguments, trace);
  if (rule.when !== undefined && !(test(rule.when) ?? doubt)) return false;
  if (rule.schema !== undefined && !(testSchema(rule.schema, call.arguments) ?? doubt)) return false;
  return rule.unless === undefined || !(test(rule.unless) ?? !doubt);
}

/** Whether every condition holds for the arguments. */
export function testCondition(condition: Condition, values: { readonly [key: string]: Json }, trace: Tracer): Answer {
  return every(Object.entries(condition).map(([path, predicate]) => testPath(path, predicate, values, trace)));
}

/** All of the answers: false as soon as one is, else null as soon as one is. */
function every(answers: readonly Answer[]): Answer {
  if (answers.includes(false)) return false;
  return answers.includes(null) ? null : true;
}

/** A path that leads to several values holds where one of them does. */
function testPath(path: string, predicate: Predicate, values: Json, trace: Tracer): Answer {
  const found = findValues(values, path.split('.'));
  const rules = typeof predicate === 'object' && predicate !== null ? predicate : { is: predicate };
  if (rules.present !== undefined && found.length > 0 !== rules.present) return false;
  if (found.length === 0) return rules.present === false;
  const answers = found.map((value) => testValue(rules, value, trace));
  if (answers.includes(true)) return true;
  return answers.includes(null) ? null : false;
}

function findValues(value: Json, path: readonly string[]): readonly Json[] {
  const [step, ...rest] = path;
  if (step === undefined) return Array.isArray(value) ? value : [value];
  if (typeof value !== 'object' || value === null) return [];
  if (step === '*') return Object.values(value).flatMap((inner) => findValues(inner, rest));
  if (!Object.hasOwn(value, step)) return [];
  return findValues(Object.entries(value).find(([key]) => key === step)![1], rest);
}

type Rules = Exclude<Predicate, string | number | boolean | null>;

function testValue(rules: Rules, value: Json, trace: Tracer): Answer {
  const answers: Answer[] = [];
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const low = text.toLowerCase().slice(0, 100_000);
  if (rules.is !== undefined) answers.push(same(value, rules.is));
  if (rules.not !== undefined) answers.push(!same(value, rules.not));
  if (rules.oneOf !== undefined) answers.push(rules.oneOf.some((one) => same(value, one)));
  if (rules.noneOf !== undefined) answers.push(!rules.noneOf.some((one) => same(value, one)));
  if (rules.over !== undefined) answers.push(compare(value, (n) => n > rules.over!));
  if (rules.under !== undefined) answers.push(compare(value, (n) => n < rules.under!));
  if (rules.atLeast !== undefined) answers.push(compare(value, (n) => n >= rules.atLeast!));
  if (rules.atMost !== undefined) answers.push(compare(value, (n) => n <= rules.atMost!));
  if (rules.contains !== undefined) answers.push(low.includes(rules.contains.toLowerCase()));
  if (rules.startsWith !== undefined) answers.push(low.trim().startsWith(rules.startsWith.toLowerCase()));
  if (rules.endsWith !== undefined) answers.push(low.trim().endsWith(rules.endsWith.toLowerCase()));
  if (rules.matches !== undefined) answers.push(matchText(rules.matches, text));
  if (rules.longerThan !== undefined) answers.push(text.length > rules.longerThan);
  if (rules.insideDomain !== undefined) answers.push(testDomain(text, rules.insideDomain));
  if (rules.outsideDomain !== undefined) answers.push(negate(testDomain(text, rules.outsideDomain)));
  if (rules.from !== undefined) answers.push(rules.from.includes(trace(value)));
  return every(answers);
}

const negate = (answer: Answer): Answer => (answer === null ? null : !answer);

/** Texts are compared without case and outer blanks, a number with the text that spells it. */
function same(value: Json, wanted: string | number | boolean | null): boolean {
  if (typeof value === 'string' && typeof wanted === 'string')
    return value.trim().toLowerCase() === wanted.trim().toLowerCase();
  if (typeof wanted === 'number' && typeof value === 'string') return readNumber(value) === wanted;
  return value === wanted;
}

function compare(value: Json, test: (number: number) => boolean): Answer {
  const number = typeof value === 'number' ? value : typeof value === 'string' ? readNumber(value) : null;
  return number === null ? null : test(number);
}

/** A number as people and models write it: `150`, `$1,500.00`, `1 500 EUR`. Null for anything else. */
export function readNumber(text: string): number | null {
  const plain = text
    .trim()
    .replace(/^[\p{Sc}a-z]{1,4}\s?|\s?[\p{Sc}a-z%]{1,4}$/giu, '')
    .replace(/(?<=\d)[,_' ](?=\d{3}\b)/g, '');
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?$/i.test(plain) ? Number(plain) : null;
}

/** A pattern is tried on the beginning only; what is longer cannot be told unless the beginning matches. */
function matchText(pattern: string, text: string): Answer {
  if (new RegExp(pattern, 'iu').test(text.slice(0, 2000))) return true;
  return text.length > 2000 ? null : false;
}

/** Several addresses in one text must all be inside. A text without a host cannot be told. */
function testDomain(text: string, domains: readonly string[]): Answer {
  const parts = text.split(/[,;\s]+/).filter((part) => /[@.]/.test(part));
  const hosts = parts.map((part) => hostOf(part.replace(/^.*<|>.*$/g, '')));
  if (hosts.length === 0 || hosts.includes(null)) return null;
  return hosts.every((host) => host !== null && isInside(host, domains));
}
