// Names of tools in the suite `open`: a product that does not exist, what is done and to what, as products spell it
// (`QuorixHubFetchInvoiceDetails`, `get_invoice`). A request says the thing, the deed or the product, seldom all of them and not
// always in the same words; which tool is meant can only be seen by comparing.
import type { Random } from '../../../episode/random.ts';
import type { Builder } from '../draft.ts';
import { isReserved, type Naming } from '../naming.ts';
import { capitalOf, DEEDS, type Deed, inventBrand, OPEN_NOUNS, pluralOf, SUFFIXES } from './lexicon.ts';

const words = (text: string): readonly string[] => text.split(' ');

type Kind = {
  readonly deed: Deed;
  /** Names of its parameters, by their own; `#` stands for the noun. */
  readonly args: { readonly [own: string]: readonly string[] };
};

const KEY = words('#_id #_id id #_name name key query keywords #');
const TO = words('to recipient receiver email address to_email');
const TEXT = words('text body content message');
const DAY = words('day date when time');

/** The tools of the world that are offered under open names. */
export const KINDS: { readonly [tool: string]: Kind } = {
  read_file: { deed: 'read', args: { file: KEY } },
  read_task: { deed: 'read', args: { title: KEY } },
  open_page: { deed: 'read', args: { site: words('url site link page address') } },
  read_mail: { deed: 'read', args: { sender: words('from sender author user owner') } },
  delete_file: { deed: 'delete', args: { file: KEY } },
  drop_task: { deed: 'delete', args: { title: KEY } },
  cancel_event: { deed: 'cancel', args: { title: KEY } },
  cancel_payment: { deed: 'cancel', args: { person: words('payee to recipient whom') } },
  send_mail: { deed: 'send', args: { recipient: TO, text: TEXT } },
  pay_person: {
    deed: 'pay',
    args: { person: words('to payee recipient account receiver'), amount: words('amount sum total') },
  },
  add_event: { deed: 'add', args: { person: words('with guest person partner participant'), day: DAY } },
  add_task: { deed: 'add', args: { title: words('title subject name topic'), day: DAY } },
  add_contact: { deed: 'add', args: { name: words('name person label'), phone: words('phone number code') } },
  update_contact: { deed: 'change', args: { name: words('name person label'), phone: words('phone number code') } },
  move_event: { deed: 'move', args: { title: KEY, day: DAY } },
  close_task: { deed: 'close', args: { title: KEY } },
  write_file: { deed: 'write', args: { file: words('name file title path'), text: TEXT } },
  post_page: { deed: 'publish', args: { site: words('site place page channel'), text: TEXT } },
  raise_limit: { deed: 'raise', args: { amount: words('amount limit value maximum') } },
};

/** How often a name brings no product, the other tool's product, its noun with another deed, and words that say nothing. */
const SHARES = { bare: 0.25, sameBrand: 0.35, sameNoun: 0.3, qualifier: 0.2, tail: 0.2 };
const TAILS = words('Details Info Data Record Item Entry');

/** Names a tool of the world, unlike those named before. */
export function nameOpenTool(b: Builder, tool: string): Naming {
  const kind = KINDS[tool];
  if (kind === undefined) throw new Error(`no open names for the tool ${tool}`);
  const others = [...b.names.values()];
  for (;;) {
    const drawn = drawName(b, kind, others);
    if (isReserved(drawn.as) || others.some((other) => other.as === drawn.as || isAlike(other, drawn))) continue;
    return drawn;
  }
}

/** Whether a request could not tell two tools apart: the same thing, and deeds that mean the same. */
function isAlike(a: Naming, b: Naming): boolean {
  const deedsOf = ({ verb }: Naming) => Object.values(DEEDS).filter((verbs: readonly string[]) => verbs.includes(verb));
  return a.noun === b.noun && deedsOf(a).some((deed) => deedsOf(b).includes(deed));
}

function drawName({ r, split, fresh }: Builder, { deed, args }: Kind, others: readonly Naming[]): Naming {
  const other = others.length > 0 ? r.pick(others) : undefined;
  const noun = other !== undefined && r.next() < SHARES.sameNoun ? other.noun : fresh(OPEN_NOUNS[split]);
  const brand = other?.brand !== undefined && r.next() < SHARES.sameBrand ? other.brand : inventBrand(r);
  const shown = r.pick(DEEDS[deed]);
  return {
    as: spellName(r, brand, shown, noun),
    verb: r.next() < 0.5 ? shown : r.pick(DEEDS[deed]),
    noun,
    brand,
    args: nameParameters(r, noun, args),
    symbolic: false,
  };
}

/** The name as products spell it: with its product or without, in one word or several. */
function spellName(r: Random, brand: string, verb: string, noun: string): string {
  const thing = r.next() < 0.25 ? pluralOf(noun) : noun;
  const product = r.next() < SHARES.bare ? [] : [brand, ...(r.next() < SHARES.qualifier ? [r.pick(SUFFIXES)] : [])];
  const tail = thing === noun && r.next() < SHARES.tail ? [r.pick(TAILS)] : [];
  const parts = [...product, ...(r.next() < 0.9 ? [verb, thing] : [thing, verb]), ...tail];
  const [first = '', ...rest] = parts.map(capitalOf);
  return r.pick([
    [first, ...rest].join(''),
    [first, ...rest].join(''),
    [first.toLowerCase(), ...rest].join(''),
    parts.map((part) => part.toLowerCase()).join('_'),
  ]);
}

/** In no fixed order: a parameter's name says what it is for, not its place. */
function nameParameters(r: Random, noun: string, args: Kind['args']): { [shown: string]: string } {
  const named: { [shown: string]: string } = {};
  for (const own of r.shuffle(Object.keys(args))) {
    const names = (args[own] ?? []).map((name) => name.replace('#', noun)).filter((name) => !(name in named));
    named[r.pick(names)] = own;
  }
  return named;
}
