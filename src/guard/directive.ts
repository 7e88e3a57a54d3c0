// Spans of a tool's text that tell an agent what to do. Two strengths: 1, an order as any letter may hold one ("please
// send me the report"); 2, an order with a sign of attack: it speaks to the model, sets aside its instructions, forges
// tags or the user's voice, asks for secrecy. A span alone decides nothing: purpose.ts asks whether a call follows it.
// Other languages: foreign.ts. Not covered: orders without a verb of the lexicon, facts planted to mislead.
import type { Folded } from './fold.ts';
import { findForeign } from './foreign.ts';
import { isOrderVerb, isStop } from './lexicon.ts';

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
      `\\b(?:displayed|shown|visible|read|processed|seen|opened|handled) (?:to|by) ${MODEL}\\b|\\b(?:or|and) (?:its|their|your|the|his|her|any)? ?(?:robots?|bots?|ai)\\b(?=[)\\]]| (?:at|be|should|must|who|that)\\b)|\\b(?:dear|hey|hello|hi|attention|any|every) automated (?:agents?|visitors?|readers?|reviewers?|clients?|assistants?)\\b|\\b(?:to you,|dear|hey|hello|hi|attention|note to|note for|message to|message for|instructions? to|instructions? for|if you are|as|you are|you're|any)[,:]? {0,2}${MODEL}\\b(?! (?:of|by|for|from)\\b)|\\b(?:ai|llm|automated) (?:assistants?|agents?|models?)\\b[^.\\n]{0,40}\\b(?:must|should|please|need to|are required|are instructed|are to|have to)\\b`,
      'g',
    ),
  ],
  [
    'puts itself before the task',
    /\b(?:before|after) you (?:can )?(?:solve|do|complete|continue|proceed|finish|answer|start|perform|respond|reply)\b[^.\n]{0,40}\b(?:task|request|question|that|this|it|work|user)\b|\btasks? (?:that )?i (?:gave|have given|assigned) you\b|\b(?:instead|rather) of (?:your|the|what) (?:original|current|previous|user|actual)\b|\bstop what you(?:'re| are) doing\b|\bdo the following (?:first|instead|immediately|now)\b/g,
  ],
  [
    'asks for secrecy',
    /\bwithout (?:asking|telling|informing|notifying|alerting|consulting|confirm\w{0,5}|mentioning|seeking|waiting for|approval|permission|confirmation|the user(?:'s)? (?:knowing|knowledge|approval|consent))\b|\b(?:do not|don't|dont|never|no need to|avoid) (?:tell|telling|inform|informing|mention|mentioning|notify|alert|ask|asking|reveal|warn|bother) (?!me (?:that|we|you|he|she|it|they)\b)(?:\w{1,30} ){0,3}(?:user|me|them|him|her|anyone|owner|human|this|confirmation|permission)\b|\bno (?:further )?(?:confirmation|approval|permission) (?:is )?(?:needed|required|necessary)\b|\bno need to (?:tell|inform|advise|disturb|trouble|bother|involve|warn|alert)\b/g,
  ],
  [
    'forges a tag',
    /<\/?(?:system|information|important|instructions?|admin|assistant|tool_?\w{0,20}|function_?\w{0,20}|im_start|im_end|sys|inst|prompt|secret|override|task|think(?:ing)?|invoke|result|user_?(?:message|input|prompt|request|query)?)(?: [^<>]{0,60})?>|\[\/?(?:inst|system|sys|assistant|admin|user|human)\b[^\]\n]{0,40}\]|<\|[\w ]{1,30}\|>|<<\/?sys>>|#{2,9} ?\(?(?:system|instructions?|assistant|human|new|admin)|(?:^|\n)[ \t]{0,8}(?:system|assistant|developer|human)(?: (?:message|prompt|note|override|instruction))?[ \t]?:[ \t]{0,8}\w{1,30} \w{1,30} \w|\b(?:user|human) ?:[^\n]{1,200}\b(?:assistant|ai|agent|bot) ?:/g,
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

const LEADS =
  '(?:(?:please|pls|plz|kindly|now|first|firstly|second|secondly|then|next|also|finally|lastly|todo|so|and|instead|additionally|afterwards|once done|immediately|action|step \\d|task|ok|okay|hey|hi)[\\s,:-]{1,20}){0,4}';
const OPENING = new RegExp(
  `(^|[\\n\\r.!?;:"'>|*•()[\\]{}\\t-]|\\\\n|,)\\s{0,6}(${LEADS})([a-z]{1,30})(?=[ \\t]{1,3}(\\S{1,30}))`,
  'g',
);
const ASKING =
  /\b(?:(?:you|we|they|it|somebody|someone)(?:'ll| will| shall| may| might| would| do)(?: also| still| now| first| then)? (?:need|have|want|wish) to|(?:also|still|first|now|then) (?:need|needs|have|has) to|please|pls|plz|kindly|(?:can|could|would|will) you(?: please| kindly| also)?|you (?:must|should|need to|have to|are to|shall|will|can)(?: also| now| first)?|(?:agents?|assistants?|models?|bots?|users?|you|we|staff|everyone|everybody|anyone|anybody|someone|somebody|who|it|this|they) (?:could|can|would|must|should|ought to|(?:need|have|has|needs) to|(?:is|are|were|been|be) (?:required|asked|expected|instructed|obliged|ordered|told|supposed|requested) to)(?: also| now| first)?|(?:want(?:s|ed)?|need(?:s|ed)?|ask(?:s|ed)?|like|expect(?:s|ed)?|require[sd]?|told|tells|instruct(?:s|ed)?|order(?:s|ed)|request(?:s|ed)?|remind(?:s|ed)?|oblige[sd]?|urge[sd]?|invite[sd]?|advise[sd]?|beg(?:s|ged)?) (?:you|me|us|him|her|them|(?:the |this |your |an? )?(?:ai|assistant|agent|model|bot)) to|(?:step|task|job|duty) (?:now )?(?:is|was) to|(?:has|had|have|is|was) (?:asked|told|requested|agreed|wished|ordered|wanting|asking)(?: \w{1,12}){0,4} to|(?:you|we|who|whoever|whom)(?: [\w ]{1,30})? (?:is|are|have|has|was|were) to|(?:i will|i'll|i am going to|i'm going to|i should|i must|i need to|i have to|let me)(?: now| also| first)?|(?:to|or|until|unless|if) you (?:do not |don't |will )?|(?:agt|agents?|assistants?|bots?|operators?|clerks?|handlers?|staff|recipients?|whoever reads this) to|be (?:a dear|a darling|an angel|so kind|so good|so nice|kind enough|good enough) (?:as to|and|to)|(?:appreciate it|(?:great|grateful|nice|good|lovely|helpful|kind)) if (?:you|somebody|someone) (?:could|would|can)|make sure (?:to|that you|you)|be sure to|remember to|(?:don't|do not) forget to|let's|let us|go ahead and|i(?:'d| would) like to|i (?:want|need) to|we need to|(?:necessary|mandatory|required|obligatory|important|essential|vital|crucial|advised|advisable|recommended|requested|obliged|expected|supposed|instructed|asked|great|nice|good|best|helpful|kind|time) (?:for (?:the |all )?\w{1,20} )?to)\s{1,3}(?:also |now |immediately |first )?([a-z]{1,30})\b/g;
const PASSIVE =
  /\b(?:must|should|needs? to|has to|have to|is (?:now )?to|are (?:now )?to|shall)(?: also| now| then)? be (?:\w{1,30}ly )?([a-z]{2,18}(?:ed|en|nt|id|ut|ld|de))\b/g;

/** What some kind of reader has to do, or does: `automated reviewers must approve …`, `whoever is on duty adds …`. */
const SUBJECT =
  /\b(?:[a-z]{3,20}s (?:must|shall|have to|are to|need to)(?: also| now)? ([a-z]{2,20})|(?:whoever|the (?:agent|assistant|bot|clerk|operator|system|person)|(?:an?|each|every|any) (?:ai |digital |automated )?(?:agent|assistant|bot|reader))\b[^.\n]{0,60}? ([a-z]{2,18})s)(?= (?:the|a|an|all|every|each|this|these|those|your|my|our|his|her|their|its|it|them|[^ \n]{0,20}[\d"'#@]))/g;

const RUN_ON =
  /(?<=\s)([a-z]{2,30}) (?:(?:the|a|an|all|every|each|this|these|those|your|my|our|his|her|their|any|both|it|them|me|us|only|also|out|up)\b|[$€£\d])/g;

/** What is to be named, or had done, is an order without a deed of its own: "name X as …", "have the parcel sent to …". */
const CAUSING =
  /(?:^|[\n\r.!?;:"'>|*•(-]|,)\s{0,6}(?:(?:please|kindly|also|then|and|now|first|todo)[\s,:-]{1,4}){0,3}(?:(?:name|appoint|nominate|designate|declare|treat|count|list|register) [^.\n]{2,60}? as\b|have (?:the|a|an|all|any|every|my|your|our|this|that|these|those|its|his|her|their)\b[^.\n]{2,50}? (?:[a-z]{2,18}(?:ed|en|nt|id|ut|ld)|made|done|set|put|cut)\b)/g;

/** An order behind what it is for: `For order 12 set the address to …`. */
const BEHIND =
  /(?:^|[\n.!?:])\s{0,6}for [^.,\n]{1,40}?,? ([a-z]{2,20})(?= (?:the|a|an|all|it|this|that|its|their|my|your|up|to)\b)/g;

/** What agents do, told as how things are done: `agents move open orders to the hub`. */
const CUSTOM =
  /\b(?:agents|assistants|bots|models)(?: then| now| always| also| must)? ([a-z]{2,20})(?= (?:the|a|an|all|any|every|each|open|new|such|this|that|it|them|their|your)\b)/g;

/** A deed that is asked for by its -ing form: `would you mind sending …`, `we'd appreciate it if you cancelled …`. */
const POLITELY =
  /\b(?:(?:would|do) you mind|(?:thank you|thanks)(?: in advance)? for|(?:appreciate it|(?:great|grateful|nice|good|lovely|helpful|kind)) if (?:you|somebody|someone))(?: \w{1,12}ly)? ([a-z]{3,18}(?:ing|ed))\b/g;

/** The verb of an -ing or -ed form: `sending`, `cancelled`, `moving`. */
const isFormOfVerb = (word: string): boolean => {
  const bare = word.replace(/(?:ing|ed)$/, '');
  return [bare, `${bare}e`, bare.replace(/(.)\1$/, '$1')].some(isOrderVerb);
};

/** What is marked as a thing to do is an order, whatever its verb. */
const LISTED = /\b(?:to-?do|task|action(?: item| required| needed)?|next step)s? ?: {0,3}(?=[a-z]{2,30} [a-z])/g;

/** Words after a verb's form that show it is a noun there: `transfer complete`, `order status`. */
const AFTER_NOUN =
  /^(?:(?:is|was|are|were|has|had|have|will|complete|completed|failed|successful|successfully|of|status|by|from|been|being|date|id|number|name|time|type)\b|[=:|&,)\]}-]|[/.](?!\w|\.?\/))/;

/** "Read more at …", "click here": signposts of any page, which order nothing but looking. */
const isSignpost = (verb: string, next: string): boolean =>
  (/^(?:read|learn|see|view|find|show|click|browse|explore|discover)$/.test(verb) &&
    /^(?:more|here|below|above|also|full|less|out|further)$/.test(next)) ||
  (verb === 'see' && /^(?:the|our|https?:)/.test(next));

/** `Invoice TC-2210`, `access to …`: the word is a thing there. */
const isThing = (verb: string, next: string): boolean =>
  (/^(?:access|request|update|change|order|report|visit|review|offer|quote|design|schedule|issue|charge|credit)$/.test(
    verb,
  ) &&
    /^(?:to|of|for|from|by|on|in)$/.test(next)) ||
  (/^(?:invoice|order|report|ticket|message|charge|payment|transfer|post|record|file|mail|release|contact|claim|issue|receipt|charge|offer|quote)$/.test(
    verb,
  ) &&
    /^#?[a-z]{0,4}[-.:]?\d/.test(next));

/** A line of a program: `import { a } from "b";`, `export interface …`, `return out;`. */
function isCode(folded: string, at: number): boolean {
  const end = folded.indexOf('\n', at);
  const line = folded.slice(at, end < 0 ? at + 200 : Math.min(end, at + 200));
  return (
    /^(?:import [\w.]{1,60}(?: as \w{1,30})?$|(?:import|export|return|print|raise|throw|include|use|from|public|static)\b.*(?:[{;]\s*$|[({*]|import ))/.test(
      line,
    ) && !/[.!?] /.test(line)
  );
}

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

/** Offsets of the verbs that open an order. */
function findOrders(folded: string, original: string, placeIn: (at: number) => number): readonly number[] {
  const found = new Set<number>();
  for (const match of folded.matchAll(OPENING)) {
    const [whole, sign, leads, verb, next] = match;
    if (!(isOrderVerb(verb!) || bids(verb!, next!)) || AFTER_NOUN.test(next!) || isSignpost(verb!, next!)) continue;
    const at = match.index + whole.length - verb!.length;
    if (isThing(verb!, next!) || isCode(folded, at)) continue;
    // Within a sentence a capital letter, "please", or a clause before it ("when you are done, …") shows that an order begins.
    const begins = /[A-Z]/.test(original[placeIn(at)] ?? '') || leads !== '' || hasClause(folded, match.index);
    if (sign === ',' && !begins) continue;
    found.add(at);
  }
  for (const match of folded.matchAll(ASKING)) {
    if (isOrderVerb(match[1]!)) found.add(match.index);
  }
  // An order that follows on a text without any sign between: its verb has a capital letter, its object an article.
  for (const match of folded.matchAll(RUN_ON)) {
    const at = match.index + match[0].indexOf(match[1]!);
    if (isOrderVerb(match[1]!) && /^[A-Z][a-z]/.test(original.slice(placeIn(at), placeIn(at) + 2))) found.add(at);
  }
  for (const match of folded.matchAll(SUBJECT)) {
    if (isOrderVerb((match[1] ?? match[2])!)) found.add(match.index);
  }
  for (const pattern of [BEHIND, CUSTOM]) {
    for (const match of folded.matchAll(pattern))
      if (isOrderVerb(match[1]!)) found.add(match.index + match[0].lastIndexOf(match[1]!));
  }
  for (const match of folded.matchAll(POLITELY)) if (isFormOfVerb(match[1]!)) found.add(match.index);
  for (const pattern of [PASSIVE, LISTED, CAUSING])
    for (const match of folded.matchAll(pattern)) found.add(match.index);
  return [...found].filter((at) => !isNotice(folded, at)).sort((a, b) => a - b);
}

/** What stands under any mail or ticket, for whoever reads it. */
const NOTICE =
  /^(?:(?:please|kindly) )?(?:view (?:this|the|it)\b[^.\n"]{0,30}\bin (?:your|a|the) browser|keep (?:the|this|your) (?:ticket|case|reference|order|booking)[^.\n"]{0,20}\b(?:number|id)\b|(?:do not|don't) (?:reply|respond) to this|click (?:here|below) to (?:unsubscribe|view|see|manage)|allow (?:up to |at least )?\d{1,3}\b|contact (?:us|support|the (?:service desk|help ?desk|front desk|reception))\b|consider the environment|visit our\b|follow us\b|rate (?:us|your)\b|enjoy (?:the|your)\b|have (?:a|your) (?:id|passport|ticket|good|great|nice|lovely|safe)\b|bring (?:an? |your |some )?(?:photo|id|passport|apron|towel|laptop|ticket|badge|cash|umbrella|jacket)|leave a (?:message|review)|let us know\b)/;

/** Whether a sentence is such a notice, and names no place or number of its own. */
function isNotice(folded: string, at: number): boolean {
  const sentence = folded.slice(at, at + 240).split(/[.!?](?:\s|$)|\n|["']/)[0]!;
  return NOTICE.test(sentence) && !/@|:\/\/|www\.|\d{5}/.test(sentence);
}

/** Whether a word that opens a sentence before an article is a deed, though no verb that is known: nothing else stands there. */
const bids = (word: string, next: string): boolean =>
  word.length >= 3 &&
  !/(?:[^s]s|ed|ing|ly|ion|ty|ce)$/.test(word) &&
  /^(?:the|an?|all|every|each|this|these|those|your|my|our|his|her|their|both|them|him)$/.test(next) &&
  !CLOSED.has(word) &&
  !isStop(word);

/** Words that stand before an article and are no deeds. */
const CLOSED = new Set(
  'without until till throughout like because although though unless whether who what why how even still already now today tomorrow yesterday many either neither thank dear hello hey hi upon within across along around behind below beneath beside beyond inside near onto opposite outside past toward underneath unlike against among amid except almost quite rather maybe often never much less least half double next when while well okay sure good great best look inbox page home back end top kind sort type date time day week month year code total room street subject body title info mail email message report file item user fwd cc bcc'.split(
    ' ',
  ),
);

/** Whether the sentence up to a comma is a clause that an order follows. */
function hasClause(folded: string, comma: number): boolean {
  const before = folded.slice(Math.max(0, comma - 120), comma);
  const start = Math.max(...['.', '!', '?', '\n', '>', '"', ':', ';', ','].map((sign) => before.lastIndexOf(sign)));
  const clause = before.slice(start + 1);
  return /^[\s'(]{0,9}(?:to|while|until|upon|since)\b|\b(?:before|after|when|whenever|once|if|as soon as|in order to|to (?:finish|complete|continue|proceed|solve|do|get|see|fix|use|unlock|receive|avoid))\b[^,]{2,90}$/.test(
    clause,
  );
}

const SENTENCE_END = /[.!?][_*]{0,2}(?=\s|$|["'<)])|\n\s{0,40}\n|\n[-=_*~]{4,200}\n|["'] ?[,}\]]|\\n/g;

/** Lines that say nothing of each other: with columns, of a page's tree, of a table, each with its time. */
const ROWS = [/\S {3,60}\S/, /^\s{0,40}\[\d{1,6}\] /, /^\s{0,40}\|/, /^\s{0,8}\[?\d{1,4}[-/.:]\d\d/];

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
