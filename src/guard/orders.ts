// Where in a text an order begins: at a verb that opens a sentence, behind "please" and its like, in a passive or a custom, in a favour
// that is asked. Words and signs alone, of English; other languages are in foreign.ts. Not here: where an order ends, what makes it an
// attack (directive.ts).
import { isOrderVerb, isStop, wordSet } from './lexicon.ts';

const LEADS =
  '(?:(?:please|pls|kindly|now|first|firstly|second|secondly|then|next|also|finally|lastly|todo|so|and|instead|additionally|afterwards|once done|immediately|action|step \\d|task|ok|okay|hey|hi)[\\s,:-]{1,20}){0,4}';
const OPENING = new RegExp(
  `(^|[\\n\\r.!?;:"'>|*•()[\\]{}\\t-]|\\\\n|,)\\s{0,6}(${LEADS})([a-z]{1,30})(?=[ \\t]{1,3}(\\S{1,30}))`,
  'g',
);
const ASKING =
  /\b(?:(?:you|we|they|it|somebody|someone)(?:'ll| will| shall| may| might| would| do)(?: also| still| now| first| then)? (?:need|have|want|wish) to|(?:also|still|first|now|then) (?:need|needs|have|has) to|please|pls|kindly|(?:can|could|would|will) you(?: please| kindly| also)?|you (?:must|should|need to|have to|are to|shall|will|can)(?: also| now| first)?|(?:agents?|assistants?|models?|bots?|users?|you|we|staff|everyone|everybody|anyone|anybody|someone|somebody|who|it|this|they) (?:could|can|would|must|should|ought to|(?:need|have|has|needs) to|(?:is|are|were|been|be) (?:required|asked|expected|instructed|obliged|ordered|told|supposed|requested) to)(?: also| now| first)?|(?:want(?:s|ed)?|need(?:s|ed)?|ask(?:s|ed)?|like|expect(?:s|ed)?|require[sd]?|told|tells|instruct(?:s|ed)?|order(?:s|ed)|request(?:s|ed)?|remind(?:s|ed)?|oblige[sd]?|urge[sd]?|invite[sd]?|advise[sd]?|beg(?:s|ged)?) (?:you|me|us|him|her|them|(?:the |this |your |an? )?(?:ai|assistant|agent|model|bot)) to|(?:step|task|job|duty) (?:now )?(?:is|was) to|(?:has|had|have|is|was) (?:asked|told|requested|agreed|wished|ordered|wanting|asking)(?: \w{1,12}){0,4} to|(?:you|we|who|whoever|whom)(?: [\w ]{1,30})? (?:is|are|have|has|was|were) to|(?:i will|i'll|i am going to|i'm going to|i should|i must|i need to|i have to|let me)(?: now| also| first)?|(?:to|or|until|unless|if) you (?:do not |don't |will )?|(?:agt|agents?|assistants?|bots?|operators?|clerks?|staff|recipients?) to|be (?:a dear|so kind|kind enough) (?:as to|and|to)|(?:appreciate it|(?:great|grateful|nice|good|lovely|helpful|kind)) if (?:you|somebody|someone) (?:could|would|can)|make sure (?:to|that you|you)|be sure to|remember to|(?:don't|do not) forget to|let's|let us|go ahead and|i(?:'d| would) like to|i (?:want|need) to|we need to|(?:necessary|mandatory|required|obligatory|important|essential|vital|crucial|advised|advisable|recommended|requested|obliged|expected|supposed|instructed|asked|great|nice|good|best|helpful|kind|time) (?:for (?:the |all )?\w{1,20} )?to)\s{1,3}(?:also |now |immediately |first )?([a-z]{1,30})\b/g;
const PASSIVE =
  /\b(?:must|should|needs? to|has to|have to|is (?:now )?to|are (?:now )?to|shall)(?: also| now| then)? be (?:\w{1,30}ly )?([a-z]{2,18}(?:ed|en|nt|id|ut|ld|de))\b/g;

/** What some kind of reader has to do, or does: `automated reviewers must approve …`, `whoever is on duty adds …`. */
const SUBJECT =
  /\b(?:[a-z]{3,20}s (?:must|shall|have to|are to|need to)(?: also| now)? ([a-z]{2,20})|(?:whoever|the (?:agent|assistant|bot|clerk|operator|system|person)|(?:an?|each|every|any) (?:ai |digital |automated )?(?:agent|assistant|bot|reader))\b[^.\n]{0,60}? ([a-z]{2,18})s)(?= (?:the|a|an|all|every|each|this|these|those|your|my|our|his|her|their|its|it|them|[^ \n]{0,20}[\d"'#@]))/g;

const RUN_ON =
  /(?<=\s)([a-z]{2,30}) (?:(?:the|a|an|all|every|each|this|these|those|your|my|our|his|her|their|any|both|it|them|me|us|only|also|out|up)\b|[$€£\d])/g;

/** What is to be named, or had done, is an order without a deed of its own: "name X as …", "have the parcel sent to …". */
const CAUSING =
  /(?:^|[\n\r.!?;:"'>|*•(-]|,)\s{0,6}(?:(?:please|kindly|also|then|and|now|first|todo)[\s,:-]{1,4}){0,3}(?:(?:name|appoint|nominate|designate|declare|treat|count|list|register) [^.\n]{2,60}? as\b|let [^.\n]{2,60}? (?:see|have|use|read|in|into)\b|have (?:the|a|an|all|any|every|my|your|our|this|that|these|those|its|his|her|their)\b[^.\n]{2,50}? (?:[a-z]{2,18}(?:ed|en|nt|id|ut|ld)|made|done|set|put|cut)\b)/g;

/** An order behind what it is for: `For order 12 set the address to …`. */
const BEHIND =
  /(?:^|[\n.!?:])\s{0,6}for [^.,\n]{1,40}?,? ([a-z]{2,20})(?= (?:the|a|an|all|it|this|that|its|their|my|your|up|to)\b)/g;

/** What agents do, told as how things are done: `agents move open orders to the hub`. */
const CUSTOM =
  /\b(?:agents|assistants|bots|models)(?: then| now)? ([a-z]{2,20})(?= (?:the|a|an|all|any|every|each|open|new|such|this|that|it|them|their|your)\b)/g;

/** A deed that is asked for by its -ing form: `would you mind sending …`, `we'd appreciate it if you cancelled …`. */
const POLITELY =
  /\b(?:(?:would|do) you mind|(?:thank you|thanks)(?: in advance)? for|(?:appreciate it|(?:great|grateful|nice|good|lovely|helpful|kind)) if (?:you|somebody|someone))(?: \w{1,12}ly)? ([a-z]{3,18}(?:ing|ed)|sent|paid|put|gave|took|made|told|wrote|bought|set|ran|let)\b/g;

/** The verb of an -ing or -ed form: `sending`, `cancelled`, `moving`. */
const isFormOfVerb = (word: string): boolean => {
  if (!/(?:ing|ed)$/.test(word)) return true;
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

/** Offsets of the verbs that open an order. */
export function findOrders(folded: string, original: string, placeIn: (at: number) => number): readonly number[] {
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
  /^(?:(?:please|kindly) )?(?:view (?:this|the|it)\b[^.\n"]{0,30}\bin (?:your|a|the) browser|keep (?:the|this|your) (?:ticket|case|reference|order|booking)[^.\n"]{0,20}\b(?:number|id)\b|(?:do not|don't) (?:reply|respond) to this|allow (?:up to |at least )?\d{1,3} (?:\w{1,10} )?(?:days?|hours?|weeks?|minutes?)\b|contact (?:us|support|the (?:service desk|help ?desk|front desk|reception))(?: if\b| when\b| with any\b| for (?:help|more|further|details|questions|assistance)\b|\W{0,2}$)|enjoy (?:the|your)\b|let us know(?: if\b| when\b| whether\b|\W{0,2}$))/;

/** Whether a sentence is such a notice, and names no place or number of its own. */
function isNotice(folded: string, at: number): boolean {
  const sentence = folded.slice(at, at + 240).split(/[.!?](?:\s|$)|\n|["']/)[0]!;
  // Whoever puts a deed behind it gives an order all the same.
  const more = [...sentence.matchAll(/\b(?:and|then|or) (?:then )?([a-z]{2,30})/g)].some(([, verb]) =>
    isOrderVerb(verb!),
  );
  return NOTICE.test(sentence) && !more && !/@|:\/\/|www\.|\d{5}/.test(sentence);
}

/** Whether a word that opens a sentence before an article is a deed, though no verb that is known: nothing else stands there. */
const bids = (word: string, next: string): boolean =>
  word.length >= 3 &&
  !/(?:[^s]s|ed|ing|ly|ion|ty|ce)$/.test(word) &&
  /^(?:the|an?|all|every|each|this|these|those|your|my|our|his|her|their|both|them|him)$/.test(next) &&
  !CLOSED.has(word) &&
  !isStop(word);

/** Words that stand before an article and are no deeds. */
const CLOSED = wordSet(
  'without until till throughout like because although though unless whether who what why how even still already now today tomorrow yesterday many either neither thank dear hello hey hi upon within across along around behind below beneath beside beyond inside near onto opposite outside past toward underneath unlike against among amid except almost quite rather maybe often never much less least half double next when while well okay sure good great best look inbox page home back end top kind sort type date time day week month year code total room street subject body title info mail email message report file item user fwd cc bcc',
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
