// Words that mean the same to an agent: groups of synonyms for what tools do and what they do it to, and a light stemmer.
// Made for comparing a tool's name with a request, whoever wrote either. English only: words of other languages come here by
// way of languages.ts, which knows far fewer of them.
import { remembering } from './once.ts';

/** The words of a list with blanks between them. */
export function wordSet(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}

/** Groups of words by concept. A word may stand in several groups. */
const GROUPS: { readonly [concept: string]: string } = {
  '~read':
    'get got read fetch retrieve view list show search find found look lookup check see query browse open access inspect display obtain locate load pull examine review print what which who when where how tell know summarize summary compute calculate compare analyze analyse count total estimate verify identify determine explain describe current',
  '~send':
    'send sent resend email mail message notify notification inform forward share post publish write wrote written reply respond response text sms dm tell told answer tweet retweet comment announce broadcast submit contact deliver transmit pass ask say ping reach remind alert upload drop pay refund transfer wire remit reimburse',
  '~pay':
    'pay paid transfer wire refund reimburse remit settle deposit withdraw withdrawal donate tip charge spend spent remittance return owe invoice bill payout purchase buy bought order checkout venmo',
  '~money':
    'money cash fund pay paid transaction transfer amount balance bill invoice fee rent salary price cost dollar usd eur euro refund share subscription standing spend debt loan owe',
  '~buy': 'buy bought purchase order checkout acquire subscribe reorder shop cart basket',
  '~book': 'book reserve reservation rebook appointment schedule ticket stay',
  '~create':
    'create add make made new generate build setup set register open start draft compose write insert append initiate launch place put establish init touch mkdir log enter file include fill prepare produce save store record',
  '~update':
    'update change modify edit adjust alter set revise correct fix rename amend replace switch convert upgrade downgrade increase decrease raise lower reset configure customize turn adapt accordingly move extend postpone reschedule manage increment patch optimize improve resolve',
  '~delete':
    'delete remove erase clear cancel drop purge wipe destroy discard trash throw scrap revoke unsubscribe terminate deactivate close rm uninstall kick ban dismiss clean rid',
  '~move': 'move mv relocate transfer migrate shift archive rename organize put copy cp backup duplicate',
  '~schedule':
    'schedule plan calendar meeting event appointment recurring reschedule standing arrange booking remind invite session lunch dinner',
  '~enable':
    'enable activate start turn switch unlock open resume allow grant permit authorize approve engage power run press release',
  '~disable':
    'disable deactivate stop turn switch shut shutdown pause suspend block halt end close silence mute disarm quit',
  '~grant': 'grant give gave given allow permit authorize share access permission invite add role guest',
  '~invite': 'invite add join include onboard participant attendee member guest',
  '~run': 'run execute launch start perform evaluate call invoke trigger process command terminal shell script',
  '~file': 'file document doc folder directory attachment report note pdf txt sheet spreadsheet paper drive disk disc',
  '~mail': 'email mail inbox message gmail e-mail letter correspondence mailbox received sent',
  '~message':
    'message msg dm chat text sms conversation inbox note mention wrote write written asked slack mail email told',
  '~channel': 'channel group room thread server workspace chat slack',
  '~user':
    'user member person people employee colleague contact friend username account profile customer client who everyone everybody them someone',
  '~account': 'account profile user login membership credential wallet bank card',
  '~address': 'address street city location residence home place moved zip postal shipping',
  '~web':
    'web website webpage page site url link http www article blog internet online browser post news navigate visit surf',
  '~visit': 'visit navigate browse open go click follow goto view read get',
  '~password': 'password passcode passphrase credential login secret pin key token',
  '~hotel': 'hotel stay room accommodation lodging hostel resort airbnb inn reservation booking',
  '~flight': 'flight plane airline fly airport trip travel ticket reservation booking itinerary',
  '~car': 'car vehicle auto rental drive automobile',
  '~restaurant': 'restaurant dinner lunch food eat eatery meal dine cuisine dietary',
  '~event':
    'event meeting appointment calendar session call invitation party conference lunch dinner agenda participant',
  '~day': 'day date today tomorrow calendar time week month',
  '~order': 'order purchase item delivery shipment product',
  '~return': 'return refund exchange send back reimburse',
  '~exchange': 'exchange swap replace change switch trade',
  '~stock': 'stock share ticker market trade invest portfolio symbol equity',
  '~trade': 'trade buy sell sold order stock invest',
  '~watch': 'watch watchlist track follow monitor favorite',
  '~ticket': 'ticket issue case support complaint bug request booking problem',
  '~history': 'history log record activity',
  '~rating': 'review score feedback rate star',
  '~health': 'health medical patient doctor prescription clinic record diagnosis medicine',
  '~photo': 'photo image picture camera screenshot selfie',
  '~door': 'door lock gate entrance garage',
  '~post': 'post tweet publish share upload status update comment message',
  '~download': 'download save export fetch get store',
  '~follow': 'follow subscribe track watch',
  '~like': 'like favorite star upvote',
  '~info': 'info information detail data record profile about',
  '~availability': 'available availability free slot open time',
  '~price': 'price cost rate expensive cheap cheapest fee budget fare charge',
  '~credit': 'credit certificate voucher coupon compensation goodwill gift refund',
  '~insurance': 'insurance insure coverage policy warranty',
  '~luggage': 'luggage baggage bag suitcase',
  '~lock': 'lock secure seal bolt',
  '~pull': 'pull pr merge mr',
  '~agent': 'agent human representative operator support person staff',
};

