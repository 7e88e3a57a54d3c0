// What a tool may do to the world, guessed from its name, description, schema and annotations; and which arguments name a
// destination. A guess errs on the side of caution: an annotation can add an effect, never take one away, and a tool that
// nothing is known of counts as one that writes. What the operator declares in the rules replaces the guess.
import type { Json } from '../episode/action.ts';
import type { Effect } from '../safety/taxonomy.ts';
import type { GuardTool } from './conversation.ts';
import { foldText } from './fold.ts';
import { translateWord } from './languages.ts';
import { isStop, splitName, stemWord, wordSet } from './lexicon.ts';
import { remembering } from './once.ts';

const stems = (words: string): ReadonlySet<string> => new Set(words.split(' ').map(stemWord));

const READ_WORDS =
  'get list read search find look lookup view show fetch retrieve check query count describe compare calculate compute analyze analyse estimate verify validate summarize browse inspect display monitor track detect predict recommend convert translate think help is has can current preview scan locate filter sort grep cat ls pwd head tail diff wc du cd login logout authenticate';
/** Words of other languages that tools are called by which read. */
const READ_ABROAD = wordSet(
  'anzeigen auflisten abrufen abfragen lesen holen suchen finden lister lire chercher rechercher consulter afficher voir obtenir listar leer buscar mostrar obtener encontrar verificar elencare leggere cercare mostra trova ler procurar lezen zoeken',
);
const READS = stems(READ_WORDS);
const READING = new Set(READ_WORDS.split(' '));
const SENDS = stems(
  'send email mail message msg post publish share tweet retweet reply forward invite notify submit upload broadcast comment contact dispatch dm sms text respond announce transmit webhook http request fax call',
);
const SPENDS = stems(
  'pay transfer withdraw deposit buy purchase order donate tip refund wire reimburse trade sell bid charge subscribe checkout payment bet invest redeem book reserve fund remit',
);
const UNDOES = stems(
  'unpublish disconnect unblind delete remove cancel erase wipe drop format revoke terminate purge destroy reset uninstall kick ban shutdown overwrite truncate execute exec run shell bash terminal eval command kill unlock disable deactivate rm rmdir approve sign disarm reject waive',
);
const WRITES = stems(
  'create add update set modify change edit echo lock close move rename grant enable activate schedule manage assign write save insert append make register replace adjust configure install upgrade put patch generate allow permit block unblock mute follow unfollow like react mark archive restore import merge copy mv cp mkdir touch exchange return export mark join leave start stop turn switch open press control place increase decrease rate review accept reject decline mute give navigate click fill type hijack inject deploy allocate reallocate download',
);
const MONEY = stems('money payment transaction fund cash bill invoice balance wallet crypto bitcoin');
const PRIVATE = stems(
  'password credential secret token key private personal medical health patient genetic prescription card ssn passport bank account address location history contact salary payroll identity profile balance transaction payee inbox email mail message note calendar file document diary payment user customer prescriptions order reservation holdings portfolio phone',
);
// A description's verb counts where the name has none that is known.
const KNOWN = [READS, SENDS, SPENDS, UNDOES, WRITES];
const DEEDS = [SENDS, SPENDS, UNDOES, WRITES];
const isDeedStem = (stem: string): boolean => DEEDS.some((set) => set.has(stem));

const HANDS = stems('transfer escalate hand handoff handover connect route pass forward');
const STAFF = stems('human agent representative operator supervisor staff specialist support helpdesk');

