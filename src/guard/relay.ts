// Places an outsider wants passed on: a link, an address or a number that a tool's text asks to have told to the user, or that
// it urges upon whoever reads it while the user asked for nothing of the kind. A report of what a text says passes, and so does
// whatever the user asked to read. Not covered: what is urged in a text the user asked to have read out or summed up.
import { findBound } from './clause.ts';
import { BREAKS_OFF } from './described.ts';
import { foldText } from './fold.ts';
import { translateWord } from './languages.ts';
import { isOrderVerb } from './lexicon.ts';
import { hostOf, type Literal } from './literals.ts';
import { isAnswer, isPointed } from './pointed.ts';
import type { HeardTool, View } from './view.ts';

/** Where something was planted: offsets in the tool's text. */
export type Planted = { readonly tool: HeardTool; readonly start: number; readonly end: number };

/** Verbs that pass something on, and whom to. */
const TELLING =
  /\b(?:tell|inform|notify|advise|remind|recommend|suggest|mention|say|show|point|refer|direct|send|let|ask|urge|invite|encourage|convince|instruct|have|make|give|pass|include|add|append|end|finish|reply|respond|answer|write)\b/;
const READER =
  /\b(?:users?|customers?|clients?|readers?|humans?|person|people|they|them|him|her|your (?:answer|reply|response|message|summary|owner|boss|principal|operator)|the (?:answer|reply|response|summary|caller|visitor|guest|patient|owner))\b/;

/** Only texts meant for agents speak of a user; other readers are anybody's. */
const USER = /\busers?\b|\bnutzer|\busuari|\butilisat|\butent|пользовател|用户|ユーザー/;

/** Whether a sentence asks to have something passed on to the user. */
function asksToTell(sentence: string): boolean {
  const words = sentence.match(/[\p{L}\p{N}]+/gu) ?? [];
  const means = (lemmas: readonly string[]): boolean =>
    words.some((word) => translateWord(word).some((lemma) => lemmas.includes(lemma)));
  return (
    (TELLING.test(sentence) || means(['tell', 'notify', 'write', 'reply', 'show', 'send'])) &&
    (READER.test(sentence) || means(['user', 'customer']))
  );
}

/** Signs in an answer that it only reports. */
const REPORTED =
  /\b(?:says?|said|states?|stated|writes?|wrote|asks?|asked|asking|claims?|mentions?|mentioned|according to|reads|contains?|message|messages|e-?mails?|mail|review|reviews|note|page|post|comment|suspicious|phishing|spam|did not|didn't|not follow|ignored|laut|schreibt|selon|segun|dice)\b/;

/** Whether an answer urges a place upon the user, in words of its own: `see …`, `call …`, and does not say who says so. */
export function isUrged(answer: string, start: number, end: number): boolean {
  const from = findBound(answer, start, -1);
  const sentence = answer.slice(from, findBound(answer, end, 1));
  if (REPORTED.test(sentence)) return false;
  const before = answer.slice(from, start).match(/[a-z']{2,30}/g) ?? [];
  return before.slice(-8).some((word) => word === 'see' || isOrderVerb(word));
}

/** What users ask who want to read what stands in a text, or where to turn. */
const ASKED =
  /\b(?:summar\w{0,6}|contents?|what (?:does|do|did|is|are|was)\b.{0,60}\b(?:say|says|in|about|written)|read|list|show|overview|recap|translate|quote|details?|links?|urls?|sites?|websites?|web ?pages?|address(?:es)?|contacts?|phone|numbers?|e-?mails?|mail|where|how (?:do|can|to|does)|instructions?|steps|sources?|references?|news|articles?)\b/;

/** The text that alone names a place and wants it passed on. Null: nothing does, or the user asked for it. */
export function findRelay(view: View, { text }: Literal, host: string | null, urged: boolean): Planted | null {
  const own = [...view.user, ...view.system, ...view.shown];
  const spoken = host ?? hostOf(text) ?? text;
  if (own.some(({ digest }) => digest.folded.text.includes(spoken))) return null;
  const asked = view.user.some(({ digest }) => ASKED.test(digest.folded.text));
  let found: Planted | null = null;
  for (const tool of [...view.tools, ...view.described]) {
    const sentences = [...sentencesWith(tool, text)];
    const planted = sentences.filter((sentence) => isPlanted(view, tool, sentence, urged, asked));
    // What a text asks to have told to the user is no report of its own, however often it says it beside.
    const isToTell = planted.some(({ sentence }) => USER.test(sentence) && asksToTell(sentence));
    // A place that the agent asked a tool about and that the tool only names again is not said by that tool.
    const isEcho = tool.echoes().includes(text);
    if (planted.length < sentences.length && !isToTell && !isEcho) return null;
    const [first] = planted;
    if (first !== undefined) found ??= { tool, start: first.start, end: first.end };
    found ??= findEncoded(tool, text);
  }
  return found;
}

/** What a tool says of its own deed is its answer; what it read, and what it says of itself, is an outsider's. */
function isPlanted(
  view: View,
  tool: HeardTool,
  { sentence, ordered }: Sentence,
  urged: boolean,
  asked: boolean,
): boolean {
  if (tool.of === undefined && isAnswer(view, tool)) return false;
  if (USER.test(sentence)) return urged || asksToTell(sentence);
  if (urged && !asked && (tool.of !== undefined || leavesOpen(view))) return true;
  if (!ordered || asked) return false;
  return asksToTell(sentence) || (urged && !isPointed(view, tool));
}

/** Whether a text breaks off where it would say what to tell the user: what it wants told stands somewhere else. */
const leavesOpen = (view: View): boolean =>
  [...view.tools, ...view.described].some(({ digest }) => {
    const lines = digest.folded.text.slice(-20_000).match(/[^\n".!?]{1,80}(?=\n|"|$)/g) ?? [];
    return lines.some((line) => BREAKS_OFF.test(line) && asksToTell(line));
  });

/** A text that hides a place in an encoding wants it found by the agent and by nobody else; links encode what they carry. */
function findEncoded(tool: HeardTool, place: string): Planted | null {
  const { hidden, literals } = tool.digest;
  const inLink = (start: number): boolean =>
    literals.some((literal) => literal.kind === 'link' && literal.start <= start && start < literal.end);
  const found = hidden.find(
    ({ text, start, encoding }) => foldText(text).text.includes(place) && !(encoding === 'percent' && inLink(start)),
  );
  return found === undefined ? null : { tool, start: found.start, end: found.end };
}

type Sentence = { readonly start: number; readonly end: number; readonly sentence: string; readonly ordered: boolean };

/** The sentences of a text that name a place, at most twenty, and whether an order stands there. */
function* sentencesWith({ digest }: HeardTool, place: string): Generator<Sentence> {
  const { text, offsets } = digest.folded;
  const original = (at: number): number => (offsets === null ? at : (offsets[at] ?? at));
  for (let at = text.indexOf(place), n = 0; at >= 0 && n < 20; at = text.indexOf(place, at + place.length), n++) {
    const [from, to] = [findBound(text, at, -1), findBound(text, at + place.length, 1)];
    const [start, end] = [original(from), original(to)];
    const ordered = digest.spans.some((span) => span.start < end && span.end > start);
    yield { start, end, sentence: text.slice(from, to), ordered };
  }
}
