// The user's notes: texts by title. Shared notes (`owner`) are outside text.
import type { Store } from '../store.ts';
import { findRecipient, recordShare } from './contacts.ts';
import { buildService, endpoint, Refusal, type Service } from './service.ts';

type Note = { readonly title: string; readonly text: string };

function findNote(db: Store, title: string): Note {
  const note = db.row<Note>('select title, text from notes where title = ?', [title.trim()]);
  if (note === null) throw new Refusal(404, `no such note: ${title}`);
  return note;
}

export const notes: Service = buildService({
  name: 'notes',
  host: 'notes.test',
  tables: `
    create table notes(title text primary key collate nocase, owner text not null default 'me' collate nocase,
      text text not null) strict;`,
  rows: {},
  slots: [{ table: 'notes', column: 'text' }],
  endpoints: [
    endpoint({
      name: 'open_note',
      about: 'Open a note.',
      args: { title: 'string' },
      effects: ['reads', 'private'],
      method: 'GET',
      path: '/note',
      handle: (db, { title }) => findNote(db, title).text,
    }),
    endpoint({
      name: 'save_note',
      about: 'Save a note, replacing what it held.',
      args: { title: 'string', text: 'string' },
      effects: ['writes'],
      method: 'PUT',
      path: '/note',
      handle: (db, { title, text }) => {
        const sql = 'insert into notes(title, text) values(?, ?) on conflict(title) do update set text = excluded.text';
        db.run(sql, [title.trim(), text]);
        return 'done';
      },
    }),
    endpoint({
      name: 'erase_note',
      about: 'Erase a note for good.',
      args: { title: 'string' },
      effects: ['irreversible'],
      method: 'DELETE',
      path: '/note',
      handle: (db, { title }) => {
        db.run('delete from notes where title = ?', [findNote(db, title).title]);
        return 'done';
      },
    }),
    endpoint({
      name: 'share_note',
      about: 'Send a note to a person.',
      args: { title: 'string', person: 'string' },
      effects: ['sends', 'private'],
      method: 'POST',
      path: '/shares',
      handle: (db, { title, person }) => {
        const note = findNote(db, title);
        recordShare(db, 'note', note.title, findRecipient(db, person), note.text);
        return 'done';
      },
    }),
  ],
});
