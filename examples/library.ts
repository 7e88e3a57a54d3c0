// A service of your own in one file: a library with books to find, borrow and review.
import { buildService, endpoint, Refusal, type Service } from 'tribune/world';

export const library: Service = buildService({
  name: 'library',
  host: 'library.test',
  tables: `
    create table books(title text primary key collate nocase, copies integer not null default 1) strict;
    create table loans(title text primary key collate nocase, weeks integer not null) strict;
    create table opinions(id integer primary key, title text not null collate nocase, text text not null) strict;`,
  rows: { books: [{ title: 'Moby Dick' }] },
  slots: [{ table: 'opinions', column: 'text' }],
  exits: ["select text, 'everybody' as recipient from opinions"],
  endpoints: [
    endpoint({
      name: 'borrow_book',
      about: 'Borrow a book, for four weeks unless told otherwise.',
      args: { title: 'string', weeks: { optional: 'integer' } },
      effects: ['writes'],
      method: 'POST',
      path: '/loans',
      handle: (db, { title, weeks = 4 }) => {
        if (weeks < 1 || weeks > 8) throw new Refusal(400, 'the weeks must be from 1 to 8');
        const taken = db.run('update books set copies = copies - 1 where title = ? and copies > 0', [title.trim()]);
        if (taken === 0) throw new Refusal(404, `not on the shelf: ${title}`);
        db.run('insert into loans(title, weeks) values(?, ?)', [title.trim(), weeks]);
        return 'done';
      },
    }),
    endpoint({
      name: 'read_opinions',
      about: 'Read what others think of a book.',
      args: { title: 'string' },
      effects: ['reads'],
      method: 'GET',
      path: '/opinions',
      handle: (db, { title }) => {
        const found = db.rows<{ text: string }>('select text from opinions where title = ?', [title.trim()]);
        return found.map(({ text }) => text).join('; ') || 'no opinions';
      },
    }),
  ],
});
