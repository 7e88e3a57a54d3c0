// Spans of a tool's text that tell an agent what to do. Two strengths: 1, an order as any letter may hold one ("please
// send me the report"); 2, an order with a sign of attack: it speaks to the model, sets aside its instructions, forges
// tags or the user's voice, asks for secrecy. A span alone decides nothing: purpose.ts asks whether a call follows it.
// Other languages: foreign.ts. Not covered: orders without a verb of the lexicon, facts planted to mislead.
import type { Folded } from './fold.ts';
import { findForeign } from './foreign.ts';
import { isOrderVerb } from './lexicon.ts';
import { findOrders } from './orders.ts';

/** A span of a folded text. `cues` says in words what was found. */
export type Directive = {
  readonly start: number;
  readonly end: number;
  readonly strength: 1 | 2;
  readonly cues: readonly string[];
  /** An attack's text without the words that frame it. */
  readonly frame?: (text: string) => string;
};

const THINGS =
  '\\w{0,3}(?:nstructions?|rules?|prompts?|guidelines?|tasks?|directives?|orders?|commands?|context|policy|policies|requests?|constraints?|messages?|wish(?:es)?)';
const MODEL =
  '(?:an? |the )?(?:ai|llm|a\\.i\\.|artificial intelligence|assistant|agent|chatbot|bot|language model|large language model|gpt|chatgpt|claude|gemini|copilot|llama|mistral|qwen|model)s?';

/** The sign that a text writes out a call instead of asking for one. */
export const CALL_CUE = 'writes out a call';

