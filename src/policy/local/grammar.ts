// What the local policy may say next, token by token: a thought of facts and a decision, then what that decision calls for,
// with calls that are JSON of an offered tool. The same masks hold in sampling and in training, so malformed text is not an
// action that could pay. The grammar binds form only: which facts, which decision, which tool, which values is free, save
// that values and answers are made of words that were read (words.ts), and that what a refusal says is fixed.

import type { ToolSchema } from '../../episode/episode.ts';
import { DECISIONS, type Decision } from '../../safety/taxonomy.ts';
import type { Tag } from '../protocol.ts';
import { DONE, FAILED, REFUSAL, STOPPED } from '../scripted.ts';
import type { Constraint } from './choose.ts';
import { CALL_OPEN, type CallFrame, frameCall, listNames, tagId } from './render.ts';
import {
  encodeFixed,
  force,
  forceTags,
  forceText,
  makeStock,
  maskOf,
  only,
  type State,
  type Stock,
  spellState,
  type Then,
  wordState,
} from './states.ts';
import { encodeThought, FACT_WORDS } from './thought.ts';
import type { Tokenizer } from './tokenizer.ts';
import { NO_WORDS, readWords, type Spelled, type Words } from './words.ts';

/** Most tokens of an argument's text, of a number, of a final text. */
const LIMITS = { value: 16, number: 7, text: 24 };

/** The parts of the grammar that depend on the tokenizer alone; make once. */
export type Grammar = Stock & {
  /** Ids whose bytes may stand in a final text; and in an argument, where quotes and backslashes may not. */
  readonly text: Uint32Array;
  readonly value: Uint32Array;
  /** Single digits. */
  readonly digits: Uint32Array;
  /** Ids that no text made of can be blank. */
  readonly solid: ReadonlySet<number>;
  /** The words of what was read lately, by its tokens: the members of a group read the same. */
  readonly read: Map<string, Words>;
};

export function makeGrammar(tokenizer: Tokenizer): Grammar {
  const ids = Array.from({ length: tokenizer.size }, (_, id) => id);
  const where = (fits: (byte: number) => boolean) =>
    Uint32Array.from(ids.filter((id) => tokenizer.bytesOf(id)?.every(fits)));
  return {
    ...makeStock(tokenizer),
    text: where((byte) => byte >= 32),
    value: where((byte) => byte >= 32 && byte !== 34 && byte !== 92),
    digits: where((byte) => byte >= 48 && byte <= 57).filter((id) => tokenizer.bytesOf(id)?.length === 1),
    solid: new Set(ids.filter((id) => tokenizer.bytesOf(id)?.some(isSolid))),
    read: new Map(),
  };
}

/** How many different readings are remembered. */
const READINGS = 512;

/** The words of what was read, found once. */
function recallWords({ tokenizer, read: known }: Grammar, read: readonly number[]): Words {
  const key = read.join();
  const before = known.get(key);
  if (before) return before;
  if (known.size >= READINGS) known.clear();
  const words = readWords(tokenizer, read);
  known.set(key, words);
  return words;
}

/** Whether a byte occurs in no white space of Unicode: C2 A0, E1 9A 80, E2 80 xx, E2 81 9F, E3 80 80, EF BB BF, ASCII's. */
function isSolid(byte: number): boolean {
  return (byte > 32 && byte < 127) || (byte > 0xc2 && ![0xe1, 0xe2, 0xe3, 0xef].includes(byte));
}

/** Whether the next decision is to be drawn at random instead of by the model. Asked once at each decision. */
export type Exploration = () => boolean;

/** What a turn depends on. */
export type Situation = {
  /** What it may call. */
  readonly tools: readonly ToolSchema[];
  /** The tokens read before it, its own left out. */
  readonly read: readonly number[];
  /** The tokens of the call that the user has just approved. */
  readonly approved: readonly number[] | null;
};

/** The situation after a conversation's tokens, of which some are the policy's own. */
export function situate(
  tokenizer: Tokenizer,
  tools: readonly ToolSchema[],
  { tokens, own }: { readonly tokens: readonly number[]; readonly own: readonly boolean[] },
): Situation {
  return {
    tools,
    read: tokens.filter((_, at) => !own[at]),
    approved: findApproved(tokenizer, tokens),
  };
}

