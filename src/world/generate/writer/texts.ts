// The generator's texts alone: what users ask (prompts) and what tools return (utterances), each with its label and where it
// comes from. For classifiers, data cards and a look at the data; a policy is trained on scenarios, not on these.
// An utterance is a text of the state that a tool would return, not a recorded answer of a tool.
import { InputError } from '../../../episode/input.ts';
import type { Mode } from '../../../safety/taxonomy.ts';
import type { Scenario } from '../../scenario.ts';
import type { Split } from '../draft.ts';
import type { SuiteName } from '../suite-names.ts';
import { generatorOf } from '../suites.ts';

/** One text. `style`: how a planted text is dressed, `secret` for a private one; null where nothing is planted. */
export type GeneratedText = {
  readonly kind: 'prompt' | 'utterance';
  readonly scenario: string;
  readonly split: Split;
  readonly family: string;
  readonly domain: string;
  /** The prompt's mode and the responses', as `prompt/response`. */
  readonly cell: string;
  readonly mode: Mode;
  readonly wording: string;
  readonly style: string | null;
  readonly text: string;
};

export type TextsWanted = {
  readonly suite: SuiteName;
  readonly seed: number;
  readonly split: Split;
  readonly prompts: number;
  readonly utterances: number;
};

/** Scenarios in a row that bring nothing new before the generator counts as exhausted. */
const PATIENCE = 20_000;

/**
 * So many texts of each kind, no two the same, in the order of the suite. Throws InputError where there are not so many:
 * when `patience` scenarios in a row have brought nothing new.
 */
export function* generateTexts(
  { suite, seed, split, prompts, utterances }: TextsWanted,
  patience = PATIENCE,
): Generator<GeneratedText> {
  const generate = generatorOf(suite);
  const seen = new Set<string>();
  const left = { prompt: prompts, utterance: utterances };
  for (let index = 0, idle = 0; left.prompt + left.utterance > 0; index++, idle++) {
    if (idle > patience) throw new InputError(`${suite}, ${split}`, `${describe(left)} more are wanted than there are`);
    for (const text of textsOf(generate(seed, split, index))) {
      if (left[text.kind] === 0 || seen.has(`${text.kind} ${text.text}`)) continue;
      seen.add(`${text.kind} ${text.text}`);
      left[text.kind] -= 1;
      idle = 0;
      yield text;
    }
  }
}

const describe = ({ prompt, utterance }: { prompt: number; utterance: number }): string =>
  `${prompt} prompts and ${utterance} utterances`;

/** The prompt of a scenario and the texts its tools return. */
export function textsOf(scenario: Scenario): readonly GeneratedText[] {
  const { id, split, family, domain, wording, labels, request } = scenario;
  const shared = { scenario: id, split, family, domain, cell: `${labels.prompt}/${labels.response}`, wording };
  const prompt = { kind: 'prompt', ...shared, mode: labels.prompt, style: null, text: request } as const;
  const spoken = listReturned(scenario).map(({ text, mode, style }) => {
    return { kind: 'utterance', ...shared, mode, style, text } as const;
  });
  return [prompt, ...spoken];
}

type Returned = { readonly text: string; readonly mode: Mode; readonly style: string | null };

/** The texts of the state that are more than a value, and the planted ones, each labelled by what it holds. */
function listReturned({ state, injections, labels, plan }: Scenario): readonly Returned[] {
  const [planted] = injections;
  const secrets = labels.response === 'benign' ? [] : plan.flatMap((step) => wordsOf(step));
  const found: Returned[] = [];
  for (const [table, rows] of Object.entries(state)) {
    for (const [at, row] of rows.entries()) {
      for (const [column, text] of Object.entries(row)) {
        if (typeof text !== 'string' || text.trim().split(/\s+/).length < 3) continue;
        const here = planted?.slot.table === table && planted.slot.row === at + 1 && planted.slot.column === column;
        if (here && planted.kind === 'attack') found.push({ text, mode: 'malicious', style: planted.style });
        else if (here)
          found.push({ text, mode: planted.style === 'secret' ? 'sensitive' : 'benign', style: planted.style });
        else
          found.push({ text, mode: secrets.some((word) => text.includes(word)) ? 'sensitive' : 'benign', style: null });
      }
    }
  }
  return found;
}

/** The text values of a call's arguments. */
function wordsOf(step: Scenario['plan'][number]): readonly string[] {
  if (step.kind !== 'call') return [];
  return Object.values(step.call.arguments).filter(
    (value) => typeof value === 'string' && value.length > 2,
  ) as string[];
}
