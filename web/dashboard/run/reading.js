// What stands in one field, read: the value that it means, or why it is none. Pure; whole forms are in entries.js.

/** @import { Field } from "./fields.js" */

/**
 * @typedef {{ticked: unknown[], more: string}} Ticks
 * @typedef {object} Table rows that were brought along
 * @property {unknown[]} rows
 * @property {string} source where they come from
 * @property {string} [pasted] what stands in the box for pasting: the source of the rows if it `isRead`, else of those to come
 * @property {boolean} [isRead]
 * @property {string} [fault] why it could not be read
 * @typedef {Table | {text: string}} Rows a table, or edited as JSON
 * @typedef {string | boolean | Ticks | Rows} Entry texts, numbers, lines, JSON and choices (as JSON) are strings
 * @typedef {{value: unknown} | {fault: string} | {isWaiting: true} | {}} Reading `isWaiting`: the gateway has yet to read it;
 *   none of these: the field says nothing
 */

/**
 * What an entry says: a value, nothing, or why it is none.
 * @param {Field} field
 * @param {Entry} entry
 * @returns {Reading}
 */
export function readEntry(field, entry) {
  if (typeof entry === "boolean") return { value: entry };
  if (typeof entry !== "string") return "ticked" in entry ? readTicks(field, entry) : readRows(field, entry);
  if (field.control === "text") return readText(field, entry);
  if (entry.trim() === "") return {};
  if (field.control === "number") return readNumber(field, entry);
  if (field.control === "lines" && !entry.trimStart().startsWith("[")) {
    return checkedItems(field, entry.split(/\r?\n/).filter((line) => line.trim() !== ""));
  }
  const read = readJson(entry);
  return field.control === "lines" && "value" in read && Array.isArray(read.value) ? checkedItems(field, read.value) : read;
}

/**
 * Read JSON as it is typed.
 * @param {string} text
 * @returns {{value: unknown} | {fault: string}}
 */
function readJson(text) {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^JSON\.parse: /, "") : String(error);
    return { fault: `This is not valid JSON: ${why}.` };
  }
}

/**
 * @param {Field} field
 * @param {string} text
 * @returns {Reading}
 */
function readText(field, text) {
  if (text === "" && (field.isRequired || field.fallback == null)) return {};
  const { least, most } = field.bounds;
  const length = characters(text);
  if (most !== undefined && length > most) return { fault: `At most ${most} characters; these are ${length}.` };
  if (least !== undefined && length < least) return { fault: least === 1 ? "This may not be empty." : `At least ${least} characters.` };
  return { value: text };
}

/**
 * @param {Field} field
 * @param {string} text
 * @returns {Reading}
 */
function readNumber(field, text) {
  const { least, most, above, below } = field.bounds;
  const value = Number(text);
  if (!Number.isFinite(value)) return { fault: "This is not a number." };
  if (field.isInteger && !Number.isInteger(value)) return { fault: "This must be a whole number." };
  if (least !== undefined && value < least) return { fault: `At least ${least}.` };
  if (most !== undefined && value > most) return { fault: `At most ${most}.` };
  if (above !== undefined && value <= above) return { fault: `More than ${above}.` };
  if (below !== undefined && value >= below) return { fault: `Less than ${below}.` };
  return { value };
}

/**
 * @param {Field} field
 * @param {Ticks} ticks
 * @returns {Reading}
 */
function readTicks(field, { ticked, more }) {
  if (more.trim() === "") return checkedItems(field, ticked);
  const read = readJson(more);
  if ("fault" in read) return read;
  return checkedItems(field, [...ticked, ...(Array.isArray(read.value) ? read.value : [read.value])]);
}

/**
 * @param {Field} field
 * @param {Rows} rows
 * @returns {Reading}
 */
function readRows(field, rows) {
  if ("rows" in rows) {
    if (isUnread(rows)) return rows.fault ? { fault: rows.fault } : { isWaiting: true };
    return field.isRequired && rows.rows.length === 0 ? {} : checkedItems(field, rows.rows);
  }
  if (rows.text.trim() === "") return {};
  const read = readJson(rows.text);
  if ("fault" in read) return read;
  return Array.isArray(read.value) ? checkedItems(field, read.value) : { fault: "This must be a list, like [{…}, {…}]." };
}

/** Whether something was pasted that is not among the rows. @param {Table} table */
export function isUnread({ pasted = "", isRead = false }) {
  return !isRead && pasted.trim() !== "";
}

/**
 * @param {Field} field
 * @param {unknown[]} items
 * @returns {Reading}
 */
function checkedItems({ bounds: { least, most } }, items) {
  if (least !== undefined && items.length < least) return { fault: `At least ${least}; ${are(items.length)}.` };
  if (most !== undefined && items.length > most) return { fault: `At most ${most}; ${are(items.length)}.` };
  return { value: items };
}

/** @param {number} number */
function are(number) {
  if (number === 0) return "there is none";
  return number === 1 ? "there is one" : `there are ${number}`;
}

/**
 * As the gateway counts: an emoji is one, not two.
 * @param {string} text
 */
export function characters(text) {
  let number = 0;
  for (const _ of text) number += 1;
  return number;
}
