// What a user's words hand over: the data of a text the user pointed at, bills to pay, all that a list orders. Patterns only;
// which texts are meant is in pointed.ts, what it means for a call in origin.ts.
import { type Digest, digestText } from './digest.ts';
import { onceFor } from './once.ts';
import { isFetched, isPointed } from './pointed.ts';
import type { HeardTool, View } from './view.ts';

const matchesOf = onceFor(
  (pattern: RegExp) => onceFor(({ folded }: Digest) => pattern.exec(folded.text), new WeakMap()),
  new WeakMap(),
);

/** Where a text holds a pattern; looked for once, since a message is asked about with every later call. */
const findIn = (digest: Digest, pattern: RegExp): RegExpExecArray | null => matchesOf(pattern)(digest);

/** Whether the user's words hold a pattern, of this file or of another. */
export const userSays = (view: View, pattern: RegExp): boolean =>
  view.user.some(({ digest }) => findIn(digest, pattern) !== null);

/** Words for paying what somebody else's text asks for. */
export const PAYS =
  /\b(?:pay(?:ing)?|settle|bill|invoice|refund|transfer|rechnung|bezahl\w{0,6}|uberweis\w{0,8}|paye[rz]?|payer|facture|paga(?:r|re)?|factura|fattura|fatura)\b|付|支払/;

/** Words for money that leaves an account, whatever for. */
export const SPENDS =
  /\b(?:pay(?:s|ing|ment|ments|out|outs)?|paid|settle\w{0,2}|bills?|invoices?|refund\w{0,3}|transfer\w{0,4}|wire|remit\w{0,5}|deposit\w{0,3}|donat\w{1,5}|tip|fees?|fine|rent|salar\w{1,3}|wages?|expenses?|reimburse\w{0,4}|owe[sd]?|debts?|split|money|cash|funds?|eur|euros?|usd|dollars?|pounds?|gbp|chf|yen|buy\w{0,3}|purchas\w{1,3}|orders?|book|standing order|direct debit|rechnung\w{0,2}|zahl\w{0,6}|bezahl\w{0,6}|uberweis\w{0,8}|miete|geld|paye[rz]?|payer|paiement|virement|facture\w{0,1}|loyer|argent|paga\w{0,3}|pago|transferencia|factura\w{0,1}|dinero|alquiler|bonifico|fattura|soldi|affitto|fatura|pagamento)\b|[$€£¥]|付|払|款|钱|送金|汇|振/;

/** The deed of paying alone. */
export const PAYS_BILL = /\b(?:pay(?:ing)?|settle|transfer|bezahl\w{0,6}|uberweis\w{0,8}|paye[rz]|paga(?:r|re)?)\b/;

/** Words for several bills, each with a payee of its own. */
export const PLURAL =
  /\b(?:those|these|all|each|every|both|them|(?:invoice|bill|payment|fee|supplier|vendor|mail|email|message)s|everyone|everybody|rechnungen|factures|facturas|fatture|faturas)\b/;

