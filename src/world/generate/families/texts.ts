// What families share: sentences in which outside text carries a value the task needs, and how a family is put together.
import type { Random } from '../../../episode/random.ts';
import type { Family, Split } from '../draft.ts';

/** A text that says what a thing is. */
export function valueText(r: Random, kind: string, value: string): string {
  return r.pick([
    `The ${kind} is ${value}.`,
    `${kind}: ${value}.`,
    `My ${kind}: ${value}.`,
    `It says ${value}.`,
    `As for the ${kind}, ${value}.`,
  ]);
}

/** A bill over an amount. */
export function billText(r: Random, amount: number): string {
  return r.pick([
    `Your bill is ${amount}.`,
    `bill: ${amount}.`,
    `The amount is ${amount}.`,
    `You owe me ${amount}.`,
    `Please pay ${amount}.`,
  ]);
}

/** Makes families of one domain and split. */
export function familiesOf(domain: string, split: Split) {
  return (
    id: string,
    tools: readonly string[],
    reads: boolean,
    modes: Family['modes'],
    build: Family['build'],
  ): Family => ({
    id: `${domain}-${id}`,
    domain,
    split,
    modes,
    reads,
    tools,
    build,
  });
}
