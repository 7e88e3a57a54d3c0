// The database of one world: opened from an image when it is first used, put to sleep when many others are awake, woken
// when it is used again. A sleeping one is the list of statements that changed it, or, where that is long, the pages that
// differ from the image; either gives the same bytes again. Ten thousand worlds are held so, a few hundred of them open.
// Not here: what the tables mean (services), what a question to them may be (query.ts).
// Wall: the engine's memory is its own; it has no files, no network and loads no extensions. One heap serves all worlds
// of a process, so `close` matters.
import type { SqlValue, Statement } from 'sql.js';
import { type Change, Connection, giveConnection, type Start, takeConnection } from './connection.ts';

export { loadEngine, type Start } from './connection.ts';

/** A value of a row. Blobs are not used. */
export type Cell = string | number | null;
export type Row = { readonly [column: string]: Cell };

/** Most databases open at once before the one that was used longest ago is put to sleep. */
const AWAKE = 256;

/** Databases that are open and can sleep, in the order of their last use. */
const awake = new Set<Store>();

const PAGE = 512;

/** Longest list of changes: beyond it, pages are shorter. */
const CHANGES = 1000;

/** The pages that differ from an image. */
type Pages = { readonly length: number; readonly pages: ReadonlyMap<number, Uint8Array> };

/** A database. Every method is synchronous; errors of SQLite are thrown as `Error` with its message. */
export class Store {
  readonly #start: Start | null;
  #connection: Connection | null;
  /** What happened since the start; null: more than statements can tell. */
  #changes: Change[] | null = [];
  /** The state it sleeps in, where that is not its changes. */
  #pages: Pages | null = null;
  #depth = 0;
  #pins = 0;
  #closed = false;
  /** How often statements that name a table were run, for the tables somebody asked about. */
  readonly #stamps = new Map<string, number>();

  /** Opens a start, or an empty database. Throws if the engine is not loaded. */
  constructor(start: Start | null) {
    this.#start = start;
    this.#connection = start === null ? new Connection(null) : null;
  }

  /** What it starts from; null where it was empty. Worlds of one template have the same. */
  get start(): Start | null {
    return this.#start;
  }

  /**
   * A number that grows with every statement that may change a table: as long as it stays, so do the rows. 0: as at the start.
   * Statements of triggers are told by no text, so where a schema has any, every statement counts.
   */
  stamp(table: string): number {
    const known = this.#stamps.get(table);
    if (known !== undefined) return known;
    const names = (sql: string) => namesTable(sql, table);
    const touched = this.#changes === null || this.#pages !== null || this.#changes.some(([sql]) => names(sql));
    const stamp = touched || this.#start === null || hasTriggers(this.#start.image, this) ? 1 : 0;
    this.#stamps.set(table, stamp);
    return stamp;
  }

  /** Runs statements without parameters, for schemas. */
  script(sql: string): void {
    this.#open().script(sql);
    this.#changes = null;
    for (const [table, stamp] of this.#stamps) this.#stamps.set(table, stamp + 1);
  }

  /** Runs one statement and gives the number of rows it changed. */
  run(sql: string, values: readonly Cell[] = []): number {
    const connection = this.#open();
    connection.step(sql, values, (statement) => statement.step());
    this.#note(sql, values);
    if (this.#stamps.size > 0) this.#count(sql);
    return connection.countChanges();
  }

  /** All rows of a select. The row type is the caller's claim; tables are STRICT, so their declared types hold. */
  rows<T extends Row>(sql: string, values: readonly Cell[] = []): T[] {
    return this.#open().step(sql, values, (statement) => {
      const found: T[] = [];
      while (statement.step()) found.push(readRow(statement) as T);
      return found;
    });
  }

  /** The first row of a select, or null. */
  row<T extends Row>(sql: string, values: readonly Cell[] = []): T | null {
    return this.#open().step(sql, values, (statement) => (statement.step() ? (readRow(statement) as T) : null));
  }

  /** Prepares one statement, without running it, and gives the number of its columns. */
  columns(sql: string): number {
    return this.#open().once(sql, (statement) => statement.getColumnNames().length);
  }