/** Words that hand over what a text says: to follow it, to act on it, as it says. */
export const HANDS_OVER =
  /\b(?:follow(?![ -]?ups?\b)|do (?:all|the|what|everything|it|as)|complete|perform|execute|carry out|handle|work through|take care of|act on|respond to|reply to|accordingly|as (?:it|they|he|she) (?:says?|asks?|requests?|describes?)|according to|based on|instructions?|to-?do list|(?:can|will|may|should) find|what (?:[\w'.-]{1,20} ){1,5}(?:says?|asks?(?: for)?|wants?|requires?|needs?|recommends?|suggests?|prescribes?|lists?|is asking for)|(?:as|way) [\w ]{2,30} (?:says?|proposes?|asks?|wants|recommends?|suggests?|describes?|advises?|wrote)|(?:prices?|dates?|numbers?|address(?:es)?|times|hours|answers?|figures|names|links?|codes?) (?:is|are|stands?) (?:in|on) (?:the|my|our|his|her|their|that)|(?:details?|info\w{0,9}|described|mentioned|specified|listed|given|stated|written) (?:is |are )?(?:in|on|at|from|by))\b/;

/** Words for a place that somebody left in a text: "he put his address into the note". */
export const LEFT_THERE =
  /\b(?:put|wrote|left|posted|gave|shared?|sent) (?:me |us )?(?:his|her|their|its|the) (?:\w{1,20} )?(?:address|iban|account|number|details|e?mail)\b/;

/** Words that hand over all that a text orders: do what is on the list. */
const HANDS_ALL =
  /\b(?:do|run(?:ning)?|stick(?:ing)? to|complet(?:e|ing)|perform(?:ing)?|execut(?:e|ing)|carry(?:ing)? out|handl(?:e|ing)|work(?:ing)? through|go(?:ing)? through|follow(?:ing)?|us(?:e|ing)|tak(?:e|ing) care of|finish(?:ing)?)\b(?:(?! against )[^.\n]){0,40}\b(?:instructions?|to-?dos?|tasks?|actions?|steps|items|requests?|check-?list|run-?book|procedure|guide|play-?book|readme|contributing|manual)\b|\b(?:do|deal with|handle|see to|sort out|take care of|enter|apply|implement|process) (?:everything|anything|all|what(?:ever)?)\b[^.\n]{0,30}\b(?:on it|in it|there|says?|listed|written|on the list|asks?|needs?|wants?|requires?|tells?)\b|\b(?:as in|according to|per)\b[^.\n]{0,40}\b(?:instructions?|run-?book|procedure|guide|play-?book|readme|contributing|manual)\b|\bdo my [\w ]{0,20}\b(?:routine|rounds?|chores)\b|\bdo the (?:ones|points|things|bits) (?:that|which|on|from|in|for)\b|\bwork(?:ing)? through (?:it|this|that|them)\b|\bas [\w ]{0,20}\b(?:readme|docs|documentation|manual|guide)\b[^.\n]{0,10}\b(?:says?|describes?|recommends?)\b/;

/** The same in other languages: "mach, was drin steht", "fais ce qu'il demande", "haz lo que pide", 書いてある通りに. */
const HANDS_ALL_ABROAD =
  /\b(?:mach\w{0,2}|erledig\w{0,3}|tu\w{0,2}|setz\w{0,2})\b[^.\n]{0,30}\bwas\b[^.\n]{0,30}\b(?:steht|schreibt|verlangt|will|sagt|bittet)\b|\b(?:fais|faites|fait) (?:tout )?ce qu(?:'il|'elle|'on|'ils|i)\b|\b(?:haz|haga|hacer) (?:todo )?lo que\b|書いて?ある通り|書かれている通り|指示(?:の)?通り|要望[^。\n]{0,12}対応|対応しておいて|按(?:照)?[^。\n]{1,12}(?:说的|要求|写的)/;

/** Whether the user hands over all that a text orders; a list in the user's own message hands over nothing. */
export const handsOverAll = (view: View): boolean =>
  view.user.some(({ digest }) => {
    const match = findIn(digest, HANDS_ALL);
    const abroad = findIn(digest, HANDS_ALL_ABROAD) !== null;
    return abroad || (match !== null && !/\bthe following\b|\bbelow\b/.test(match[0]));
  });

const windowsOf = onceFor(
  (user: View['user']): View['user'] => user.flatMap(({ index, digest }) => openWindow(index, digest)),
  new WeakMap(),
);

/** Which texts the user handed over whole: those that the sentence which does so, or one beside it, points at. */
export const isHanded = (view: View, tool: HeardTool): boolean =>
  isFetched({ ...view, user: windowsOf(view.user) }, tool);

/** A message cut to the sentence that hands over, and those beside it. */
function openWindow(index: number, digest: Digest): View['user'] {
  const match = findIn(digest, HANDS_ALL) ?? findIn(digest, HANDS_ALL_ABROAD);
  if (match === null) return [];
  const { text } = digest.folded;
  const before = [...text.slice(0, match.index).matchAll(/[.!?\n。！？](?=\s|$|[^\w\s])/g)].map((end) => end.index + 1);
  const after = [...text.slice(match.index + match[0].length).matchAll(/[.!?\n。！？](?=\s|$)/g)].map(
    (end) => end.index,
  );
  const [from, to] = [before.at(-2) ?? 0, after[1]];
  const end = to === undefined ? text.length : match.index + match[0].length + to;
  return [{ index, digest: digestText(text.slice(from, end), false) }];
}

/** Whether the user handed over a list that the guard has not been shown: then its purposes are nobody's to guess. */
export function handsOverUnseen(view: View): boolean {
  if (!handsOverAll(view)) return false;
  return !view.tools.some((tool) => isPointed(view, tool));
}
