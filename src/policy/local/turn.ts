// What a model of others may say in a turn, symbol by symbol: one line of thought, a decision, then what that decision calls
// for, with calls in the model's own format. Form only: thoughts, texts and values are free, within their lengths.
// Not here: calls' arguments (value.ts), the tokens (machine.ts), the grammar of this project's own models (grammar.ts).
import type { ToolSchema } from '../../episode/episode.ts';
import { DECISIONS, type Decision } from '../../safety/taxonomy.ts';
import { FAILED, REFUSAL, STOPPED } from '../scripted.ts';
import { chooseWay, type Node, OVER, symbolsOf, type Then, writeFreely, writeText } from './machine.ts';
import type { CallFormat } from './native.ts';
import { END_SYMBOL, type Sign, symbolOf } from './symbols.ts';
import { writeArguments } from './value.ts';

/** Most tokens of each piece of free text, and of a whole turn. */
export type TurnLimits = {
  readonly thought: number;
  /** Of a text among a call's arguments. */
  readonly value: number;
  /** Of a final text. */
  readonly text: number;
  readonly turn: number;
};

/** What a turn's form depends on. */
export type TurnForm = {
  readonly format: CallFormat;
  readonly limits: TurnLimits;
  readonly tools: readonly ToolSchema[];
  /** Whether the policy may ask the user. */
  readonly checks: boolean;
  /** Whether the prompt has begun the thought. */
  readonly opened: boolean;
  /** Tags the vocabulary has tokens for; the others are spelled out. */
  readonly signs: ReadonlyMap<Sign, number>;
};

/** The key under which a format has a call's arguments. */
export const argumentsKey = (format: CallFormat): 'parameters' | 'arguments' =>
  format === 'object' ? 'parameters' : 'arguments';

/** A tag as symbols. */
export function spellTag(signs: ReadonlyMap<Sign, number>, tag: Sign): readonly number[] {
  return signs.has(tag) ? [symbolOf(tag)] : symbolsOf(tag);
}

const END: Then = { key: 'end', make: () => writeText([END_SYMBOL], { key: 'over', make: () => OVER }) };

/** The beginning of a turn. */
export function beginTurn(form: TurnForm): Node {
  const tag = (name: Sign) => spellTag(form.signs, name);
  const thought: Then = { key: 'thought', make: () => writeThought(form) };
  return form.opened ? thought.make() : writeText([...tag('<think>'), 10], thought);
}

/** A line, then the decision on a line of its own. */
function writeThought(form: TurnForm): Node {
  return writeFreely('thought', 'line', form.limits.thought, (symbol) => (symbol === 10 ? decide(form) : null));
}

/** The place where the decision is taken. */
export function decide(form: TurnForm): Node {
  const possible = DECISIONS.filter((word) => word !== 'verify' || (form.checks && form.tools.length > 0));
  const close = [10, ...spellTag(form.signs, '</think>'), 10, 10];
  const ways = possible.map((word) => ({
    symbols: symbolsOf(word),
    after: {
      key: `decided ${word}`,
      make: () => writeText(close, { key: `act ${word}`, make: () => act(form, word) }),
    },
  }));
  return chooseWay(ways, true);
}

function act(form: TurnForm, decision: Decision): Node {
  switch (decision) {
    case 'verify':
      return writeCalls(form, '<tool_check>', '</tool_check>');
    case 'refuse':
      return chooseWay(
        [REFUSAL, STOPPED, FAILED].map((text) => ({ symbols: symbolsOf(text), after: refusedThen(form) })),
      );
    case 'execute':
      return form.tools.length === 0 ? writeFinal(form) : eitherNode(writeCall(form), writeFinal(form));
  }
}

function writeCall(form: TurnForm): Node {
  return form.format === 'object' ? writeCalls(form, null, null) : writeCalls(form, '<tool_call>', '</tool_call>');
}

/** A call of one of the tools, between tags or by itself. */
function writeCalls({ format, signs, tools, limits }: TurnForm, open: Sign | null, shut: Sign | null): Node {
  const before = open ? [...spellTag(signs, open), 10] : [];
  const after = [125, ...(shut ? [10, ...spellTag(signs, shut)] : [])];
  const close: Then = { key: `close ${shut}`, make: () => writeText(after, END) };
  const ways = tools.map((tool) => {
    const head = `{"name": ${JSON.stringify(tool.name)}, "${argumentsKey(format)}": `;
    const make = (): Node => writeArguments(tool, { text: limits.value }, close);
    return { symbols: [...before, ...symbolsOf(head)], after: { key: `${JSON.stringify(tool)}${open}`, make } };
  });
  return chooseWay(ways);
}

/** One of two that begin differently. */
function eitherNode(a: Node, b: Node): Node {
  return { key: () => `${a.key()}|${b.key()}`, step: (symbol) => a.step(symbol) ?? b.step(symbol) };
}

/** A text that is not blank and, where calls are bare objects, is none. */
function writeFinal({ format, limits }: TurnForm): Node {
  const text = freeText(limits);
  const free = { loop: 'text', kind: null, most: limits.text };
  /** White space beyond ASCII begins with these bytes. */
  const second: { readonly [lead: number]: readonly number[] } = {
    194: [133, 160],
    225: [154],
    226: [128, 129],
    227: [128],
    239: [187],
  };
  return {
    key: () => `final ${format}`,
    free,
    step(symbol) {
      if (symbol <= 32 || symbol === 127 || symbol === 60 || symbol > 255) return null;
      if (symbol === 123 && format === 'object') return null;
      const blank = second[symbol];
      if (!blank) return text;
      return {
        key: () => `final ${symbol}`,
        free,
        step: (next) => (next > 127 && next < 256 && !blank.includes(next) ? text : null),
      };
    },
  };
}

function freeText(limits: TurnLimits): Node {
  return writeFreely('text', 'text', limits.text, (symbol) => (symbol === END_SYMBOL ? OVER : null));
}

/** A refusal may be explained. */
function refusedThen({ limits }: TurnForm): Then {
  const step = (symbol: number): Node | null => {
    if (symbol === END_SYMBOL) return OVER;
    return symbol === 32 ? freeText(limits) : null;
  };
  return { key: 'refused', make: () => ({ key: () => 'refused', step }) };
}