/** What stands in the last check, if the conversation ends with a yes to it. */
function findApproved(tokenizer: Tokenizer, tokens: readonly number[]): readonly number[] | null {
  const yes = [
    tagId(tokenizer, '<tool_check_result>'),
    ...tokenizer.encode('1'),
    tagId(tokenizer, '</tool_check_result>'),
  ];
  if (yes.some((token, at) => tokens[tokens.length - yes.length + at] !== token)) return null;
  const from = tokens.lastIndexOf(tagId(tokenizer, '<tool_check>'));
  const to = tokens.lastIndexOf(tagId(tokenizer, '</tool_check>'));
  return from !== -1 && to > from ? tokens.slice(from + 1, to) : null;
}

const NOTHING = new Uint32Array();

/** The constraint of one turn. Where nothing was read, values and answers are free text. */
export function constrainTurn(
  grammar: Grammar,
  { tools, read, approved }: Situation,
  exploration: Exploration | null,
): Constraint {
  const words = read.length > 0 ? recallWords(grammar, read) : NO_WORDS;
  let state: State | null = beginTurn({ ...grammar, tools, words, approved });
  const uniform = new Float32Array(DECISIONS.length).fill(1 / DECISIONS.length);
  return {
    allowed: () => state?.allowed ?? NOTHING,
    accept(token) {
      state = state?.next(token) ?? null;
      return state === null;
    },
    explore() {
      return state?.decides && exploration?.() ? uniform : null;
    },
  };
}

/** The grammar of one turn: what it may name. */
type Scope = Grammar & {
  readonly tools: readonly ToolSchema[];
  readonly words: Words;
  readonly approved: readonly number[] | null;
};

function beginTurn(g: Scope): State {
  const after = (context: Context) => (decision: Decision) =>
    forceTags(g, ['</think>'], () => actionState(g, decision, context));
  // Only what to do about the task and about an order is judgement; obeying an answer and saying the result are procedure.
  const decide = (context: Context) => decisionState(g, after(context), context === CALL);
  const facts = (): State =>
    wordState(g, FACT_WORDS.whose, () =>
      wordState(g, FACT_WORDS.what, () =>
        wordState(g, FACT_WORDS.whom, () =>
          wordState(g, FACT_WORDS.step, (step) => decide(step === 'answer' ? ANSWER : CALL)),
        ),
      ),
    );
  const rest = (): State =>
    wordState(g, FACT_WORDS.what, () =>
      wordState(g, FACT_WORDS.whom, () =>
        wordState(g, FACT_WORDS.step, (step) => decide(step === 'answer' ? ANSWER : CALL)),
      ),
    );
  const news = (word: string): State => {
    switch (word) {
      case 'content':
        return facts();
      case 'order':
        return decisionState(g, (decision) => (decision === 'refuse' ? facts() : after(ORDER)(decision)), true);
      case 'done':
        return decide(DONE_CONTEXT);
      case 'approved':
        // A yes is for exactly the call asked about, and obeying the user's answer is not the policy's to decide.
        return wordState(g, EXECUTE, () => (g.approved ? repeatCall(g, g.approved) : after(ANSWERED)('execute')));
      case 'denied':
        return wordState(g, REFUSE_OR_WHOSE, (next) => (isDecision(next) ? after(ANSWERED)(next) : rest()));
      case 'error':
        return decide(FAILURE);
      default:
        return rest();
    }
  };
  return must(forceTags(g, ['<think>'], () => wordState(g, NEWS_OR_WHOSE, news)));
}

/** Lists of words, each one object, so that what is spelled by it is found again. */
const NEWS_OR_WHOSE: readonly string[] = [...FACT_WORDS.news, ...FACT_WORDS.whose];
const REFUSE_OR_WHOSE: readonly string[] = ['refuse', ...FACT_WORDS.whose];
const EXECUTE: readonly string[] = ['execute'];

const isDecision = (word: string): word is Decision => (DECISIONS as readonly string[]).includes(word);

/** What an "execute" leads to: a call, an answer in free words, either, or a fixed text; and what a "refuse" says. */
type Context = { readonly execute: 'call' | 'answer' | 'either' | { readonly say: string }; readonly refuse: string };

