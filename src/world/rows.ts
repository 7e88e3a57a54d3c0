// Rows into the tables of services, with errors that name the place, and cells that others write anew later. Not here: what the tables are (catalogue.ts).
import { InputError } from '../episode/input.ts';
import type { State } from './services/service.ts';
import type { Store } from './store.ts';

/** Puts rows into tables; a row with the key of an earlier one replaces it. Throws InputError naming table and row. */
export function insertRows(store: Store, state: State, columns: ReadonlyMap<string, readonly string[]>): void {
  for (const [table, rows] of Object.entries(state)) {
    const known = columns.get(table);
    if (known === undefined)
      throw new InputError(`state.${table}`, `no such table, expected one of ${[...columns.keys()].join(', ')}`);
    for (const [index, row] of rows.entries()) insertRow(store, table, row, known, `state.${table}[${index + 1}]`);
  }
}

function insertRow(
  store: Store,
  table: string,
  row: State[string][number],
  known: readonly string[],
  where: string,
): void {
  const names = Object.keys(row);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new InputError(where, `no column ${unknown}, expected ${known.join(', ')}`);
  const marks = names.map(() => '?').join(', ');
  try {
    store.run(`insert or replace into ${table}(${names.join(', ')}) values(${marks})`, Object.values(row));
  } catch (error) {
    throw new InputError(where, error instanceof Error ? error.message : String(error));
  }
}

/** A cell of the state a world was made with: row from 1. */
type CellPlace = { readonly table: string; readonly row: number; readonly column: string };

/**
 * Writes a cell of the state anew in a running world. The row is known by its other cells, those that `moving` names left
 * out; one that has been changed otherwise, or is gone, stays as it is.
 */
export function rewriteCell(store: Store, state: State, at: CellPlace, to: string, moving: readonly CellPlace[]): void {
  const row = Object.entries(state[at.table]?.[at.row - 1] ?? {});
  const moves = (column: string): boolean =>
    moving.some((other) => other.table === at.table && other.row === at.row && other.column === column);
  const fixed = row.filter(([column]) => !moves(column));
  // A row of moving cells only is known by what stood in this one.
  const known = fixed.length > 0 ? fixed : row.filter(([column]) => column === at.column);
  const where = known.map(([column]) => `${column} is ?`).join(' and ');
  store.run(`update ${at.table} set ${at.column} = ? where ${where}`, [to, ...known.map(([, value]) => value)]);
}