/** The effects a tool may have, as far as one can tell; never empty. */
export function inferEffects(tool: GuardTool): readonly Effect[] {
  const whole = readName(tool.name);
  // What an MCP server is called says what its tools are about, not what they do.
  const bare = tool.name.replace(/^mcp__[^_](?:[^_]|_(?!_)){0,80}__/, '');
  const name = bare === tool.name ? whole : readName(bare);
  // Handing a conversation over to the house's own people moves no money and reaches no stranger.
  if (name.some((word) => HANDS.has(word)) && name.some((word) => STAFF.has(word))) return ['writes'];
  // Typing and clicking are what the screen makes of them; `type_text` is no text message.
  if (/^(?:type|fill|click|press|hover|key|drag)$/.test(splitName(bare)[0] ?? '')) return ['writes'];
  const told = describeStems(tool.description ?? '');
  const speaks = name.some((word) => KNOWN.some((set) => set.has(word)));
  const words = speaks ? name : [...name, ...told];
  const effects = new Set<Effect>();
  const has = (set: ReadonlySet<string>): boolean => words.some((word) => set.has(word));
  // A name that begins with a reading verb reads, whatever it reads about: get_payment_history. Prefixes may stand before.
  const [head, tail] = [splitName(bare).find((word) => READING.has(word)) ?? '', splitName(bare).at(-1) ?? ''];
  const reading =
    (leadsWithReading(words) && !(LISTLIKE.test(head) && DOES.test(tail))) ||
    NOUN_FIRST.test(bare) ||
    isReadPart(bare) ||
    (!speaks && (TELLS.test(tool.description ?? '') || TELLS_ABROAD.test(tool.description ?? ''))) ||
    (READINGS.test(bare) && ![...name, ...told.slice(0, 1)].some(isDeedStem)) ||
    OPENS.test(tool.name) ||
    opensText(bare, tool.description ?? '') ||
    LISTS.test(bare) ||
    readsAbroad(bare) ||
    (isThing(bare) && isOfThings(tool.description ?? '') && !takesDeeds(tool));
  if (!reading) {
    if (has(SENDS)) effects.add('sends');
    if (has(SPENDS)) effects.add('spends');
    if (has(UNDOES)) effects.add('irreversible');
    if (has(WRITES)) effects.add('writes');
    if (has(MONEY) && (has(WRITES) || has(SENDS))) effects.add('spends');
  }
  if (reading || has(READS)) effects.add('reads');
  if (has(PRIVATE) || whole.some((word) => PRIVATE.has(word))) effects.add('private');
  addHints(effects, tool.annotations ?? {});
  const known = effects.size > 1 || (effects.size === 1 && !effects.has('private'));
  return known ? [...effects] : [...effects, 'writes'];
}

/** The stems of a name's words, in English where the word is of another language; kept, since names come back. */
const readName = remembering((name): readonly string[] =>
  splitName(name).flatMap((word) => {
    const lemmas = translateWord(foldText(word).text);
    return (lemmas.length === 0 ? [word] : lemmas).map(stemName);
  }),
);

/** Things are no deeds: who books in `viewings.book` does not view, `listings` lists nothing, and a tracker or browser is where it is done. */
function stemName(word: string): string {
  const stem = stemWord(word);
  return /(?:[^su]s|er|or|ing)$/.test(word) && word.length > 4 && READS.has(stem) && !READING.has(word) ? word : stem;
}

/** Whether the part of a name behind its last dot reads: `Mail.search`, `OrderDesk.findMail`; what stands before is where. */
function isReadPart(name: string): boolean {
  const part = name.split(/[./:]/).at(-1)!;
  const first = splitName(part)[0] ?? '';
  return part !== name && READING.has(first) && !LISTLIKE.test(first) && leadsWithReading(readName(part));
}

/** Things that are also what reads: `shopping_list_add` adds, `filter_create` creates. */
const LISTLIKE = /^(?:list|filter|view|track|monitor|scan|preview|compare|count|help)$/;
const DOES =
  /^(?:create|add|set|update|delete|remove|send|edit|insert|append|cancel|publish|assign|revoke|grant|enable|disable|approve|reject|upload|import|export)$/;

/** Lists of things that are called as deeds are: `list_workflow_runs` runs nothing. */
const LISTS = /(?:^|__|[./:])(?:list|get|find|search)(?:_[a-z]{1,30}){0,3}_(?:runs|commands|blocks|locks|resets)$/i;

function leadsWithReading(words: readonly string[]): boolean {
  const first = words.findIndex((word) => KNOWN.some((set) => set.has(word)));
  return first >= 0 && READS.has(words[first]!) && !words.slice(first + 1).some((word) => UNDOES.has(word));
}

const READINGS =
  /(?:_|\b|[a-z](?=[A-Z]))(?:history|status|details?|info|information|analysis|overview|stat(?:istic)?s|forecast)$/i;
/** How the description of a tool begins that tells something. */
const TELLS =
  /^(?:the |an? )?(?:returns?|reads?|lists?|finds?|search(?:es)?|fetch(?:es)?|gets?|shows?|tells?|prints?|displays?|looks? up|text|contents?|details?|status|history|list|overview)\b/i;
const TELLS_ABROAD =
  /^(?:zeigt|liefert|sucht|cherche|liste|affiche|renvoie|busca|lista|muestra|consulta)(?![\p{L}])|(?:検索する|を返す|表示する|一覧|查询|返回|显示)/iu;
/** To open what can be read is to read it. */
const OPENS =
  /(?:^|[._-])open[._-]?(?:page|url|link|site|website|file|document|doc|e?mail|message|result|article|tab|note|letter|thread|record)$|(?:inbox|mail|message|document|file|page|article|note|letter|thread|record)s?[._-]{0,2}open$|browser[._-]{0,2}(?:navigate|visit|go_?to|open|snapshot|(?:take_)?screenshot|scroll|wait\w{0,9}|back|forward|tabs?)$|^(?:go_?to|scroll)$/i;

