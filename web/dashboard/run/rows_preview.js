// The first rows of an option as a small table. Pure.

import { isObject } from "./schema.js";

const MOST_ROWS = 5;
const MOST_COLUMNS = 12;
const LOOKED_AT = 200; // rows of which the columns are taken
const LONGEST_CELL = 120; // characters

/**
 * @param {unknown[]} rows
 * @returns {{columns: string[], more: number, cells: string[][]}} `more`: columns that are not shown
 */
export function preview(rows) {
  const shown = rows.slice(0, LOOKED_AT).map(spread);
  const all = new Set(shown.flatMap((row) => (isObject(row) ? Object.keys(row) : [])));
  const columns = [...all].slice(0, MOST_COLUMNS);
  const cells = shown.slice(0, MOST_ROWS).map((row) => {
    const known = isObject(row) ? row : {};
    return columns.length === 0 ? [cell(row)] : columns.map((column) => (Object.hasOwn(known, column) ? cell(known[column]) : ""));
  });
  return { columns, more: all.size - columns.length, cells };
}

/** The values of placeholders are columns again, as they were in the file: `vars.topic`. @param {unknown} row */
function spread(row) {
  if (!isObject(row) || !isObject(row.vars)) return row;
  const { vars, ...others } = row;
  return { ...Object.fromEntries(Object.entries(vars).map(([name, value]) => [`vars.${name}`, value])), ...others };
}

/** @param {unknown} value */
function cell(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > LONGEST_CELL ? `${text.slice(0, LONGEST_CELL)}…` : text;
}
