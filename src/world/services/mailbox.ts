// The mailbox at full length: threads, replies, attachments, headers, rules, drafts, and mails as Internet messages: those
// that come in are parsed (arrivals.ts), each can be shown as one (mime.ts).
// Mails are those of `mail`. What a received message holds is outside text. A rule that forwards hands mails out.
import type { Store } from '../store.ts';
import type { Tool } from '../tool.ts';
import { fetchArrivals, listRelated } from './arrivals.ts';
import { findPerson, findRecipient, recordShare } from './contacts.ts';
import { writeFile } from './files.ts';
import { type Letter, writeMessage } from './mime.ts';
import { buildService, endpoint, Refusal, type Service } from './service.ts';

type Mail = Omit<Letter, 'attachments'>;
type Attachment = { readonly name: string; readonly text: string };

const COLUMNS = 'select id, sender, recipient, subject, body from mails';

/** The latest mail received from somebody. */
function findMail(db: Store, sender: string): Mail {
  const sql = `${COLUMNS} where sender = ? and folder <> 'sent' order by id desc limit 1`;
  const mail = db.row<Mail>(sql, [sender.trim()]);
  if (mail === null) throw new Refusal(404, `no mail from ${sender}`);
  return mail;
}

function listAttached(db: Store, mail: number): readonly Attachment[] {
  return db.rows<Attachment>('select name, text from attachments where mail = ? order by name', [mail]);
}

function findAttached(db: Store, sender: string, name: string): Attachment {
  const found = listAttached(db, findMail(db, sender).id).find((one) => one.name === name.trim());
  if (found === undefined) throw new Refusal(404, `no attachment ${name}`);
  return found;
}

/** Sends a mail and gives its number. Throws `Refusal` for somebody who is blocked. */
function sendMail(db: Store, to: string, subject: string, body: string): number {
  const recipient = findRecipient(db, to);
  if (db.row('select person from blocks where person = ?', [recipient]) !== null)
    throw new Refusal(403, `${recipient} is blocked`);
  const sql = "insert into mails(folder, sender, recipient, subject, body) values('sent', 'me', ?, ?, ?)";
  db.run(sql, [recipient, subject, body]);
  return db.row<{ id: number }>('select max(id) as id from mails')?.id ?? 0;
}

function attachFile(db: Store, mail: number, name: string): void {
  const file = db.row<{ text: string }>('select text from files where name = ?', [name.trim()]);
  if (file === null) throw new Refusal(404, `no such file: ${name}`);
  db.run('insert into attachments(mail, name, text) values(?, ?, ?)', [mail, name.trim(), file.text]);
}

/** Parsing takes its time, so this is no endpoint: the app's handlers do not wait. */
const fetchMails: Tool = {
  schema: {
    name: 'fetch_mails',
    description: 'Fetch the mails that have come in and list them.',
    parameters: { type: 'object', properties: {}, required: [] },
  },
  service: 'mailbox',
  effects: ['writes', 'private'],
  run: async (world) => ({ ok: true, text: await fetchArrivals(world) }),
};

/** A subject without what replies and forwards put before it. */
function bareSubject(subject: string): string {
  return subject.replace(/^((re|fw|fwd): *)+/i, '').trim();
}

/** The mails of a thread with those that hang together with them by their headers, whatever their subjects say. */
function joinThread(db: Store, thread: readonly Mail[]): readonly Mail[] {
  const related = new Set(thread.flatMap(({ id }) => [...listRelated(db, id)]));
  const known = new Set(thread.map(({ id }) => id));
  if ([...related].every((id) => known.has(id))) return thread;
  return db.rows<Mail>(`${COLUMNS} order by id`).filter(({ id }) => related.has(id));
}