const CALL: Context = { execute: 'call', refuse: REFUSAL };
const ANSWER: Context = { execute: 'answer', refuse: REFUSAL };
const DONE_CONTEXT: Context = { execute: { say: DONE }, refuse: REFUSAL };
const ANSWERED: Context = { execute: 'call', refuse: STOPPED };
const FAILURE: Context = { execute: 'either', refuse: FAILED };
const ORDER: Context = { execute: 'either', refuse: REFUSAL };

function actionState(g: Scope, decision: Decision, context: Context): State {
  const end: Then = () => forceTags(g, ['<|end|>'], () => null);
  const write = () => writeState(g, 'text', tagId(g.tokenizer, '<|end|>'), () => null);
  // A decision that can be said in other words is no decision: what a refusal says is fixed.
  const say = (text: string) => must(forceText(g, ` ${text}`, end));
  const call = (open: Tag, close: Tag) =>
    must(forceTags(g, [open], () => callState(g, () => forceTags(g, [close], end))));
  // Where no tool is offered there is nothing to call and nothing to ask about: doing is answering, doubt is refusing.
  if (g.tools.length === 0 && decision !== 'refuse')
    return decision === 'execute' && typeof context.execute === 'string' ? write() : say(context.refuse);
  switch (decision) {
    case 'verify':
      return call('<tool_check>', '</tool_check>');
    case 'refuse':
      return say(context.refuse);
    case 'execute':
      if (context.execute === 'answer') return write();
      if (context.execute === 'call') return call('<tool_call>', '</tool_call>');
      if (context.execute === 'either') return either(call('<tool_call>', '</tool_call>'), write());
      return say(context.execute.say);
  }
}

/** The call that was approved, word for word. */
function repeatCall(g: Grammar, call: readonly number[]): State | null {
  return forceTags(g, ['</think>', '<tool_call>'], () =>
    force(g, call, () => forceTags(g, ['</tool_call>', '<|end|>'], () => null)),
  );
}

function either(a: State, b: State): State {
  return {
    allowed: Uint32Array.from([...a.allowed, ...b.allowed]),
    decides: false,
    next: (token) => (a.allowed.includes(token) ? a : b).next(token),
  };
}

/** A call's JSON: the opening, one of the tools' names up to its first argument, its arguments. */
function callState(g: Scope, then: Then): State {
  // With what follows it no name is the beginning of another.
  const list = () =>
    g.tools.flatMap((tool) => {
      const frame = frameCall(tool);
      const rest = encodeFixed(g, frame.between[0] ?? '');
      return listNames(g.tokenizer, g.tools, tool).map((name) => ({
        word: frame,
        tokens: [...encodeFixed(g, name), ...rest],
      }));
    });
  return must(forceText(g, CALL_OPEN, () => spellState(g, g.tools, list, (frame) => argumentState(g, frame, then))));
}

function argumentState(g: Scope, frame: CallFrame, then: Then): State | null {
  const kind = frame.kinds[0];
  return kind === undefined ? then() : valueState(g, frame, 0, kind, then);
}

/** A value, closed by the first token of the JSON that follows it. */
function valueState(g: Scope, frame: CallFrame, at: number, kind: 'text' | 'number', then: Then): State {
  const closing = encodeFixed(g, frame.between[at + 1] ?? '');
  const nextKind = frame.kinds[at + 1];
  const after: Then = () =>
    force(g, closing, () => (nextKind === undefined ? then() : valueState(g, frame, at + 1, nextKind, then)), 1);
  const closer = closing[0] ?? 0;
  return kind === 'text' ? writeState(g, 'value', closer, after) : numberState(g, closer, after);
}

/** A value or a final text: words that were read, or free text where nothing was, then the closing token. */
function writeState(g: Scope, name: 'value' | 'text', closer: number, then: Then): State {
  return g.words.words.next.size > 0 ? copyState(g, name, closer, then) : textState(g, name, closer, then);
}

