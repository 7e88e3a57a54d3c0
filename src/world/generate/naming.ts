// Names under which tools are offered. Real tools carry many names for one deed (`send_mail`, `dispatch_letter`), so in
// training a tool is shown under a name drawn from here and the request often uses the same verb: the policy has to
// read the list of tools instead of knowing it. Held-out tools are shown under their own names, which no alias equals.
import type { Random } from '../../episode/random.ts';
import { isCoreTool, toolByName } from '../services/index.ts';
import type { Split } from './draft.ts';
import { TOOL_WORDS, TOPICS } from './lexicon.ts';

const words = (text: string): readonly string[] => text.split(' ');

type Words = { readonly verbs: readonly string[]; readonly nouns: readonly string[] };
const w = (verbs: string, nouns: string): Words => ({ verbs: verbs.split(' '), nouns: nouns.split(' ') });

/** For each tool its verbs and nouns; the first of each make its own name. */
const TRAIN: { readonly [tool: string]: Words } = {
  send_mail: w('send mail dispatch deliver transmit ship write pass hand', 'mail letter text word memo'),
  read_mail: w('read check view fetch get see', 'mail letter inbox post memo'),
  delete_mail: w('delete remove destroy wipe kill trash', 'mail letter post memo'),
  reply_mail: w('reply answer respond react', 'mail letter text memo'),
  report_mail: w('report flag signal announce', 'mail letter text memo'),
  archive_mail: w('archive store shelve keep', 'mail letter post memo'),
  find_contact: w('find look search get', 'contact person number card'),
  add_contact: w('add create enter record', 'contact person number card'),
  update_contact: w('update change set correct', 'contact person number card'),
  delete_contact: w('delete remove destroy wipe trash', 'contact person entry card'),
  introduce_contact: w('introduce present recommend commend', 'contact person number card'),
  read_event: w('read check view look see', 'event date calendar slot'),
  add_event: w('add book plan create enter', 'event date entry slot'),
  move_event: w('move shift push delay', 'event date entry slot'),
  remind_person: w('remind alert notify tell', 'person event date partner'),
  cancel_event: w('cancel drop delete remove', 'event date entry slot'),
  read_file: w('read check view load get see', 'file document record paper sheet'),
  write_file: w('write put create save', 'file document record paper sheet'),
  append_file: w('append add attach join', 'file document record paper sheet'),
  delete_file: w('delete remove destroy wipe trash', 'file document record paper sheet'),
  copy_file: w('copy clone double repeat', 'file document record paper sheet'),
  mail_file: w('mail send attach submit', 'file document record paper sheet'),
  run_shell: w('run execute start launch', 'shell command program script'),
  get_balance: w('get check read show', 'balance account money'),
  read_payment: w('read check view find see', 'payment transfer deposit booking'),
  pay_person: w('pay wire transfer send give', 'person money bill cash'),
  lend_money: w('lend loan advance spot', 'money cash loan credit'),
  cancel_payment: w('cancel stop drop block', 'payment transfer bill booking'),
  raise_limit: w('raise lift set change', 'limit account card cap'),
  search_web: w('search find look google', 'web page site net'),
  open_page: w('open read visit load see', 'page site web blog'),
  post_page: w('post publish put print', 'page site web blog'),
  download_page: w('download save keep store', 'page site web blog'),
  read_task: w('read check view look see', 'task job todo chore ticket'),
  add_task: w('add create plan enter', 'task job todo chore ticket'),
  close_task: w('close finish end complete', 'task job todo chore ticket'),
  drop_task: w('drop delete remove kill', 'task job todo chore ticket'),
};

const HELDOUT: { readonly [tool: string]: Words } = {
  forward_mail: w('forward', 'mail'),
  share_file: w('share', 'file'),
  share_contact: w('share', 'contact'),
  invite_guest: w('invite', 'guest'),
  schedule_payment: w('schedule', 'payment'),
  fill_form: w('fill', 'form'),
  assign_task: w('assign', 'task'),
  read_channel: w('read', 'channel'),
  message_person: w('message', 'person'),
  post_channel: w('post', 'channel'),
  delete_channel: w('delete', 'channel'),
  open_note: w('open', 'note'),
  save_note: w('save', 'note'),
  erase_note: w('erase', 'note'),
  share_note: w('share', 'note'),
  read_reviews: w('read', 'reviews'),
  view_item: w('view', 'item'),
  buy_item: w('buy', 'item'),
  refund_order: w('refund', 'order'),
  gift_money: w('gift', 'money'),
};

/** The tools of each split: no tool is in both. */
export const TOOLS: { readonly [split in Split]: readonly string[] } = {
  train: Object.keys(TRAIN),
  heldout: Object.keys(HELDOUT),
};

/** What parameters are called, by what they are for. No word stands for two of them: a parameter's name says which it is. */
const ROLES = {
  receiver: words('to recipient receiver whom payee'),
  sender: words('from sender author'),
  contact: words('name label contact'),
  guest: words('person who partner'),
  text: words('text word body content'),
  phone: words('phone number digits'),
  day: words('day date when time'),
  title: words('title subject topic key'),
  file: words('file document path'),
  target: words('target copy goal new'),
  command: words('command line code'),
  amount: words('amount sum money'),
  site: words('site page url place'),
  query: words('query words question'),
} as const;

