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
  const all = new Set(rows.slice(0, LOOKED_AT).flatMap((row) => (isObject(row) ? Object.keys(row) : [])));
  const columns = [...all].slice(0, MOST_COLUMNS);
  const cells = rows.slice(0, MOST_ROWS).map((row) => {
    const known = isObject(row) ? row : {};
    return columns.length === 0 ? [cell(row)] : columns.map((column) => (Object.hasOwn(known, column) ? cell(known[column]) : ""));
  });
  return { columns, more: all.size - columns.length, cells };
}

/** @param {unknown} value */
function cell(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > LONGEST_CELL ? `${text.slice(0, LONGEST_CELL)}…` : text;
}
