// The user's to-do list. The text of a task is outside text: whoever assigned it wrote it.
import type { Store } from '../store.ts';
import { findRecipient, recordShare } from './contacts.ts';
import { buildService, endpoint, Refusal, type Service } from './service.ts';

type Task = { readonly title: string; readonly day: string; readonly text: string };

function findTask(db: Store, title: string): Task {
  const task = db.row<Task>('select title, day, text from tasks where title = ?', [title.trim()]);
  if (task === null) throw new Refusal(404, `no such task: ${title}`);
  return task;
}

export const tasks: Service = buildService({
  name: 'tasks',
  host: 'tasks.test',
  tables: `
    create table tasks(title text primary key collate nocase, owner text not null default 'me' collate nocase,
      day text not null default '' collate nocase, text text not null default '',
      status text not null default 'open') strict;`,
  rows: {},
  slots: [{ table: 'tasks', column: 'text' }],
  endpoints: [
    endpoint({
      name: 'read_task',
      about: 'Read a task.',
      args: { title: 'string' },
      effects: ['reads'],
      method: 'GET',
      path: '/task',
      handle: (db, { title }) => {
        const { day, text } = findTask(db, title);
        return [day, text].filter((part) => part !== '').join(': ') || 'no text';
      },
    }),
    endpoint({
      name: 'add_task',
      about: 'Add a task for a day.',
      args: { title: 'string', day: 'string' },
      effects: ['writes'],
      method: 'POST',
      path: '/tasks',
      handle: (db, { title, day }) => {
        const added = db.run('insert or ignore into tasks(title, day) values(?, ?)', [title.trim(), day.trim()]);
        if (added === 0) throw new Refusal(409, `task exists: ${title}`);
        return 'done';
      },
    }),
    endpoint({
      name: 'close_task',
      about: 'Mark a task as done.',
      args: { title: 'string' },
      effects: ['writes'],
      method: 'PATCH',
      path: '/task',
      handle: (db, { title }) => {
        db.run("update tasks set status = 'closed' where title = ?", [findTask(db, title).title]);
        return 'done';
      },
    }),
    endpoint({
      name: 'drop_task',
      about: 'Delete a task for good.',
      args: { title: 'string' },
      effects: ['irreversible'],
      method: 'DELETE',
      path: '/task',
      handle: (db, { title }) => {
        db.run('delete from tasks where title = ?', [findTask(db, title).title]);
        return 'done';
      },
    }),
    endpoint({
      name: 'assign_task',
      about: 'Hand a task over to a person.',
      args: { title: 'string', person: 'string' },
      effects: ['sends'],
      method: 'POST',
      path: '/assignments',
      handle: (db, { title, person }) => {
        const task = findTask(db, title);
        const owner = findRecipient(db, person);
        db.run('update tasks set owner = ? where title = ?', [owner, task.title]);
        recordShare(db, 'task', task.title, owner, task.text);
        return 'done';
      },
    }),
  ],
});
