// One SQLite database in WebAssembly: the state of one world. Opens from an image, gives its image back, runs SQL.
// Not here: what the tables mean (services), what a question to them may be (query.ts).
// Wall: the engine's memory is its own; it has no files, no network and loads no extensions. One heap serves all worlds
// of a process, so `close` matters.
import initSqlJs, { type Database, type SqlJsStatic, type SqlValue, type Statement } from 'sql.js';

/** A value of a row. Blobs are not used. */
export type Cell = string | number | null;
export type Row = { readonly [column: string]: Cell };

let engine: SqlJsStatic | null = null;

/** Loads the WebAssembly engine, once per process. */
export async function loadEngine(): Promise<void> {
  engine ??= await initSqlJs();
}

/** A database. Every method is synchronous; errors of SQLite are thrown as `Error` with its message. */
export class Store {
  readonly #database: Database;
  readonly #statements = new Map<string, Statement>();
  #depth = 0;

  /** Opens an image, or an empty database. Throws if the engine is not loaded. */
  constructor(image: Uint8Array | null) {
    if (engine === null) throw new Error('the world engine is not loaded: await loadWorlds() first');
    this.#database = openDatabase(engine, image);
    // Small pages keep an image of many small tables small; the journal in memory makes rollback cheap.
    this.#database.run(image === null ? 'pragma page_size = 1024' : 'pragma journal_mode = memory');
  }

  /** Runs statements without parameters, for schemas. */
  script(sql: string): void {
    this.#database.run(sql);
  }

  /** Runs one statement and gives the number of rows it changed. */
  run(sql: string, values: readonly Cell[] = []): number {
    this.#step(sql, values, (statement) => statement.step());
    return this.#database.getRowsModified();
  }

  /** All rows. The row type is the caller's claim; tables are STRICT, so their declared types hold. */
  rows<T extends Row>(sql: string, values: readonly Cell[] = []): T[] {
    return this.#step(sql, values, (statement) => {
      const found: T[] = [];
      while (statement.step()) found.push(statement.getAsObject() as T);
      return found;
    });
  }

  /** The first row, or null. */
  row<T extends Row>(sql: string, values: readonly Cell[] = []): T | null {
    return this.#step(sql, values, (statement) => (statement.step() ? (statement.getAsObject() as T) : null));
  }

  /** Prepares one statement, without running it, and gives the number of its columns. */
  columns(sql: string): number {
    const statement = this.#database.prepare(sql);
    const count = statement.getColumnNames().length;
    statement.free();
    return count;
  }

  /** The first `most` rows as arrays of cells; the statement is not kept. */
  read(sql: string, most: number): SqlValue[][] {
    const statement = this.#database.prepare(sql);
    try {
      const found: SqlValue[][] = [];
      while (found.length < most && statement.step()) found.push(statement.get());
      return found;
    } finally {
      statement.free();
    }
  }

  /** Does all of `work` or, if it throws, none of it. Nests. `work` must be synchronous, so that worlds cannot interleave in it. */
  transact<T>(work: () => T): T {
    const name = `level${this.#depth++}`;
    this.#database.run(`savepoint ${name}`);
    try {
      const value = work();
      this.#database.run(`release ${name}`);
      return value;
    } catch (error) {
      this.#database.run(`rollback to ${name}; release ${name}`);
      throw error;
    } finally {
      this.#depth--;
    }
  }

  /** The database file, byte for byte. */
  image(): Uint8Array {
    this.#forget();
    const image = this.#database.export();
    this.#database.run('pragma journal_mode = memory'); // exporting reopens the connection
    return image;
  }

  /** Frees the memory. The store cannot be used afterwards; closing twice is fine. */
  close(): void {
    this.#forget();
    this.#database.close();
  }

  #forget(): void {
    for (const statement of this.#statements.values()) statement.free();
    this.#statements.clear();
  }

  #step<T>(sql: string, values: readonly Cell[], use: (statement: Statement) => T): T {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    try {
      statement.bind([...values]);
      return use(statement);
    } finally {
      statement.reset();
    }
  }
}

/** sql.js names its in-memory file with a random number; with thousands open, two may collide, which throws: try again. */
function openDatabase(loaded: SqlJsStatic, image: Uint8Array | null): Database {
  for (let attempt = 0; ; attempt++) {
    try {
      return new loaded.Database(image);
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}
