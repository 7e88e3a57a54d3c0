// Tables as CSV (RFC 4180), for spreadsheets: a text that begins like a formula would be carried out by one, so it is set apart.

type Cell = string | number | null;

/** Lines of comma-separated values; null is an empty cell. */
export function writeCsv(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [head, ...rows].map((row) => `${row.map(writeCell).join(',')}\n`).join('');
}

function writeCell(cell: Cell): string {
  if (typeof cell !== 'string') return cell === null ? '' : String(cell);
  return `"${cell.replace(/^[=+\-@\t\r]/, "'$&").replaceAll('"', '""')}"`;
}