/** Words that were read, each once, in any order, and in a final text commas after them. */
function copyState(g: Scope, name: 'value' | 'text', closer: number, then: Then): State {
  const root = g.words.words;
  const comma = name === 'text' ? encodeFixed(g, ',') : [];
  const at = (count: number, node: Spelled, used: ReadonlySet<Spelled>): State => {
    const isOver = node === COMMA || (node.end && !used.has(node));
    const now = isOver ? new Set([...used, node]) : used;
    const ids: number[] = [];
    addFresh(ids, node, now);
    if (isOver && count < LIMITS[name]) {
      if (node !== COMMA) ids.push(...comma);
      addFresh(ids, root, now);
    }
    if (isOver) ids.push(closer);
    return {
      allowed: Uint32Array.from(ids).sort(),
      decides: false,
      next(token) {
        const longer = node.next.get(token);
        if (longer) return at(count + 1, longer, used);
        return token === closer ? then() : at(count + 1, root.next.get(token) ?? COMMA, now);
      },
    };
  };
  return at(0, root, new Set());
}

/** Adds the tokens after which there are words that have not been used. */
function addFresh(ids: number[], from: Spelled, used: ReadonlySet<Spelled>): void {
  for (const [token, next] of from.next) if (!isSpent(next, used)) ids.push(token);
}

/** Whether every word that begins so has been used. */
function isSpent(node: Spelled, used: ReadonlySet<Spelled>): boolean {
  if (node.end && !used.has(node)) return false;
  for (const next of node.next.values()) if (!isSpent(next, used)) return false;
  return true;
}

/** What comes after a comma: a further word, or the end. */
const COMMA: Spelled = { next: new Map(), end: false };

/** One to LIMITS tokens, not all of them blank (an empty text is no turn), then the closing token. */
function textState(g: Grammar, name: 'value' | 'text', closer: number, then: Then): State {
  const [set, limit] = [g[name], LIMITS[name]];
  const open = maskOf(g, `${name}+${closer}`, () => Uint32Array.from([...set, closer]));
  const solid = maskOf(g, `${name} solid`, () => set.filter((id) => g.solid.has(id)));
  const at = (count: number, blank: boolean): State => ({
    allowed: blank ? (count < limit - 1 ? set : solid) : count < limit ? open : only(g, closer),
    decides: false,
    next: (token) => (token === closer ? then() : at(count + 1, blank && !g.solid.has(token))),
  });
  return at(0, true);
}

/** A whole number that was read, or any, without a leading zero (that is no JSON), then the closing token. */
function numberState(g: Scope, closer: number, then: Then): State {
  const read = g.words.numbers;
  return read.next.size > 0 ? readState(read, closer, then) : digitState(g, closer, then);
}

function readState({ next, end }: Spelled, closer: number, then: Then): State {
  return {
    allowed: Uint32Array.from(end ? [...next.keys(), closer] : next.keys()).sort(),
    decides: false,
    next(token) {
      const longer = next.get(token);
      return longer ? readState(longer, closer, then) : then();
    },
  };
}

function digitState(g: Grammar, closer: number, then: Then): State {
  const open = maskOf(g, `digits+${closer}`, () => Uint32Array.from([...g.digits, closer]));
  const at = (count: number, zero: boolean): State => ({
    allowed: count === 0 ? g.digits : zero || count === LIMITS.number ? only(g, closer) : open,
    decides: false,
    next: (token) => (token === closer ? then() : at(count + 1, count === 0 && g.tokenizer.bytesOf(token)?.[0] === 48)),
  });
  return at(0, false);
}

/** Ids of the words after which a decision is a judgement: about a step of the task, or about an order. */
export function judgementCues(tokenizer: Tokenizer): ReadonlySet<number> {
  return new Set(['read', 'act', 'order'].flatMap((word) => encodeThought(tokenizer, word).slice(-1)));
}

/** The mask of a place where exactly the decision is chosen: the ids of the three words, ascending. */
export function decisionMask(tokenizer: Tokenizer): Uint32Array {
  return Uint32Array.from(DECISIONS.flatMap((decision) => encodeThought(tokenizer, decision))).sort();
}

function decisionState(g: Grammar, then: (decision: Decision) => State | null, judges: boolean): State {
  const state = wordState(g, DECISIONS, (word) => then(DECISIONS.find((decision) => decision === word) ?? 'refuse'));
  // Only where each decision is one token is there one place to draw it.
  return judges && state.allowed.length === DECISIONS.length ? { ...state, decides: true } : state;
}

function must(state: State | null): State {
  if (!state) throw new Error('a turn without an action');
  return state;
}