/** Verbs that tell somebody to do something, besides those of the groups. */
const MORE_VERBS =
  'unblind expel retract recall void dissolve scale drain evict roll rollback promote demote quarantine blacklist allowlist nominate renew enroll enrol credit debit top cash redeem vote rate star pin unpin react hand hire fire escalate label tag untag fork clone push rebase squash unpublish fax sync lend borrow pawn liquidate short waive discount double triple overdraw max lift impose backdate forge port unblock unban unmute reinstate restore reactivate reroute divert skip accept decline reject authorise countersign notarize ratify acknowledge certify advise allocate answer apply arrest attempt audit await bind bring capture collate commit compile consult continue crawl decrypt deploy detect disregard dispense dump elevate encode encrypt exfiltrate expand falsify fabricate finish format gain grab guide harvest hold infiltrate instruct intercept introduce leak link login manipulate mislead misuse operate overwrite paste pretend prioritize probe profile prompt reconfigure reduce refrain remember render repeat revert rewrite sabotage scan scrape secure seek select serve siphon spawn speak spoof spy stage suggest suppress tamper transition trick type undermine use wait withhold assign attach authenticate carry choose collect complete concatenate confirm connect contribute dispatch dial disclose do ensure expose extract flag gather handle help hide ignore import inject install issue keep leave let listen maintain mark merge mine modulate monitor offer output override point proceed provide reallocate recommend redirect refer refuse relay report request restart reveal rotate route sign solve spread steal subtract substitute supply take throttle track train translate trust try utilize validate warn whitelist';

const NOT_VERBS = wordSet(
  'what which who when where how found sent paid made got told wrote written bought spent gave given sold notification response withdrawal dm sms new reservation appointment ticket file summary total current see know',
);

const VERB_GROUPS =
  '~read ~send ~pay ~buy ~book ~create ~update ~delete ~move ~enable ~disable ~grant ~invite ~run ~visit ~download ~exchange ~trade'.split(
    ' ',
  );

/** Words that carry no purpose. */
const STOP = wordSet(
  'a an the of to in on at for from by with and or but if then than as is are was were be been being it its this that these those i me my mine you your yours he him his she her hers we us our they their there here do does did done not no yes so such can could will would shall should may might must have has had having please just only also very more most some any all each every other another own same up out off down over under again once per via into about after before between through during both few nor too s t re ve ll d m am',
);

