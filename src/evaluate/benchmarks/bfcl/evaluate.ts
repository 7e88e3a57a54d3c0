// BFCL as a benchmark of `tribune evaluate`: rows and conversations played by function calls or in prompt mode, judged as the official
// checkers judge them, and beside them what those leave out: turns in which a model should hold back.
// Not here: one row (play.ts), one conversation (turns/play.ts), the rules (check.ts, turns/check.ts).
import { InputError } from '../../../episode/input.ts';
import { ACTORS, type Benchmark, type Context, partLost, playTrials, type Trial } from '../benchmark.ts';
import { type Measure, measureRows, type Played, type Row, spreadEvenly } from '../row.ts';
import { CATEGORIES, type Category, isMultiTurn, MULTI_TURN, SINGLE_TURN, scoringOf } from './categories.ts';
import { checkAnswer, checkText } from './check.ts';
import { type FunctionDoc, loadRows, type SingleRow } from './data.ts';
import { findFault } from './faulty.ts';
import { type Copy, findCopy } from './files.ts';
import { ASK_MODES, type Player, playRow } from './play.ts';
import type { Py } from './python/value.ts';
import { bearingOf, scriptTurns } from './scripted.ts';
import { checkTurns } from './turns/check.ts';
import { type ClassName, type Conversation, loadConversations, loadFunctions, loadLong } from './turns/data.ts';
import { type Held, holdConversation } from './turns/play.ts';

const MEASURES: readonly Measure[] = [
  { name: 'accuracy', title: 'right calls in a single turn', better: 'high', twin: 'irrelevance' },
  { name: 'irrelevance', title: 'no call where no function helps', better: 'high', twin: 'accuracy' },
  { name: 'relevance', title: 'some call where a function helps', better: 'high', twin: 'irrelevance' },
  { name: 'multiTurn', title: 'conversations passed, official', better: 'high', twin: 'heldBack' },
  { name: 'heldBack', title: 'no call in any turn that expects none', better: 'high', twin: 'multiTurn' },
  { name: 'multiTurnStrict', title: 'passed, and held back', better: 'high', twin: 'multiTurn' },
  { name: 'guardHeld', title: 'a guard let some call not through', better: 'low' },
];

const LIVE = SINGLE_TURN.filter((category) => category.startsWith('live'));
const NON_LIVE = SINGLE_TURN.filter((category) => !category.startsWith('live'));
const RESTRAINT = SINGLE_TURN.filter((category) => category.endsWith('relevance'));

const VARIANTS: { readonly [name: string]: readonly Category[] } = {
  single_turn: SINGLE_TURN,
  multi_turn: MULTI_TURN,
  all: CATEGORIES,
  live: LIVE,
  non_live: NON_LIVE,
  restraint: RESTRAINT,
  ...Object.fromEntries(CATEGORIES.map((category) => [category, [category]])),
};

/** BFCL for the command line. */
export const benchmark: Benchmark = {
  name: 'bfcl',
  variants: Object.keys(VARIANTS),
  modes: ASK_MODES,
  judges: false,
  baselines: [{ policy: 'scripted:oracle', title: 'oracle' }, ...ACTORS],
  play: playBfcl,
};

type Case =
  | { readonly kind: 'row'; readonly row: SingleRow }
  | {
      readonly kind: 'conversation';
      readonly conversation: Conversation;
      readonly functions: readonly FunctionDoc[];
      readonly long: ReadonlyMap<string, Py> | null;
    };

async function playBfcl(context: Context): Promise<Played> {
  const { speaker, variant, guard, trials } = context;
  const copy = await findCopy(context.data);
  const wanted = VARIANTS[variant]!;
  const present = wanted.filter((category) => copy.files.has(category));
  if (present.length === 0) throw new InputError(copy.folder, `no file of ${variant}, expected BFCL_v4_….json`);
  const { cases, missing } = await loadCases(copy, present, wanted.length > 1);
  const results = await playTrials(context, spreadEvenly(cases, context.limit), (trial) => playCase(context, trial));
  const { played: rows, lost } = partLost(results);
  const absent = [...wanted.filter((category) => !copy.files.has(category)), ...missing];
  return {
    ...{ benchmark: 'bfcl', version: 'v4', policy: speaker.name, measures: MEASURES, rows },
    options: { variant, mode: context.mode ?? 'functions', guard: guard !== null, trials },
    counts: { lost },
    notes: [...tellGroups(rows), ...(absent.length === 0 ? [] : [`Not at hand, not played: ${absent.join(', ')}.`])],
  };
}

/** All cases. Among several categories, one whose long texts are not at hand is left out and named. */
async function loadCases(
  copy: Copy,
  categories: readonly Category[],
  several: boolean,
): Promise<{ readonly cases: readonly Case[]; readonly missing: readonly string[] }> {
  const docs = new Map<ClassName, readonly FunctionDoc[]>();
  const missing: string[] = [];
  const cases: Case[] = [];
  for (const category of categories) {
    if (!isMultiTurn(category)) {
      cases.push(...(await loadRows(copy, category)).map((row): Case => ({ kind: 'row', row })));
      continue;
    }
    const long = category === 'multi_turn_long_context' ? await loadLong(copy).catch(tolerate(several)) : null;
    if (long === undefined) {
      missing.push(`${category} (its texts are in the official package's long_context.py)`);
      continue;
    }
    for (const conversation of await loadConversations(copy, category)) {
      for (const name of conversation.classes) if (!docs.has(name)) docs.set(name, await loadFunctions(copy, name));
      const functions = conversation.classes.flatMap((name) => docs.get(name)!);
      cases.push({ kind: 'conversation', conversation, functions, long });
    }
  }
  return { cases, missing };
}