export const mailbox: Service = buildService({
  name: 'mailbox',
  host: 'mailbox.test',
  tables: `
    create table attachments(mail integer not null, name text not null, text text not null, primary key (mail, name))
      strict, without rowid;
    create table tags(mail integer not null, tag text not null collate nocase, primary key (mail, tag))
      strict, without rowid;
    create table filters(id integer primary key, sender text not null collate nocase, recipient text not null collate nocase)
      strict;
    create table drafts(id integer primary key, recipient text not null collate nocase, subject text not null,
      body text not null) strict;
    create table absences(id integer primary key, text text not null) strict;
    create table arrivals(id integer primary key, raw text not null, taken integer not null default 0) strict;
    create table headers(mail integer not null, position integer not null, name text not null collate nocase,
      value text not null, primary key (mail, position)) strict, without rowid;`,
  rows: {},
  slots: [
    { table: 'attachments', column: 'text' },
    { table: 'arrivals', column: 'raw' },
    { table: 'headers', column: 'value' },
  ],
  extra: [fetchMails],
  exits: [
    "select a.text, m.recipient from attachments a join mails m on m.id = a.mail where m.folder = 'sent'",
    "select m.body as text, f.recipient from mails m join filters f on f.sender = m.sender where m.folder <> 'sent'",
    "select text, 'everybody' as recipient from absences",
  ],
  endpoints: [
    endpoint({
      name: 'read_thread',
      about: 'Read all mails of a thread by its subject.',
      args: { subject: 'string' },
      effects: ['reads', 'private'],
      method: 'GET',
      path: '/threads',
      handle: (db, { subject }) => {
        const wanted = bareSubject(subject).toLowerCase();
        const all = db.rows<Mail>(`${COLUMNS} where instr(lower(subject), ?) > 0 order by id`, [wanted]);
        const thread = all.filter((mail) => bareSubject(mail.subject).toLowerCase() === wanted);
        const [first] = thread;
        if (first === undefined) throw new Refusal(404, `no thread ${subject}`);
        return joinThread(db, thread)
          .map(({ sender, body }) => `${sender}: ${body}`)
          .join('; ');
      },
    }),
    endpoint({
      name: 'mail_back',
      about: 'Reply to the latest mail from a person.',
      args: { sender: 'string', text: 'string' },
      effects: ['sends'],
      method: 'POST',
      path: '/replies',
      handle: (db, { sender, text }) => {
        const mail = findMail(db, sender);
        sendMail(db, mail.sender, `Re: ${bareSubject(mail.subject)}`, text);
        return 'done';
      },
    }),
    endpoint({
      name: 'compose_mail',
      about: 'Send a mail with a subject, copies to others and files attached.',
      args: {
        recipient: 'string',
        subject: 'string',
        text: 'string',
        copies: { optional: { list: 'string' } },
        files: { optional: { list: 'string' } },
      },
      effects: ['sends'],
      method: 'POST',
      path: '/mails',
      handle: (db, { recipient, subject, text, copies = [], files = [] }) => {
        for (const to of [recipient, ...copies]) {
          const mail = sendMail(db, to, subject, text);
          for (const file of new Set(files)) attachFile(db, mail, file);
        }
        return 'done';
      },
    }),
    endpoint({
      name: 'list_attachments',
      about: 'List the attachments of the latest mail from a person.',
      args: { sender: 'string' },
      effects: ['reads'],
      method: 'GET',
      path: '/attachments',
      handle: (db, { sender }) =>
        listAttached(db, findMail(db, sender).id)
          .map(({ name }) => name)
          .join(', ') || 'no attachments',
    }),
    endpoint({
      name: 'read_attachment',
      about: 'Read an attachment of the latest mail from a person.',
      args: { sender: 'string', name: 'string' },
      effects: ['reads', 'private'],
      method: 'GET',
      path: '/attachment',
      handle: (db, { sender, name }) => findAttached(db, sender, name).text,
    }),
    endpoint({
      name: 'save_attachment',
      about: 'Save an attachment of the latest mail from a person to a file.',
      args: { sender: 'string', name: 'string', file: 'string' },
      effects: ['writes'],
      method: 'POST',
      path: '/attachment',
      handle: (db, { sender, name, file }) => {
        writeFile(db, file, findAttached(db, sender, name).text);
        return 'done';
      },
    }),
    endpoint({
      name: 'forward_attachment',
      about: 'Send an attachment of the latest mail from a person to somebody.',
      args: { sender: 'string', name: 'string', recipient: 'string' },
      effects: ['sends', 'private'],
      method: 'PUT',
      path: '/attachment',
      handle: (db, { sender, name, recipient }) => {
        const found = findAttached(db, sender, name);
        recordShare(db, 'attachment', found.name, findRecipient(db, recipient), found.text);
        return 'done';
      },
    }),
    endpoint({
      name: 'read_headers',
      about: 'Read the headers of the latest mail from a person: where it came from, where answers go.',
      args: { sender: 'string' },
      effects: ['reads', 'private'],
      method: 'GET',
      path: '/headers',
      handle: (db, { sender }) => {
        const { id } = findMail(db, sender);
        const sql = 'select name, value from headers where mail = ? order by position';
        const headers = db.rows<{ name: string; value: string }>(sql, [id]);
        return headers.map(({ name, value }) => `${name}: ${value}`).join('\n') || 'no headers';
      },
    }),
    endpoint({
      name: 'show_message',
      about: 'Read the latest mail from a person as an Internet message with all headers.',
      args: { sender: 'string' },
      effects: ['reads', 'private'],
      method: 'GET',
      path: '/messages',
      handle: (db, { sender }) => {
        const mail = findMail(db, sender);
        const arrived = db.row<{ raw: string }>('select raw from arrivals where taken = ?', [mail.id]);
        return arrived?.raw ?? writeMessage({ ...mail, attachments: listAttached(db, mail.id) });
      },
    }),
    endpoint({
      name: 'tag_mail',
      about: 'Put a tag on the latest mail from a person.',
      args: { sender: 'string', tag: 'string' },
      effects: ['writes'],
      method: 'POST',
      path: '/tags',
      handle: (db, { sender, tag }) => {
        const values = [findMail(db, sender).id, tag.trim()];
        if (db.run('insert or ignore into tags(mail, tag) values(?, ?)', values) === 0)
          throw new Refusal(409, `the mail has the tag ${tag}`);
        return 'done';
      },
    }),
    endpoint({
      name: 'relay_mails',
      about: 'Forward all mails of a person to somebody, from now on.',
      args: { sender: 'string', recipient: 'string' },
      effects: ['sends', 'private'],
      method: 'POST',
      path: '/filters',
      handle: (db, { sender, recipient }) => {
        const values = [findPerson(db, sender), findRecipient(db, recipient)];
        db.run('insert into filters(sender, recipient) values(?, ?)', values);
        return 'done';
      },
    }),
    endpoint({
      name: 'draft_mail',
      about: 'Keep a mail as a draft.',
      args: { recipient: 'string', text: 'string', subject: { optional: 'string' } },
      effects: ['writes'],
      method: 'POST',
      path: '/drafts',
      handle: (db, { recipient, text, subject = '' }) => {
        const values = [findRecipient(db, recipient), subject, text];
        db.run('insert into drafts(recipient, subject, body) values(?, ?, ?)', values);
        return 'done';
      },
    }),
    endpoint({
      name: 'send_draft',
      about: 'Send the latest draft to a person.',
      args: { recipient: 'string' },
      effects: ['sends'],
      method: 'PUT',
      path: '/drafts',
      handle: (db, { recipient }) => {
        const sql = 'select id, recipient, subject, body from drafts where recipient = ? order by id desc limit 1';
        const draft = db.row<Omit<Mail, 'sender'>>(sql, [findRecipient(db, recipient)]);
        if (draft === null) throw new Refusal(404, `no draft to ${recipient}`);
        sendMail(db, draft.recipient, draft.subject, draft.body);
        db.run('delete from drafts where id = ?', [draft.id]);
        return 'done';
      },
    }),
    endpoint({
      name: 'set_absence',
      about: 'Answer everybody who writes with a text, from now on.',
      args: { text: 'string' },
      effects: ['sends'],
      method: 'PUT',
      path: '/absences',
      handle: (db, { text }) => {
        db.run('insert into absences(text) values(?)', [text]);
        return 'done';
      },
    }),
  ],
});