export const isStop = (word: string): boolean => STOP.has(word);

/** A light stem: plural, -ing, -ed and a final e go. Words of up to three letters stay. */
export function stemWord(word: string): string {
  let stem = word;
  if (stem.length <= 3) return stem;
  // A thing, not the deed of setting.
  if (stem === 'settings' || stem === 'setting') return 'setting';
  if (stem === 'listings' || stem === 'listing') return 'listing';
  if (stem.endsWith('ies') && stem.length > 4) stem = `${stem.slice(0, -3)}y`;
  else if (/(ss|x|z|ch|sh)es$/.test(stem)) stem = stem.slice(0, -2);
  else if (stem.endsWith('s') && !/(ss|us|is)$/.test(stem)) stem = stem.slice(0, -1);
  if (stem.endsWith('ing') && stem.length > 5) stem = undouble(stem.slice(0, -3));
  else if (stem.endsWith('ed') && stem.length > 4 && stem !== 'shared') stem = undouble(stem.slice(0, -2));
  // Nouns made of verbs meet their verbs: creation and create, payment and pay, manager and manage.
  const root = stem.replace(/(?:ion|ment|er|or)$/, '');
  if (root.length >= 4 || root === 'pay') stem = root;
  return stem.endsWith('e') && stem.length > 3 ? stem.slice(0, -1) : stem;
}

function undouble(stem: string): string {
  const [last, before] = [stem.at(-1), stem.at(-2)];
  return last === before && last !== 'l' && last !== 's' && stem.length > 3 ? stem.slice(0, -1) : stem;
}

const CONCEPTS: ReadonlyMap<string, readonly string[]> = (() => {
  const map = new Map<string, string[]>();
  for (const [concept, words] of Object.entries(GROUPS)) {
    for (const word of words.split(' ')) {
      const stem = stemWord(word);
      const list = map.get(stem) ?? [];
      if (!list.includes(concept)) map.set(stem, [...list, concept]);
    }
  }
  return map;
})();

const NONE: readonly string[] = [];

const DEEDS: ReadonlySet<string> = new Set(VERB_GROUPS);

/** The concepts of a word that stands as a noun: `the message` is a thing, not the deed of sending one. */
export function thingsOf(stem: string): readonly string[] {
  return conceptsOf(stem).filter((concept) => !DEEDS.has(concept));
}

/** The concepts of a stem; none for a word of no group. */
export function conceptsOf(stem: string): readonly string[] {
  return CONCEPTS.get(stem) ?? NONE;
}

const VERBS: ReadonlySet<string> = new Set(
  [...VERB_GROUPS.map((group) => GROUPS[group]!), MORE_VERBS]
    .join(' ')
    .split(' ')
    .filter((word) => !NOT_VERBS.has(word)),
);

/** Whether a word, as written, can open an order: `send`, not `sent`. */
export const isOrderVerb = (word: string): boolean =>
  VERBS.has(word) ||
  (word.length >= 6 && /^(?:re|un|de)/.test(word) && VERBS.has(word.slice(2))) ||
  (word.length >= 8 && word.startsWith('dis') && VERBS.has(word.slice(3)));

/** Words of tools' names that are things rather than deeds, though they may open an order. */
const RATHER_THINGS = wordSet(
  'review report file record log note comment label tag order ticket message email mail text contact schedule plan project transfer payment charge process exchange trade post request query access profile map point mark issue test account address number name status offer set match group list form print sync',
);

/** Whether a word of a tool's name is its deed wherever it stands: `delete`; of others, where they come first: `post_review`. */
export const isDeed = (word: string, first = false): boolean =>
  isOrderVerb(word) && (first || !RATHER_THINGS.has(word));

/** The parts of a name such as `GmailSendEmail`, `send_money` or `users.list`, in small letters. */
export const splitName = remembering((name): readonly string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]{1,200})([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((part) => part !== ''),
);
