// A table as CSV by RFC 4180, safe to open in a spreadsheet.

/** Text, a number, or null for an empty cell. */
export type Cell = string | number | null;

/** Spreadsheets take a text that begins with one of these for a formula, which an untrusted name must not become. */
const FORMULA = /^[=+\-@\t\r]/;
/** Tells spreadsheets that the file is UTF-8; readers of data skip it. */
const BYTE_ORDER_MARK = "\ufeff";

/** A text that looks like a formula gets an apostrophe before it, which spreadsheets show as text; numbers stay numbers. */
export function toCsv(rows: readonly (readonly Cell[])[]): string {
  return BYTE_ORDER_MARK + rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function cell(value: Cell): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