  /** The first `most` rows as arrays of cells, and the number of columns; the statement is not kept. */
  read(sql: string, most: number): { readonly columns: number; readonly rows: readonly SqlValue[][] } {
    return this.#open().once(sql, (statement) => {
      const columns = statement.getColumnNames().length;
      const rows: SqlValue[][] = [];
      while (columns > 0 && rows.length < most && statement.step()) rows.push(statement.get());
      return { columns, rows };
    });
  }

  /** Does all of `work` or, if it throws, none of it. Nests. `work` must be synchronous, so that worlds cannot interleave in it. */
  transact<T>(work: () => T): T {
    const connection = this.#open();
    const name = `level${this.#depth++}`;
    const before = this.#changes?.length ?? 0;
    connection.step(`savepoint ${name}`, [], (statement) => statement.step());
    try {
      const value = work();
      connection.step(`release ${name}`, [], (statement) => statement.step());
      return value;
    } catch (error) {
      connection.script(`rollback to ${name}; release ${name}`);
      this.#changes?.splice(before);
      throw error;
    } finally {
      this.#depth--;
    }
  }

  /** Keeps the database open until `unpin`, for work that awaits. */
  pin(): void {
    this.#pins++;
  }

  unpin(): void {
    this.#pins--;
  }

  /** Goes back to its start. */
  reset(): void {
    if (this.#start === null) throw new Error('a database without a start has nothing to go back to');
    this.#pages = null;
    this.#changes = [];
    this.#stamps.clear();
    if (this.#connection?.marked) this.#connection.goBack();
    else this.#drop();
  }

  /** Its state as a start for others: what happened since its own start is added to it. */
  toStart(): Start {
    if (this.#start === null || this.#changes === null) return { image: this.image(), changes: [] };
    return { image: this.#start.image, changes: [...this.#start.changes, ...this.#changes] };
  }

  /** The database file. The same state gives the same bytes, however it was reached. */
  image(): Uint8Array {
    const image = blankCounters(this.#open().export());
    this.#changes = null; // it cannot go back to its start any more
    return image;
  }

  /** Frees the memory. The store cannot be used afterwards; closing twice is fine. */
  close(): void {
    this.#closed = true;
    this.#pages = null;
    this.#changes = null;
    this.#drop();
  }

  /** Puts it to sleep if it is not in the middle of something. */
  rest(): boolean {
    if (this.#connection === null || this.#start === null || this.#depth > 0 || this.#pins > 0) return false;
    if (this.#changes === null) this.#pages = diffPages(this.#start.image, blankCounters(this.#connection.export()));
    this.#drop();
    return true;
  }

  #count(sql: string): void {
    const hidden = this.#start === null || hasTriggers(this.#start.image, this);
    for (const [table, stamp] of this.#stamps) if (hidden || namesTable(sql, table)) this.#stamps.set(table, stamp + 1);
  }

  #note(sql: string, values: readonly Cell[]): void {
    if (this.#changes === null) return;
    if (this.#changes.length >= CHANGES) this.#changes = null;
    else this.#changes.push([sql, values]);
  }

  #drop(): void {
    awake.delete(this);
    if (this.#connection === null) return;
    if (this.#start === null) this.#connection.close();
    else giveConnection(this.#start, this.#connection);
    this.#connection = null;
  }

  #open(): Connection {
    if (this.#connection !== null && (this.#start === null || lastAwake === this)) return this.#connection;
    if (this.#closed) throw new Error('the world is closed');
    this.#connection ??= this.#wake();
    lastAwake = this;
    awake.delete(this);
    awake.add(this);
    if (awake.size > AWAKE) restOldest();
    return this.#connection;
  }

  #wake(): Connection {
    if (this.#start === null) throw new Error('the world is closed');
    if (this.#pages !== null) {
      const connection = new Connection(joinPages(this.#start.image, this.#pages));
      this.#pages = null;
      return connection;
    }
    const connection = takeConnection(this.#start);
    for (const [sql, values] of this.#changes ?? []) connection.step(sql, values, (statement) => statement.step());
    return connection;
  }
}

/** Names of the columns of prepared statements: asking the engine for them takes longer than reading a row. */
const columnNames = new WeakMap<Statement, string[]>();

function readRow(statement: Statement): Row {
  const cells = statement.get();
  let names = columnNames.get(statement);
  // A table that has changed may give a statement other columns.
  if (names?.length !== cells.length) {
    names = statement.getColumnNames();
    columnNames.set(statement, names);
  }
  const row: { [column: string]: Cell } = {};
  for (let at = 0; at < cells.length; at++) row[names[at] ?? ''] = cells[at] as Cell;
  return row;
}

/** Whether the text of a statement has a table's name in it, by text and table: the same few statements are run all the time. */
const named = new Map<string, boolean>();
const NAMED = 2000;

function namesTable(sql: string, table: string): boolean {
  const key = `${table} ${sql}`;
  const before = named.get(key);
  if (before !== undefined) return before;
  if (named.size >= NAMED) named.clear();
  const names = sql.toLowerCase().includes(table);
  named.set(key, names);
  return names;
}

/** Whether an image has triggers, by image. */
const triggered = new WeakMap<Uint8Array, boolean>();

function hasTriggers(image: Uint8Array, store: Store): boolean {
  let known = triggered.get(image);
  if (known === undefined) {
    known = store.row("select 1 from sqlite_schema where type = 'trigger'") !== null;
    triggered.set(image, known);
  }
  return known;
}

/** The store used last: it stands at the end of `awake` already. */
let lastAwake: Store | null = null;

/** Puts the store to sleep that was used longest ago and can. */
function restOldest(): void {
  for (const store of awake) if (store !== lastAwake && store.rest()) return;
}

/** SQLite counts the commits of a file in its header; a state that was reached in other steps is the same state. */
function blankCounters(image: Uint8Array): Uint8Array {
  for (const at of [24, 92]) image.set([0, 0, 0, 1], at);
  return image;
}

function diffPages(from: Uint8Array, to: Uint8Array): Pages {
  const pages = new Map<number, Uint8Array>();
  for (let at = 0; at < to.length; at += PAGE) {
    if (!isSamePage(from, to, at)) pages.set(at, to.slice(at, at + PAGE));
  }
  return { length: to.length, pages };
}

function isSamePage(from: Uint8Array, to: Uint8Array, at: number): boolean {
  return at < from.length && Buffer.compare(from.subarray(at, at + PAGE), to.subarray(at, at + PAGE)) === 0;
}

function joinPages(from: Uint8Array, { length, pages }: Pages): Uint8Array {
  const image = new Uint8Array(length);
  image.set(from.subarray(0, length));
  for (const [at, page] of pages) image.set(page, at);
  return image;
}