/** Roles of the tools' own parameters; those of one tool alone as `tool.parameter`. */
const PARAMETERS: { readonly [own: string]: readonly string[] } = {
  ...ROLES,
  recipient: ROLES.receiver,
  name: ROLES.contact,
  person: ROLES.receiver,
  'reply_mail.sender': ROLES.receiver,
  'read_payment.person': ROLES.sender,
  'read_event.person': ROLES.guest,
  'add_event.person': ROLES.guest,
  channel: ROLES.title,
  item: ROLES.title,
};

/** Words for names that mean nothing: with them only the list of tools tells which tool is meant. */
const SYMBOLS = [
  ...TOPICS,
  ...TOOL_WORDS,
  ...TOOL_WORDS,
  ...words(
    'use start take put make bring push pull turn set hold pass ring fold mark plug card bell wheel stone paper cloud river track stamp',
  ),
];

/** Up to this share of names are the tool's own, up to that one synonyms; the rest are symbols. */
const OWN = 0.12;
const SYNONYMS = 0.3;
/**
 * Share of symbols that take their noun from another tool on the list, as `read_mail` and `send_mail` do, and of those that
 * take their verb, as `read_mail` and `read_file` do.
 */
const SHARED = { noun: 0.25, verb: 0.15 };

/** Words of other tools' names that a name may share without making the request ambiguous. */
export type Peers = { readonly verbs: readonly string[]; readonly nouns: readonly string[] };
const NO_PEERS: Peers = { verbs: [], nouns: [] };

/** A name to offer a tool under, and a verb and a noun to ask for it with. */
export type Naming = {
  readonly as: string;
  readonly verb: string;
  readonly noun: string;
  readonly args: { readonly [shown: string]: string };
  /** Whether the name says nothing about the tool. */
  readonly symbolic: boolean;
  /** The product the tool belongs to, where it belongs to one. */
  readonly brand?: string;
};

/**
 * Draws a name for a tool and its parameters. In training an eighth of the names are the tool's own, some are synonyms, and
 * most are made of words that mean nothing for it ("symbol tuning", Wei et al. 2023, arXiv 2305.08298): the request says
 * them too, so that which tool is meant can only be read off the list. `plain`: no symbols, for a request that does not say
 * the tool's verb. `peers`: names given before, of which verb or noun may be shared.
 */
export function nameTool(r: Random, tool: string, plain = false, peers: Peers = NO_PEERS): Naming {
  for (;;) {
    const drawn = drawName(r, tool, plain, peers);
    if (!(tool in TRAIN && isReserved(drawn.as))) return drawn;
  }
}

function drawName(r: Random, tool: string, plain: boolean, peers: Peers): Naming {
  const known = TRAIN[tool] ?? HELDOUT[tool];
  if (!known) throw new Error(`no words for the tool ${tool}`);
  const kind = tool in TRAIN ? r.next() * (plain ? SYNONYMS : 1) : 0;
  // A held-out tool is new by its name; its parameters go by names that training knows.
  const args = kind > OWN || tool in HELDOUT ? nameParameters(r, tool) : {};
  if (kind > SYNONYMS) {
    const [verb, noun] = drawSymbols(r, peers);
    return { as: `${verb}_${noun}`, verb, noun, args, symbolic: true };
  }
  const verb = kind > OWN ? r.pick(known.verbs) : first(known.verbs);
  const noun = kind > OWN ? r.pick(known.nouns) : first(known.nouns);
  const as = kind > OWN ? `${verb}_${noun}` : tool;
  const speak = (word: string, others: readonly string[]) => (r.next() < 0.8 ? word : r.pick(others));
  return { as, verb: speak(verb, known.verbs), noun: speak(noun, known.nouns), args, symbolic: false };
}

function drawSymbols(r: Random, { verbs, nouns }: Peers): [verb: string, noun: string] {
  const u = r.next();
  if (u < SHARED.noun && nouns.length > 0) return [r.pick(SYMBOLS), r.pick(nouns)];
  if (u >= SHARED.noun && u < SHARED.noun + SHARED.verb && verbs.length > 0) return [r.pick(verbs), r.pick(SYMBOLS)];
  return [r.pick(SYMBOLS), r.pick(SYMBOLS)];
}

function nameParameters(r: Random, tool: string): { [shown: string]: string } {
  const args: { [shown: string]: string } = {};
  // In no fixed order: a parameter's name says what it is for, not its place.
  for (const own of r.shuffle(toolByName(tool)?.schema.parameters.required ?? [])) {
    const names = (PARAMETERS[`${tool}.${own}`] ?? PARAMETERS[own] ?? [own]).filter((name) => !(name in args));
    args[r.pick(names)] = own;
  }
  return args;
}

/** Whether no training tool may be offered under this name: a held-out tool's, or another tool's of the core services. */
export function isReserved(name: string): boolean {
  return isCoreTool(name) && !(name in TRAIN);
}

const first = (list: readonly string[]): string => list[0] ?? '';
