// The words of the suite `open`: what services are about, what is done there and what their records hold. Far more of each
// than a policy can learn by heart, so that it must match a request with the names it is shown. A quarter of the fields,
// values and roles is held out, and a twelfth of the nouns, of which there are many. No name of a real product stands here:
// those are made of syllables.
import type { Random } from '../../../episode/random.ts';
import type { Split } from '../draft.ts';
import { COMMON, PRECIOUS, PRIVATE, PUBLIC } from '../lexicon.ts';

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** What a service keeps. */
const NOUNS = words(`
  account address ad advert agenda agreement aircraft alarm album alert allowance animal answer apartment appliance application
  appointment article artist asset attendee auction author award badge bag balance band banner batch battery bed bid bike bill
  board boat bonus book bookmark booking bottle box branch brand brief budget bug building bundle bus business cabin cable
  calendar call camera campaign campsite candidate car card career cargo cart case catalog category certificate chair channel
  chapter charge chart chat check city claim class client clinic clip closet club code coin collection college comment commit
  committee community company complaint component concert condition conference contact container contest contract conversation
  cottage country coupon course court cover crate credit crew crop currency customer dashboard dataset deadline deal debt
  decision delivery department deposit design desk device diary diet discount discussion dish disk document dog domain donation
  door draft drawing driver drug duty earning edition element email employee engine entry episode equipment error essay estate
  estimate event exam exercise exhibit expense experiment export extension factory family fan farm feature feed fee feedback
  field figure file film filter fine flag flat flight floor flower folder food form forum frame friend fund furniture gallery
  game garage garden gate gift goal grade grant graph guest guide gym habit hall harvest heater highlight hobby holiday home
  horse hospital hotel house idea image import incident index ingredient insurance interview invitation invoice island issue
  item job journal journey key keyword kitchen label laboratory lamp landmark language lawyer lead leader league lease lecture
  lesson letter level library license light limit link listing loan location lock lodge log lunch machine magazine mail manual
  map market match meal measurement medicine meeting member memo menu merchant message meter milestone mission model module
  monitor mortgage motor movie museum network newsletter note notice notification nurse object offer office opening operation
  opinion order organ outfit outlet package page paper parcel park part participant partner party passage passenger patient
  payment penalty people performance permit person pet photo picture piece pipeline place plan plant player playlist podcast
  poem point policy poll pool portfolio position post poster prescription present price printer problem procedure product
  profile program project property proposal publication pump purchase puzzle question quiz quote rate rating reading receipt
  recipe record recording refund region release reminder rental repair reply report repository request research reservation
  resort resource response restaurant result resume review reward ride risk road robot role room route routine rule sale sample
  schedule scholarship school score screen script season seat section sensor server service session shelf shift ship shipment
  shop show signal site skill slide slot software song source speaker species speech sport spot stage standard station statement
  status step stock store story street student study subject subscription suggestion summary supplier supply survey switch
  symptom table tank target task tax teacher team template tenant term test text theater theme thread ticket timer tool topic
  tour tournament toy track trade trail trailer train training transcript transfer translation trial trip truck tutorial tweet
  unit update user vacancy vaccine vehicle vendor venue version video view village visit visitor vote voucher wallet warehouse
  warning warranty watch wedding website weight wheel window wine wish word workout workshop zone`);

/** What a record says of its thing. */
const FIELDS = words(`
  title name status owner color size brand topic summary date author price location category description priority language
  version source target format theme genre level mood origin style shape material engine teacher speaker sponsor manager venue
  flavor season purpose condition department headline caption motto nickname password region sender mode type tag label`);

/** Values of fields. */
const VALUES = words(`
  amber anchor apricot autumn bamboo basil beacon birch blossom breeze bronze butter candle canyon cedar cherry cinnamon cloud
  clover cobalt comet copper coral cotton crystal daisy dawn delta desert dune ebony ember falcon feather fern fiddle flint fog
  forest fountain frost ginger glacier granite grape gravel hazel heron honey horizon indigo iris ivory jade jasmine juniper
  lagoon lantern lavender lemon lilac lily linen lotus lunar magnolia mango maple marble meadow melon mint misty moss nectar
  nickel nutmeg oasis olive onyx opal orange orbit otter paprika pearl pebble pepper pine plum polar poppy prairie prism quartz
  quiet rapid raven ribbon river robin ruby rustic saffron sage sand scarlet shadow silver slate solar spruce stone storm
  summit sunny tango thistle thunder tidal timber topaz tulip turquoise umber urban valley vanilla velvet violet walnut willow
  winter yellow zenith zephyr accurate brave calm clever curious daring eager fair gentle happy honest jolly kind lively lucky
  modest noble patient plain proud rapid ready rich robust royal secret sharp simple sincere smooth solid special steady strong
  sudden swift tender tiny vivid warm wild wise witty young`);

