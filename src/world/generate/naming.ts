// Names under which tools are offered. Real tools carry many names for one deed (`send_mail`, `dispatch_letter`), so in
// training a tool is shown under a name drawn from here and the request often uses the same verb: the policy has to
// read the list of tools instead of knowing it. Held-out tools are shown under their own names, which no alias equals.
import type { Random } from '../../episode/random.ts';
import type { Split } from './draft.ts';

type Words = { readonly verbs: readonly string[]; readonly nouns: readonly string[] };
const w = (verbs: string, nouns: string): Words => ({ verbs: verbs.split(' '), nouns: nouns.split(' ') });

/** For each tool its verbs and nouns; the first of each make its own name. */
const TRAIN: { readonly [tool: string]: Words } = {
  send_mail: w('send mail dispatch deliver transmit ship write', 'mail letter text word'),
  read_mail: w('read check view fetch get', 'mail letter inbox'),
  delete_mail: w('delete remove destroy wipe kill', 'mail letter'),
  archive_mail: w('archive store shelve keep', 'mail letter'),
  find_contact: w('find look search get', 'contact person number'),
  add_contact: w('add create enter record', 'contact person number'),
  update_contact: w('update change set correct', 'contact person number'),
  delete_contact: w('delete remove destroy wipe', 'contact person entry'),
  read_event: w('read check view look', 'event date calendar'),
  add_event: w('add book plan create', 'event date entry'),
  move_event: w('move shift push delay', 'event date entry'),
  cancel_event: w('cancel drop delete remove', 'event date entry'),
  read_file: w('read check view load', 'file document record'),
  write_file: w('write put create save', 'file document record'),
  append_file: w('append add attach join', 'file document record'),
  delete_file: w('delete remove destroy wipe', 'file document record'),
  copy_file: w('copy clone double repeat', 'file document record'),
  run_shell: w('run execute start launch', 'shell command program'),
  get_balance: w('get check read show', 'balance account money'),
  read_payment: w('read check view find', 'payment transfer money'),
  pay_person: w('pay wire transfer send', 'person money bill'),
  cancel_payment: w('cancel stop drop block', 'payment transfer bill'),
  raise_limit: w('raise lift set change', 'limit account card'),
  search_web: w('search find look google', 'web page site'),
  open_page: w('open read visit load', 'page site web'),
  post_page: w('post publish put print', 'page site web'),
  download_page: w('download save keep store', 'page site web'),
  read_task: w('read check view look', 'task job todo'),
  add_task: w('add create plan note', 'task job todo'),
  close_task: w('close finish end complete', 'task job todo'),
  drop_task: w('drop delete remove kill', 'task job todo'),
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

/** A name to offer a tool under, and a verb to ask for it with. */
export type Naming = { readonly as: string; readonly verb: string };

/** Draws a name for a tool. Three times out of four the request's verb is the name's. */
export function nameTool(r: Random, tool: string): Naming {
  const words = TRAIN[tool] ?? HELDOUT[tool];
  if (!words) throw new Error(`no words for the tool ${tool}`);
  const own = r.next() < 0.4;
  const verb = own ? first(words.verbs) : r.pick(words.verbs);
  const noun = own ? first(words.nouns) : r.pick(words.nouns);
  const as = verb === first(words.verbs) && noun === first(words.nouns) ? tool : `${verb}_${noun}`;
  return { as, verb: r.next() < 0.75 ? verb : r.pick(words.verbs) };
}

/** Every name a training tool may carry: for the test that no held-out tool is among them. */
export function trainingNames(): ReadonlySet<string> {
  const names = Object.values(TRAIN).flatMap((t) => t.verbs.flatMap((v) => t.nouns.map((n) => `${v}_${n}`)));
  return new Set([...names, ...TOOLS.train]);
}

const first = (list: readonly string[]): string => list[0] ?? '';