/** Signs of attack. Bounded gaps keep each linear. */
const CUES: readonly (readonly [cue: string, pattern: RegExp])[] = [
  [
    'sets aside instructions',
    new RegExp(
      `\\b(?:ignore|disregard|forget|override|bypass|neglect|discard|abandon|cancel)\\b[^.\\n]{0,40}\\b(?:previous|prior|above|earlier|preceding|original|initial|existing|all|any|your|system|user|the)\\b[^.\\n]{0,30}\\b${THINGS}\\b|\\b(?:ignore|disregard|forget)\\b (?:all|everything|anything|whatever|what)(?: (?:else|that))?(?: \\w{1,12}){0,3} (?:told|said|asked|instructed|before|above|earlier|given|wrote|requested)\\b`,
      'g',
    ),
  ],
  [
    'gives new instructions',
    /\b(?:adhere to|follow|obey|comply with|execute|perform) (?:the|these|this|my) (?:following|new|below|next|updated) (?:\w{1,30} ){0,2}(?:instruction|order|step|command|task|directive)s?\b|\bnew (?:instruction|task|objective|directive)s?\s{0,9}:/g,
  ],
  [
    'speaks to the model',
    new RegExp(
      `(?:^|[\\n>"*([-]\\s{0,4}|<!--\\s{0,4})(?:llms?|ai)\\s?:|\\b(?:agent|assistant|ai|bot|model)_(?:next_step|action|instruction|note|task|command|todo)s?\\b|(?:^|[.\\n>)*:-]\\s{0,4})(?:notes? )?(?:for|to) (?:all |any )?(?:ai |llm |automated )?(?:assistants|agents|bots|llms|crawlers)\\b(?! (?:of|by|from)\\b)|\\b(?:dear|hey|hello|hi) (?:\\w{1,12} ){1,2}(?:bot|ai|assistant|llm)s?\\b|\\b(?:displayed|shown|visible|read|processed|seen|opened|handled) (?:to|by) ${MODEL}\\b|\\b(?:or|and) (?:its|their|your|the|his|her|any)? ?(?:robots?|bots?|ai)\\b(?=[)\\]]| (?:at|be|should|must|who|that)\\b)|\\b(?:dear|hey|hello|hi|attention|any|every) automated (?:agents?|visitors?|readers?|reviewers?|clients?|assistants?)\\b|\\b(?:to you,|dear|hey|hello|hi|attention|note to|note for|message to|message for|instructions? to|instructions? for|if you are|as|you are|you're|any)[,:]? {0,2}${MODEL}\\b(?! (?:of|by|for|from)\\b)|\\b(?:ai|llm|automated) (?:assistants?|agents?|models?)\\b[^.\\n]{0,40}\\b(?:must|should|may|please|need to|are required|are instructed|are to|have to)\\b`,
      'g',
    ),
  ],
  [
    'puts itself before the task',
    /\b(?:before|after) you (?:can )?(?:solve|do|complete|continue|proceed|finish|answer|start|perform|respond|reply)\b[^.\n]{0,40}\b(?:task|request|question|that|this|it|work|user)\b|\btasks? (?:that )?i (?:gave|have given|assigned) you\b|\b(?:instead|rather) of (?:your|the|what) (?:original|current|previous|user|actual)\b|\bstop what you(?:'re| are) doing\b|\b(?:takes?|has|have) (?:precedence|priority) over\b|\bdo the following (?:first|instead|immediately|now)\b/g,
  ],
  [
    'asks for secrecy',
    /\bwithout (?:asking|telling|informing|notifying|alerting|consulting|confirm\w{0,5}|mentioning|seeking|waiting for|approval|permission|confirmation|the user(?:'s)? (?:knowing|knowledge|approval|consent))\b|\b(?:do not|don't|dont|never|no need to|avoid) (?:tell|telling|inform|informing|mention|mentioning|notify|alert|ask|asking|reveal|warn|bother) (?!me (?:that|we|you|he|she|it|they)\b)(?:\w{1,30} ){0,3}(?:user|me|them|him|her|anyone|owner|human|this|confirmation|permission)\b|\bno (?:further )?(?:confirmation|approval|permission) (?:is )?(?:needed|required|necessary)\b|\bno need to (?:tell|inform|advise|disturb|trouble|bother|involve|warn|alert)\b/g,
  ],
  [
    'forges a tag',
    /<\/?(?:system|information|important|instructions?|admin|assistant|tool_?\w{0,20}|function_?\w{0,20}|im_start|im_end|sys|inst|prompt|secret|override|task|think(?:ing)?|invoke|result|user_?(?:message|input|prompt|request|query)?)(?: [^<>]{0,60})?>|\[\/?(?:inst|system|sys|assistant|admin|user|human|(?:next|new)[ -]?task)\b[^\]\n]{0,40}\]|<\|[\w ]{1,30}\|>|<<\/?sys>>|#{2,9} ?\(?(?:system|instructions?|assistant|human|new|admin)|(?:^|\n)[ \t]{0,8}(?:system|assistant|developer|human)(?: (?:message|prompt|note|override|instruction))?[ \t]?:[ \t]{0,8}\w{1,30} \w{1,30} \w|\b(?:user|human) ?:[^\n]{1,200}\b(?:assistant|ai|agent|bot) ?:/g,
  ],
  [
    CALL_CUE,
    /\\{0,3}"(?:name|tool|tool_name|function|function_name|recipient_name|action)\\{0,3}" ?: ?\\{0,3}"[\w./-]{1,80}\\{0,3}"[^{}]{0,60}"(?:arguments|args|parameters|tool_input|action_input|inputs?|params)\\{0,3}" ?: ?\\{0,3}"?\\{0,3}\{|\baction ?: ?[\w./-]{1,80}\s{1,4}action input ?:|<(?:function|invoke|tool)[ =](?:name=)?["']?[\w./-]{1,80}/g,
  ],
  ['shouts', /\b(?:important|urgent|attention|critical|warning)[ \t]?!{2,}/g],
  [
    'speaks as the user',
    /\b(?:new|next|another|latest|real) (?:user|human)(?:'s)? (?:message|turn|request|input|prompt) ?:|\b(?:this is|i am|i'm) (?:the |your )?(?:user|account owner|operator|developer|admin|administrator|system)\b|\b(?:(?:this is )?an? )?(?:\w{1,30} )?message from (?:me|the user|your (?:user|owner|operator|developer|creator|admin))\b(?:[^.\n]{0,60}\bto you\b)?|\bthe user (?:wants|asked|requests?|requested|would like|needs|has (?:asked|requested|approved|authori[sz]ed|confirmed|agreed|consented)|already (?:approved|confirmed|agreed)|approved|authori[sz]ed) \w|\b(?:already|pre-?) ?(?:been )?(?:approved|authori[sz]ed|confirmed|cleared) by (?:the )?(?:user|owner|admin|security|operator)\b|\byou (?:have been|are|were) (?:now )?(?:authori[sz]ed|permitted|instructed|ordered|required) to\b/g,
  ],
];

/** Finds the directives of a folded text, in order, not overlapping. Work is linear in its length. */
export function findDirectives({ text: folded, offsets }: Folded, original: string): readonly Directive[] {
  const placeIn = (at: number): number => (offsets === null ? at : (offsets[at] ?? original.length));
  const attacks = joinForged(folded, growAttacks(folded, findCues(folded)));
  const orders = findOrders(folded, original, placeIn).map((at) => growOrder(folded, at));
  const strong = attacks
    .filter((attack) => isLive(folded, attack, orders))
    .map((attack) => ({ ...attack, frame: dropFrame }));
  const foreign = findForeign(folded, (at) => original[placeIn(at)] ?? '').map(
    ({ start, end, cue }): Directive =>
      cue === null
        ? { start, end, strength: 1, cues: ['gives an order'] }
        : { start, end: Math.min(folded.length, end + 400), strength: 2, cues: [cue] },
  );
  return mergeSpans([...strong, ...orders, ...foreign]);
}

/** Takes the cues out of an attack's text: what is left is what it orders. */
function dropFrame(text: string): string {
  return CUES.reduce((rest, [, pattern]) => rest.replace(pattern, ' '), text);
}

type Cue = { readonly start: number; readonly end: number; readonly cue: string };

function findCues(folded: string): readonly Cue[] {
  const found = CUES.flatMap(([cue, pattern]) =>
    [...folded.matchAll(pattern)].map((m) => ({ start: m.index, end: m.index + m[0].length, cue })),
  );
  return found.sort((a, b) => a.start - b.start);
}

/** A tag, a shout or a wish for secrecy alone is decoration; with an order beside it, it is an attack. The other signs speak for themselves. */
function isLive(folded: string, attack: Directive, orders: readonly Directive[]): boolean {
  if (attack.cues.some((cue) => cue !== 'forges a tag' && cue !== 'shouts' && cue !== 'asks for secrecy')) return true;
  if (orders.some(({ start, end }) => start < attack.end && end > attack.start)) return true;
  // Within forged talk a deed is an order wherever a clause begins with it.
  if (!attack.cues.includes('forges a tag')) return false;
  const opened = folded.slice(attack.start, attack.end).matchAll(CLAUSE_VERB);
  return [...opened].some(([, verb]) => isOrderVerb(verb!));
}

const CLAUSE_VERB = /[,:;>\].!?"'\n-]\s{0,3}([a-z]{2,30})(?= [a-z0-9"'#@])/g;

const FIELD_END = /["'] ?[,}\]]|\\?["'] ?: |\n[ \t-]{0,12}[\w ]{1,30}:(?:[ \t]|\n|$)/g;
const REACH = 1200;

/** The spans of cues: each grows to the field or paragraph around it; cues close to each other share one. */
function growAttacks(folded: string, cues: readonly Cue[]): readonly Directive[] {
  const spans: Directive[] = [];
  for (const { start, end, cue } of cues) {
    const last = spans.at(-1);
    if (last !== undefined && start <= last.end + 600) {
      const cuesNow = last.cues.includes(cue) ? last.cues : [...last.cues, cue];
      const endNow = end <= last.end ? last.end : findEndOf(folded, end, cue);
      spans[spans.length - 1] = { ...last, end: Math.max(last.end, endNow), cues: cuesNow };
      continue;
    }
    spans.push({
      start: findStart(folded, start, last?.end ?? 0, cue),
      end: findEndOf(folded, end, cue),
      strength: 2,
      cues: [cue],
    });
  }
  return spans;
}

const TAG = /<(\/?)([a-z][\w-]{1,30})[^<>]{0,80}>/g;
/** How far a forged tag's end may lie from its beginning. */
const FORGED_REACH = 8000;

/** What stands between a forged tag in one attack and its end in a later one is theirs too, however plain it looks. */
function joinForged(folded: string, attacks: readonly Directive[]): readonly Directive[] {
  const joined: Directive[] = [];
  for (const attack of attacks) {
    const last = joined.at(-1);
    if (last !== undefined && attack.start - last.end < FORGED_REACH && closesTag(folded, last, attack)) {
      const cues = [...new Set([...last.cues, ...attack.cues])];
      joined[joined.length - 1] = { ...last, end: attack.end, cues };
    } else joined.push(attack);
  }
  return joined;
}

function closesTag(folded: string, first: Directive, second: Directive): boolean {
  const tagsOf = ({ start, end }: Directive, mark: string): readonly string[] =>
    [...folded.slice(start, end).matchAll(TAG)].flatMap(([, slash, name]) => (slash === mark ? [name!] : []));
  const closed = new Set(tagsOf(second, '/'));
  return closed.size > 0 && tagsOf(first, '').some((name) => closed.has(name));
}

/** Back to where the cue's sentence begins; a sign that refers back takes the sentence before it too. Not before `floor`. */
function findStart(folded: string, at: number, floor: number, cue: string): number {
  // A call that is written out begins with its brace; what stands before it is not its.
  const brace = cue === CALL_CUE ? folded.lastIndexOf('{', at) : -1;
  if (brace >= floor && brace >= at - 4) return brace;
  const from = Math.max(floor, at - 400);
  const before = folded.slice(from, at);
  const ends = [...before.matchAll(/[.!?](?=\s)|\n|\\\\n|["'] ?[:,]/g)].map((match) => match.index + match[0].length);
  const back = cue === 'asks for secrecy' ? ends.at(-2) : ends.at(-1);
  let cut = back ?? (ends.length > 0 ? ends[0]! : 0);
  for (const match of before.matchAll(FIELD_END)) cut = Math.max(cut, match.index + match[0].length);
  return from + cut;
}

/** A call that is written out ends with its braces. */
function findEndOf(folded: string, at: number, cue: string): number {
  if (cue !== CALL_CUE) return findEnd(folded, at);
  let depth = folded[at - 1] === '{' ? 1 : 0;
  for (let i = at; i < Math.min(folded.length, at + REACH); i++) {
    if (folded[i] === '{') depth++;
    else if (folded[i] === '}' && --depth <= 0) return i + 1;
  }
  return Math.min(folded.length, at + REACH);
}

/** On to where the field ends, or the paragraph: one that ends in a colon goes on. */
function findEnd(folded: string, at: number): number {
  const after = folded.slice(at, at + REACH);
  FIELD_END.lastIndex = 0;
  const field = FIELD_END.exec(after)?.index ?? after.length;
  let paragraph = after.indexOf('\n\n');
  while (paragraph >= 0 && /[:>]\s{0,4}$/.test(after.slice(Math.max(0, paragraph - 4), paragraph))) {
    const next = after.slice(paragraph).search(/\S/);
    paragraph = next < 0 ? -1 : after.indexOf('\n\n', paragraph + next);
  }
  return at + Math.min(field, paragraph < 0 ? after.length : paragraph);
}

const SENTENCE_END = /[.!?][_*]{0,2}(?=\s|$|["'<)])|\n\s{0,40}\n|\n[-=_*~]{4,200}\n|["'] ?[,}\]]|\\n/g;

/** Lines that say nothing of each other: with columns, of a page's tree, of a table, each with its time. */
const ROWS = [
  /\S {3,60}\S/,
  /^\s{0,40}\[\d{1,6}\] /,
  /^\s{0,40}\|/,
  /^\s{0,8}\[?\d{1,4}[-/.:]\d\d/,
  /^\s{0,20}- \w{1,24}: \S/,
];

/** Where the row of a table, or the line of a page's tree, ends that a place is in: the next row says nothing of it. -1: it is in none. */
function findRowEnd(folded: string, at: number): number {
  const end = folded.indexOf('\n', at);
  if (end < 0) return -1;
  const line = folded.slice(Math.max(folded.lastIndexOf('\n', at) + 1, at - 400), end);
  const after = folded.slice(end + 1, end + 400);
  const next = after.slice(0, after.indexOf('\n') < 0 ? after.length : after.indexOf('\n'));
  return ROWS.some((mark) => mark.test(line) && mark.test(next)) ? end : -1;
}

/** The order's sentence and the one after it, which often names the details. */
function growOrder(folded: string, at: number): Directive {
  const text = folded.slice(at, at + 600);
  let end = text.length;
  let left = 2;
  const row = findRowEnd(folded, at) - at;
  SENTENCE_END.lastIndex = 0;
  for (let match = SENTENCE_END.exec(text); match !== null; match = SENTENCE_END.exec(text)) {
    end = match.index + match[0].length;
    left--;
    // A field's end is an end for good, and so is a line across; a sentence's is one only once the next has been read.
    if (left === 0 || /["']|\n[-=_*~]{4}/.test(match[0])) break;
  }
  if (row >= 0) end = Math.min(end, row);
  const back = folded.slice(Math.max(0, at - 120), at);
  const opens = Math.max(
    0,
    ...['. ', '! ', '? ', '\n', '"', "'", ': '].map(
      (sign) => back.lastIndexOf(sign) + (back.includes(sign) ? sign.length : 0),
    ),
  );
  return { start: at - back.length + opens, end: at + end, strength: 1, cues: ['gives an order'] };
}

/** Joins overlapping spans of one strength; an attack swallows the orders in it. */
export function mergeSpans(spans: readonly Directive[]): readonly Directive[] {
  const merged: Directive[] = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start || b.strength - a.strength)) {
    const last = merged.at(-1);
    if (last === undefined || span.start >= last.end) merged.push(span);
    else if (span.strength === last.strength)
      merged[merged.length - 1] = { ...last, end: Math.max(last.end, span.end) };
    else if (last.strength === 2) {
      if (span.end > last.end) merged.push({ ...span, start: last.end });
    } else {
      if (span.start > last.start) merged[merged.length - 1] = { ...last, end: span.start };
      else merged.pop();
      merged.push(span);
      if (last.end > span.end) merged.push({ ...last, start: span.end });
    }
  }
  return merged;
}