/** Whether a tool that opens something opens what can be read, by its description. */
const opensText = (name: string, description: string): boolean =>
  /(?:^|[._-])open$/i.test(name) &&
  /^(?:opens?|reads?|shows?|text of|returns?)\b.{0,20}\b(?:documents?|files?|notes?|e?mails?|letters?|messages?|pages?|articles?|tickets?)\b/i.test(
    description,
  );

/** Whether a name's last word, or the first behind a dot, is one of another language that reads: `dateien_auflisten`, `mensajes.leer`. */
function readsAbroad(name: string): boolean {
  const words = splitName(name.split(/[./:]/).at(-1)!).map((word) => foldText(word).text);
  const at = [words.length - 1, 0, 1].find((i) => READ_ABROAD.has(words[i] ?? ''));
  // What is read and then done is done: `buscar_y_borrar`.
  const stems = words.map((word) => readName(word));
  return (
    at !== undefined &&
    !stems.flat().some((stem) => UNDOES.has(stem)) &&
    !stems
      .slice(at + 1)
      .flat()
      .some(isDeedStem)
  );
}

/** Whether a name is of things alone: of no word that is a verb and nothing else. */
const isThing = (name: string): boolean =>
  splitName(name).every((word) => !isDeedStem(stemWord(word)) || /(?:[^s]s|ations?|ance)$/.test(word));

/** Whether a tool has an argument for what is to be done, or for what is to be written. */
const takesDeeds = ({ parameters }: GuardTool): boolean =>
  Object.keys((parameters as { readonly properties?: object } | undefined)?.properties ?? {}).some((name) =>
    /^(?:action|method|mode|op|operation|command|do|text|body|content|message|value|amount|status|data|to|recipient|payee|iban|url)$|^(?:new|set)[_A-Z]/i.test(
      name,
    ),
  );

/** Whether a description names things instead of telling a deed: `Balances of the wallet`, `A reservation with its mails`. */
const isOfThings = (description: string): boolean =>
  /^(?:(?:an?|the) \p{L}+|(?:\p{L}+, ){0,3}(?:\p{L}+ and )?\p{L}*[^s\P{L}]s) (?:of|with|for|in|from|by)\b/iu.test(
    description,
  ) || /^(?:state|status|text|profile|history|balance)(?:,| and\b| of\b)/i.test(description);

/** Things first, then what is done with them: `comments_list`, `orders.search`. */
const NOUN_FIRST =
  /^(?:(?:[a-z]{3,30}s|e?mail|message|sms|ticket|order|invoice|payment|booking|contact|post|comment|report|transfer|refund|charge|share|event|call)[._-]){1,3}(?:list|get|search|find|read|query|fetch|lookup|show|view|count|filter)$|^[a-z]{3,30}s(?:List|Get|Search|Find|Read|Query|Fetch)$|^[a-z]{3,30}Lookup$/;

/** The opening verb of a description and its first words. */
function describeStems(description: string): readonly string[] {
  const opening = description.slice(0, 160).split(/[.!?\n]/)[0]!;
  return splitName(opening)
    .filter((word) => !isStop(word))
    .slice(0, 4)
    .map(stemWord);
}

function addHints(effects: Set<Effect>, annotations: { readonly [key: string]: Json }): void {
  if (annotations.destructiveHint === true) effects.add('irreversible');
  if (annotations.readOnlyHint === false && effects.size === 0) effects.add('writes');
  if (annotations.openWorldHint === true && effects.has('writes')) effects.add('sends');
}

/** Whether a call with these effects changes something. */
export function isConsequential(effects: readonly Effect[]): boolean {
  return effects.some((effect) => effect !== 'reads' && effect !== 'private');
}

/** Whether something leaves the house, or money does. */
export function isOutward(effects: readonly Effect[]): boolean {
  return effects.includes('sends') || effects.includes('spends');
}

const DESTINATIONS = stems(
  'recipient to receiver email mail address url uri link website endpoint iban account payee phone number channel cc bcc participant attendee contact host domain destination target beneficiary user username member guest group webhook handle room server wallet street zip postcode postal city address1 address2',
);
const CONTENTS = stems(
  'body content message text subject description note comment reason summary title caption query command code script data memo details',
);

/** What an argument is for, by its name: where something goes, what it says, or neither. */
export function roleOf(path: readonly string[]): 'destination' | 'content' | 'other' {
  for (const part of path.toReversed()) {
    const words = readName(part);
    if (words.some((word) => CONTENTS.has(word)) && !words.includes('email')) return 'content';
    if (words.some((word) => DESTINATIONS.has(word)) && words.at(-1) !== 'id') return 'destination';
  }
  return 'other';
}