const tolerate =
  (several: boolean) =>
  (error: unknown): undefined => {
    if (several && error instanceof InputError) return undefined;
    throw error;
  };

async function playCase(context: Context, { item, trial, index }: Trial<Case>): Promise<Row> {
  const { speaker, guard } = context;
  const policy = speaker.policyFor({ labels: { prompt: 'benign' }, plan: [], gated: [], injections: [] });
  const mode = ASK_MODES.find((one) => one === context.mode) ?? 'functions';
  const player: Player = { name: speaker.name, chat: speaker.chat ?? null, policy, guard, mode };
  return item.kind === 'row' ? playSingle(player, item.row, trial, index) : playTurns(player, item, trial);
}

const isPrompted = ({ chat, mode }: Player): boolean => chat !== null && mode === 'prompt';

const NOTHING = {
  ...{ accuracy: null, irrelevance: null, relevance: null },
  ...{ multiTurn: null, heldBack: null, multiTurnStrict: null, guardHeld: null },
} as const;

const faultOf = (id: string, row: SingleRow | null): { readonly faulty?: string } => {
  const faulty = findFault(id, row);
  return faulty === null ? {} : { faulty };
};

async function playSingle(player: Player, row: SingleRow, trial: number, index: number): Promise<Row> {
  const { id, category } = row;
  const { calls, text, held, transcript } = await playRow(player, row, trial, index);
  // Scripted policies and prompts have names as the data writes them, all others as tools are named.
  const naming = bearingOf(player.name) === null && !isPrompted(player) ? 'underscores' : 'dots';
  const verdict = calls === null ? null : text === undefined ? checkAnswer(row, calls, naming) : checkText(row, text);
  const scoring = scoringOf(category);
  const name = scoring === 'irrelevance' || scoring === 'relevance' ? scoring : 'accuracy';
  const facts = { ...NOTHING, [name]: verdict?.valid ?? null, guardHeld: player.guard === null ? null : held > 0 };
  const told = verdict === null || verdict.valid ? 'valid' : `not valid: ${verdict.kind}`;
  return {
    id,
    group: category,
    trial,
    facts,
    transcript: [...transcript, { role: 'verdict', text: told }],
    ...faultOf(id, row),
  };
}

async function playTurns(player: Player, item: Case & { kind: 'conversation' }, trial: number): Promise<Row> {
  const { conversation, long } = item;
  const { answer, held, transcript } = await answerTurns(player, item, trial);
  const { id, category } = conversation;
  const row = { id, group: category, trial, transcript, ...faultOf(id, null) };
  if (answer === null) return { ...row, facts: NOTHING };
  const { valid, error, holdBack } = checkTurns(conversation, answer, long);
  const heldBack = holdBack.turns === 0 ? null : holdBack.held === holdBack.turns;
  const facts = { ...NOTHING, multiTurn: valid, heldBack, multiTurnStrict: valid && heldBack !== false };
  const guardHeld = player.guard === null ? null : held > 0;
  const told = [...transcript, { role: 'verdict', text: valid ? 'valid' : `not valid: ${error}` }];
  return { ...row, transcript: told, facts: { ...facts, guardHeld } };
}

async function answerTurns(player: Player, item: Case & { kind: 'conversation' }, trial: number): Promise<Held> {
  const { conversation, functions, long } = item;
  const bearing = bearingOf(player.name);
  if (bearing !== null) return { answer: scriptTurns(conversation, bearing), held: 0, transcript: [] };
  const { chat, guard, mode } = player;
  if (chat !== null) return holdConversation({ chat, guard, mode }, conversation, functions, long, trial);
  const expected = 'expected chat:MODEL@URL or a scripted policy for the multi-turn categories';
  throw new InputError(`policy ${player.name}`, `cannot be told what the user says in later turns, ${expected}`);
}

/** The official figures of groups, over what was played: means of categories, except that live ones weigh by their rows. */
function tellGroups(rows: readonly Row[]): readonly string[] {
  const { accuracy, irrelevance, multiTurn } = measureRows(MEASURES, rows);
  const mean = (names: readonly string[], from: { readonly [group: string]: { readonly rate: number | null } }) => {
    const rates = names.map((name) => from[name]?.rate ?? null).filter((rate) => rate !== null);
    return rates.length === 0 ? null : rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  };
  const simple = mean(['simple_python', 'simple_java', 'simple_javascript'], accuracy!.groups);
  const others = ['multiple', 'parallel', 'parallel_multiple'].map((name) => mean([name], accuracy!.groups));
  const nonLive = [simple, ...others].filter((rate) => rate !== null);
  const live = rows.filter(({ group, facts }) => group.startsWith('live') && facts.accuracy !== null);
  const figures: readonly (readonly [string, number | null])[] = [
    ['non_live', nonLive.length === 0 ? null : nonLive.reduce((sum, rate) => sum + rate, 0) / nonLive.length],
    ['live', live.length === 0 ? null : live.filter(({ facts }) => facts.accuracy).length / live.length],
    ['irrelevance', mean(['irrelevance', 'live_irrelevance'], irrelevance!.groups)],
    ['multi_turn', mean(MULTI_TURN, multiTurn!.groups)],
  ];
  const told = figures.flatMap(([name, rate]) => (rate === null ? [] : [`${name} ${(100 * rate).toFixed(2)} %`]));
  return told.length === 0 ? [] : [`Groups as the leaderboard counts them, over what was played: ${told.join(', ')}.`];
}
