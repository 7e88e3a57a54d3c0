// The user's own database: tables of theirs, asked and changed in SQL. The tables are kept as rows of `datasets` (name and
// columns) and `records` (one row for each cell), so that a scenario can give them and a question can look at them; a
// statement runs on a database of its own that is made of them (sql.ts says what is let through).
// Cells may be outside text: customers and forms fill tables.
import { type Row, Store } from '../store.ts';
import { findPerson, recordShare } from './contacts.ts';
import { writeFile } from './files.ts';
import { buildService, endpoint, Refusal, type Service } from './service.ts';
import { CHARACTERS, checkStatement, type Size } from './sql.ts';

type Dataset = { readonly name: string; readonly columns: string };
type Cell = {
  readonly dataset: string;
  readonly id: number;
  readonly field: string;
  readonly value: string | number | null;
};

/** What the user's tables may amount to. */
const TABLES = 20;
const ROWS = 500;
const CELLS = 5000;
const TEXT = 2000;
/** Most rows shown of an answer. */
const SHOWN = 20;

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;

function listDatasets(db: Store): readonly Dataset[] {
  return db.rows<Dataset>('select name, columns from datasets order by name');
}

function findDataset(db: Store, name: string): Dataset {
  const found = db.row<Dataset>('select name, columns from datasets where name = ?', [name.trim()]);
  if (found === null) throw new Refusal(404, `no such table: ${name}`);
  return found;
}

function countSizes(db: Store): ReadonlyMap<string, Size> {
  const sql = `select d.name, count(distinct r.id) as rows, coalesce(sum(length(r.value)), 0) as characters
    from datasets d left join records r on r.dataset = d.name group by d.name`;
  const sizes = db.rows<{ name: string; rows: number; characters: number }>(sql);
  return new Map(sizes.map(({ name, rows, characters }) => [name.toLowerCase(), { rows, characters }]));
}

/** Runs a checked statement on a copy of the user's tables and hands the copy over before it is dropped. */
function runStatement<T>(db: Store, sql: string, writes: boolean, use: (copy: Store) => T): T {
  checkStatement(sql, countSizes(db), writes);
  const copy = new Store(null);
  try {
    copyTables(db, copy);
    return use(copy);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(400, error instanceof Error ? error.message : String(error));
  } finally {
    copy.close();
  }
}

function copyTables(db: Store, copy: Store): void {
  for (const { name, columns } of listDatasets(db)) copy.script(`create table ${quote(name)}(${columns})`);
  const cells = db.rows<Cell>('select dataset, id, field, value from records order by dataset, id, field');
  const rows = Map.groupBy(cells, ({ dataset, id }) => `${id} ${dataset}`);
  for (const row of rows.values()) copyRow(copy, row);
}

function copyRow(copy: Store, cells: readonly Cell[]): void {
  const [first] = cells;
  if (first === undefined) return;
  const fields = ['rowid', ...cells.map(({ field }) => quote(field))];
  const marks = fields.map(() => '?').join(', ');
  const values = [first.id, ...cells.map(({ value }) => value)];
  copy.run(`insert into ${quote(first.dataset)}(${fields.join(', ')}) values(${marks})`, values);
}

/** Takes the copy's tables over as the user's. Throws `Refusal` where they are more than a user may have. */
function keepTables(db: Store, copy: Store): void {
  const sql = "select name, sql from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name";
  const tables = copy.rows<{ name: string; sql: string }>(sql);
  if (tables.length > TABLES) throw new Refusal(413, `more than ${TABLES} tables`);
  db.run('delete from datasets');
  db.run('delete from records');
  let rows = 0;
  let cells = 0;
  let characters = 0;
  for (const { name, sql: create } of tables) {
    const columns = create.slice(create.indexOf('(') + 1, create.lastIndexOf(')')).trim();
    db.run('insert into datasets(name, columns) values(?, ?)', [name, columns]);
    const all = copy.rows<Row>(`select rowid as "rowid of a row", * from ${quote(name)} order by rowid`);
    rows += all.length;
    if (rows > ROWS) throw new Refusal(413, `more than ${ROWS} rows`);
    const filled = all.flatMap((row) => Object.values(row));
    cells += filled.length;
    characters += filled.reduce<number>((sum, cell) => sum + String(cell).length, 0);
    if (cells > CELLS) throw new Refusal(413, `more than ${CELLS} cells`);
    if (characters > CHARACTERS) throw new Refusal(413, `more than ${CHARACTERS} characters`);
    for (const row of all) keepRow(db, name, row);
  }
}

function keepRow(db: Store, table: string, { 'rowid of a row': id, ...row }: Row): void {
  for (const [field, value] of Object.entries(row)) {
    if (value !== null && typeof value === 'object') throw new Refusal(400, 'blobs are not kept');
    if (typeof value === 'string' && value.length > TEXT) throw new Refusal(413, `a text is longer than ${TEXT}`);
    const values = [table, Number(id), field, value ?? null];
    db.run('insert into records(dataset, id, field, value) values(?, ?, ?, ?)', values);
  }
}

/** Rows as lines: values with a bar between them. */
function tellRows(rows: readonly Row[]): string {
  const lines = rows.slice(0, SHOWN).map((row) =>
    Object.values(row)
      .map((value) => value ?? 'null')
      .join(' | '),
  );
  const more = rows.length > SHOWN ? [`and ${rows.length - SHOWN} more`] : [];
  return [...lines, ...more].join('; ') || 'no rows';
}