/** What is done, in words that mean the same. A tool's name has one of them, a request another or the same. */
export const DEEDS = {
  read: words('read get fetch view show check find search retrieve see open list load access browse'),
  delete: words('delete remove erase destroy discard wipe clear purge'),
  send: words('send mail forward deliver transmit dispatch email'),
  pay: words('pay transfer wire remit withdraw'),
  add: words('add create book schedule plan register make initiate'),
  change: words('change update edit modify adjust set'),
  move: words('move shift postpone redirect'),
  close: words('close finish complete end resolve leave'),
  write: words('write save store put record'),
  cancel: words('cancel stop revoke abort disable'),
  publish: words('publish post announce upload share'),
  raise: words('raise increase lift extend'),
} as const;
export type Deed = keyof typeof DEEDS;

const ONSETS = words(
  'b br c ch cl cr d dr f fl fr g gl gr h j k kl l m n p pl pr qu r s sc sh sk sl sp st str t tr v w y z zen',
);
const VOWELS = words('a e i o u ai ea ee io oa ou y');
const CODAS = words('b ck d g l ll m n nd ng nt p r rk s sh ss st t th x z ra ly fy');
/** What follows the name of a service in its tools' names, for some. */
export const SUFFIXES = words('Manager Service Hub Desk App Cloud System Tool Box Center');

/** Whose a thing is called although it is the user's own: "the doctor's appointment". */
const ROLES = words(`
  doctor teacher dentist landlord coach plumber lawyer gardener editor trainer baker tailor mechanic butcher painter driver
  captain florist jeweller librarian nurse pilot surgeon tutor`);

/** Words by the split they may be used in: one in so many is held out. */
const ofSplit = (list: readonly string[], split: Split, held: number): readonly string[] =>
  list.filter((_, at) => (at % held === held - 1) === (split === 'heldout'));

/** Words that say what a request amounts to, in `core`: here they are no names of things. */
const TELLING = new Set([...PUBLIC, ...PRIVATE, ...COMMON, ...PRECIOUS]);

const bySplit = (list: readonly string[], held: number) => {
  const usable = [...new Set(list)].filter((word) => !TELLING.has(word));
  return { train: ofSplit(usable, 'train', held), heldout: ofSplit(usable, 'heldout', held) };
};
export const OPEN_NOUNS = bySplit(NOUNS, 12);
export const OPEN_FIELDS = bySplit(FIELDS, 4);
export const OPEN_VALUES = bySplit(VALUES, 4);
export const OPEN_ROLES = bySplit(ROLES, 4);

/** The name of a service that does not exist. */
export function inventBrand(r: Random): string {
  const syllable = (): string => r.pick(ONSETS) + r.pick(VOWELS) + (r.next() < 0.5 ? r.pick(CODAS) : '');
  const text = syllable() + syllable() + (r.next() < 0.3 ? syllable() : '');
  return capitalOf(text);
}

/** A word with a capital letter. */
export function capitalOf(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** Several of a thing. */
export function pluralOf(noun: string): string {
  if (noun === 'people') return noun;
  if (/(s|x|ch|sh)$/.test(noun)) return `${noun}es`;
  return /[^aeiou]y$/.test(noun) ? `${noun.slice(0, -1)}ies` : `${noun}s`;
}

const CODE_SIGNS = [...'ABCDEFGHJKLMNPQRSTUVWXYZ0123456789'];

/** A code as services give them: `LAP789`, `doc-4471`, `B7K2QX9P`. */
export function drawCode(r: Random, noun: string): string {
  const digits = String(100 + r.int(900));
  const letters = noun.slice(0, 3);
  if (r.next() < 0.06) return Array.from({ length: 6 + r.int(4) }, () => r.pick(CODE_SIGNS)).join('');
  return r.pick([
    `${letters.toUpperCase()}${digits}`,
    `${letters}-${digits}`,
    `${noun}_${digits}`,
    `${letters}${digits}`,
  ]);
}
