// Mails as they come in: Internet messages as text, parsed when the mailbox fetches them, into the mail, its attachments
// and its headers. The parser is postal-mime; here are the limits around it and what the world keeps of a message.
// Not covered: HTML is shown as the text it has; what is no text in an attachment is named, not kept; nothing checks a
// signature (DKIM), so a header proves nothing, and the name of a sender is only taken where the address bears it out.
import PostalMime, { type Email } from 'postal-mime';
import type { Store } from '../store.ts';
import type { World } from '../world.ts';
import { Refusal } from './service.ts';

/** Most of one message: characters, levels of parts in parts, bytes of headers, attachments, characters kept of a text. */
const LIMITS = { raw: 1 << 20, depth: 16, headers: 1 << 16, attachments: 50, text: 1 << 16 } as const;

/** Most messages fetched at once. */
const BATCH = 100;

/** A message in the parts the world keeps. */
export type Arrived = {
  readonly name: string;
  readonly address: string;
  readonly subject: string;
  readonly body: string;
  readonly attachments: readonly { readonly name: string; readonly text: string }[];
  readonly headers: readonly { readonly name: string; readonly value: string }[];
};

/** Reads a message. Throws `Refusal` on one that is too large, nested too deep, or has too many parts. */
export async function readMessage(raw: string): Promise<Arrived> {
  if (raw.length > LIMITS.raw) throw new Refusal(413, `the message is longer than ${LIMITS.raw} characters`);
  const mail = await parseBounded(raw);
  if (mail.attachments.length > LIMITS.attachments)
    throw new Refusal(413, `the message has more than ${LIMITS.attachments} attachments`);
  const from = mail.from?.address === undefined ? mail.from?.group?.[0] : mail.from;
  return {
    name: from?.name.trim() ?? '',
    address: from?.address?.trim().toLowerCase() ?? '',
    subject: cut(mail.subject ?? ''),
    body: cut((mail.text ?? '').replace(/\r\n/g, '\n').replace(/\n+$/, '')),
    attachments: mail.attachments.map((part, at) => ({
      name: part.filename?.trim().slice(0, 200) || `part ${at + 1}`,
      text: readPart(part.mimeType, part.content),
    })),
    headers: mail.headers.map(({ originalKey, value }) => ({ name: cut(originalKey), value: cut(value) })),
  };
}

async function parseBounded(raw: string): Promise<Email> {
  try {
    return await PostalMime.parse(raw, {
      maxNestingDepth: LIMITS.depth,
      maxHeadersSize: LIMITS.headers,
      maxRfc822NestingDepth: 2,
      attachmentEncoding: 'arraybuffer',
    });
  } catch (error) {
    throw new Refusal(413, error instanceof Error ? error.message : 'the message cannot be read');
  }
}

const cut = (text: string): string => (text.length <= LIMITS.text ? text : `${text.slice(0, LIMITS.text)} [cut]`);

/** What an attachment says; what is no text is named with its size. */
function readPart(type: string, content: ArrayBuffer | Uint8Array | string): string {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : new Uint8Array(content);
  const isText = /^(text\/|message\/|application\/(json|xml|ics|x-sh|javascript))/.test(type);
  return isText ? cut(new TextDecoder('utf-8').decode(bytes)) : `[${type}, ${bytes.length} bytes]`;
}

type Waiting = { readonly id: number; readonly raw: string };

/** Fetches what has come in. Gives a line for each message; one that cannot be read is told, and stays out. */
export async function fetchArrivals(world: World): Promise<string> {
  const sql = `select id, raw from arrivals where taken = 0 order by id limit ${BATCH}`;
  const lines: string[] = [];
  for (const waiting of world.db.rows<Waiting>(sql)) lines.push(await takeMessage(world.db, waiting));
  return lines.join('; ') || 'no new mails';
}

async function takeMessage(db: Store, { id, raw }: Waiting): Promise<string> {
  try {
    const message = await readMessage(raw);
    return db.transact(() => {
      const sender = nameSender(db, message);
      storeMessage(db, id, sender, message);
      return `${sender}: ${message.subject}`;
    });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    db.run('update arrivals set taken = -1 where id = ?', [id]);
    return `message ${id} was not taken: ${error.message}`;
  }
}

/**
 * Who a mail is from: the person of the address book with that address; else the name it gives, unless somebody in the
 * address book is called so, for then only the name and the address together say who it is.
 */
function nameSender(db: Store, { name, address }: Arrived): string {
  const known = address && db.row<{ name: string }>('select name from people where email = ?', [address]);
  if (known) return known.name;
  if (name === '') return address || 'nobody';
  const other = db.row<{ email: string }>('select email from people where name = ?', [name]);
  return other === null || other.email === '' ? name : `${name} <${address}>`;
}

function storeMessage(
  db: Store,
  arrival: number,
  sender: string,
  { subject, body, attachments, headers }: Arrived,
): void {
  db.run("insert into mails(folder, sender, recipient, subject, body) values('inbox', ?, 'me', ?, ?)", [
    sender,
    subject,
    body,
  ]);
  const mail = db.row<{ id: number }>('select max(id) as id from mails')?.id ?? 0;
  const names = new Set<string>();
  for (const { name, text } of attachments) {
    let own = name;
    for (let count = 2; names.has(own); count++) own = `${name} (${count})`;
    names.add(own);
    db.run('insert into attachments(mail, name, text) values(?, ?, ?)', [mail, own, text]);
  }
  for (const [position, { name, value }] of headers.entries())
    db.run('insert into headers(mail, position, name, value) values(?, ?, ?, ?)', [mail, position, name, value]);
  db.run('update arrivals set taken = ? where id = ?', [mail, arrival]);
}

/** The mails that a mail hangs together with by its headers: each names another's Message-ID. Its own number is among them. */
export function listRelated(db: Store, mail: number): ReadonlySet<number> {
  const sql = "select mail, value from headers where name in ('Message-ID', 'In-Reply-To', 'References')";
  const named = new Map<string, Set<number>>();
  for (const { mail: of, value } of db.rows<{ mail: number; value: string }>(sql))
    for (const id of value.match(/<[^<>\s]{1,500}>/g) ?? []) named.set(id, (named.get(id) ?? new Set()).add(of));
  const found = new Set([mail]);
  for (let size = 0; size < found.size; ) {
    size = found.size;
    for (const mails of named.values())
      if ([...mails].some((one) => found.has(one))) for (const one of mails) found.add(one);
  }
  return found;
}