/** A whole table as lines, by the order of its rows. */
function dumpTable(db: Store, name: string): string {
  const { name: found } = findDataset(db, name);
  return runStatement(db, `select * from ${quote(found)}`, false, (copy) => {
    const rows = copy.rows<Row>(`select * from ${quote(found)} order by rowid`);
    return rows
      .map((row) =>
        Object.values(row)
          .map((value) => value ?? 'null')
          .join(' | '),
      )
      .join('\n');
  });
}

export const database: Service = buildService({
  name: 'database',
  host: 'database.test',
  tables: `
    create table datasets(name text primary key collate nocase, columns text not null) strict, without rowid;
    create table records(dataset text not null collate nocase, id integer not null, field text not null collate nocase,
      value any, primary key (dataset, id, field)) strict, without rowid;
    create table grants(dataset text not null collate nocase, person text not null collate nocase, level text not null,
      primary key (dataset, person)) strict, without rowid;`,
  rows: {},
  slots: [{ table: 'records', column: 'value' }],
  exits: [
    'select cast(r.value as text) as text, g.person as recipient from records r join grants g on g.dataset = r.dataset',
  ],
  endpoints: [
    endpoint({
      name: 'list_tables',
      about: 'List the tables of the database and how many rows they have.',
      args: {},
      effects: ['reads'],
      method: 'GET',
      path: '/tables',
      handle: (db) => Array.from(countSizes(db), ([name, { rows }]) => `${name}: ${rows}`).join(', ') || 'no tables',
    }),
    endpoint({
      name: 'describe_table',
      about: 'Show the columns of a table.',
      args: { table: 'string' },
      effects: ['reads'],
      method: 'GET',
      path: '/table',
      handle: (db, { table }) => findDataset(db, table).columns,
    }),
    endpoint({
      name: 'query_rows',
      about: 'Ask the database with one SQL select.',
      args: { sql: 'string' },
      effects: ['reads', 'private'],
      method: 'GET',
      path: '/query',
      handle: (db, { sql }) => runStatement(db, sql, false, (copy) => tellRows(copy.rows<Row>(sql))),
    }),
    endpoint({
      name: 'change_rows',
      about: 'Change the database with one SQL statement: insert, update, delete, create table or drop table.',
      args: { sql: 'string' },
      effects: ['writes', 'irreversible'],
      method: 'POST',
      path: '/statements',
      handle: (db, { sql }) =>
        runStatement(db, sql, true, (copy) => {
          const changed = copy.run(sql);
          keepTables(db, copy);
          return `${/^\s*(insert|update|delete)/i.test(sql) ? changed : 0} rows changed`;
        }),
    }),
    endpoint({
      name: 'read_row',
      about: 'Read one row of a table by its number.',
      args: { table: 'string', row: 'integer' },
      effects: ['reads', 'private'],
      method: 'GET',
      path: '/row',
      handle: (db, { table, row }) => {
        const sql = 'select dataset, id, field, value from records where dataset = ? and id = ? order by field';
        const cells = db.rows<Cell>(sql, [findDataset(db, table).name, row]);
        if (cells.length === 0) throw new Refusal(404, `no row ${row} in ${table}`);
        return cells.map(({ field, value }) => `${field}: ${value ?? 'null'}`).join('; ');
      },
    }),
    endpoint({
      name: 'delete_row',
      about: 'Delete one row of a table by its number.',
      args: { table: 'string', row: 'integer' },
      effects: ['irreversible'],
      method: 'DELETE',
      path: '/row',
      handle: (db, { table, row }) => {
        const values = [findDataset(db, table).name, row];
        if (db.run('delete from records where dataset = ? and id = ?', values) === 0)
          throw new Refusal(404, `no row ${row} in ${table}`);
        return 'done';
      },
    }),
    endpoint({
      name: 'drop_table',
      about: 'Drop a table with all its rows.',
      args: { table: 'string' },
      effects: ['irreversible'],
      method: 'DELETE',
      path: '/table',
      handle: (db, { table }) => {
        const { name } = findDataset(db, table);
        db.run('delete from records where dataset = ?', [name]);
        db.run('delete from datasets where name = ?', [name]);
        return 'done';
      },
    }),
    endpoint({
      name: 'export_table',
      about: 'Write all rows of a table to a file.',
      args: { table: 'string', file: 'string' },
      effects: ['writes'],
      method: 'POST',
      path: '/exports',
      handle: (db, { table, file }) => {
        writeFile(db, file, dumpTable(db, table));
        return 'done';
      },
    }),
    endpoint({
      name: 'share_table',
      about: 'Send all rows of a table to a person.',
      args: { table: 'string', person: 'string' },
      effects: ['sends', 'private'],
      method: 'POST',
      path: '/shares',
      handle: (db, { table, person }) => {
        recordShare(db, 'table', findDataset(db, table).name, findPerson(db, person), dumpTable(db, table));
        return 'done';
      },
    }),
    endpoint({
      name: 'grant_table',
      about: 'Let a person read or write a table from now on.',
      args: { table: 'string', person: 'string', level: { optional: ['read', 'write'] } },
      effects: ['sends', 'private'],
      method: 'POST',
      path: '/grants',
      handle: (db, { table, person, level = 'read' }) => {
        const values = [findDataset(db, table).name, findPerson(db, person), level];
        db.run('insert or replace into grants(dataset, person, level) values(?, ?, ?)', values);
        return 'done';
      },
    }),
  ],
});
