// What stands in the fields of a form, and the options that it makes: only what differs from a default is sent. Pure.
// An entry is JSON itself, so that a draft can be kept; a field that nobody touched has none.

import { readEntry } from "./reading.js";
import { isSame } from "./schema.js";

/** @import { Field } from "./fields.js" */
/** @import { Entry, Reading, Ticks } from "./reading.js" */

/**
 * What a field shows for a value.
 * @param {Field} field
 * @param {unknown} value
 * @param {string} [source] where rows come from
 * @returns {Entry}
 */
export function entryOf(field, value, source = "") {
  switch (field.control) {
    case "boolean":
      return typeof value === "boolean" ? value : false;
    case "text":
      return typeof value === "string" ? value : value == null ? "" : asJson(value);
    case "number":
      return value == null ? "" : String(value);
    case "choice":
      return value === undefined ? "" : JSON.stringify(value);
    case "ticks":
      return ticksOf(field, value);
    case "rows":
      return Array.isArray(value) ? { rows: value, source } : { text: asJson(value) };
    case "lines":
      return isSame(value, []) && isSame(field.fallback, []) ? "" : linesOf(value);
    default:
      return asJson(value);
  }
}

/**
 * Whether what was typed will be sent.
 * @param {Field} field
 * @param {Entry | undefined} entry
 */
export function isChanged(field, entry) {
  if (entry === undefined) return false;
  const read = readEntry(field, entry);
  if ("fault" in read) return true;
  return "value" in read && (field.isRequired || !isSame(read.value, field.fallback));
}

/**
 * The options that the entries make, and what stands in the way, by field.
 * @param {Field[]} fields
 * @param {Record<string, Entry>} entries
 * @returns {{options: Record<string, unknown>, faults: Record<string, string>, missing: string[]}}
 *   `missing`: required and not given; worth a complaint only once one wants to run
 */
export function optionsOf(fields, entries) {
  /** @type {Record<string, unknown>} */
  const options = {};
  /** @type {Record<string, string>} */
  const faults = {};
  /** @type {string[]} */
  const missing = [];
  for (const field of fields) {
    const entry = entries[field.name];
    const read = entry === undefined ? initialReading(field) : readEntry(field, entry);
    if ("fault" in read) faults[field.name] = read.fault;
    else if ("value" in read) {
      if (field.isRequired || !isSame(read.value, field.fallback)) options[field.name] = read.value;
    } else if (field.isRequired) missing.push(field.name);
  }
  return { options, faults, missing };
}

/**
 * The entries for options that were sent before, and which of those have no field here.
 * @param {Field[]} fields
 * @param {Record<string, unknown>} options
 * @returns {{entries: Record<string, Entry>, unknown: string[]}}
 */
export function entriesOf(fields, options) {
  const byName = new Map(fields.map((field) => [field.name, field]));
  /** @type {Record<string, Entry>} */
  const entries = {};
  const unknown = [];
  for (const [name, value] of Object.entries(options)) {
    const field = byName.get(name);
    if (field === undefined) unknown.push(name);
    else if (field.isRequired || !isSame(value, field.fallback)) entries[name] = entryOf(field, value);
  }
  return { entries, unknown };
}

/** @param {unknown} value */
export function asJson(value) {
  return value === undefined ? "" : JSON.stringify(value, null, 2);
}

/**
 * An untouched field says nothing, except a tick box: it has no third state.
 * @param {Field} field
 * @returns {Reading}
 */
function initialReading(field) {
  return field.isRequired && field.control === "boolean" ? { value: false } : {};
}

/**
 * @param {Field} field
 * @param {unknown} value
 * @returns {Ticks}
 */
function ticksOf(field, value) {
  if (value === undefined) return { ticked: [], more: "" };
  if (!Array.isArray(value)) return { ticked: [], more: asJson(value) };
  const isChoice = (/** @type {unknown} */ item) => field.choices.some((choice) => isSame(choice, item));
  const end = value.findIndex((item) => !isChoice(item));
  if (end === -1) return { ticked: value, more: "" };
  return { ticked: value.slice(0, end), more: asJson(value.slice(end)) };
}

/**
 * @param {unknown} value
 * @returns {string}
 */
function linesOf(value) {
  const isPlain =
    Array.isArray(value) &&
    value.every((line) => typeof line === "string" && line.trim() !== "" && !/[\r\n]/.test(line)) &&
    value.length > 0 &&
    !value[0].trimStart().startsWith("[");
  return isPlain ? /** @type {string[]} */ (value).join("\n") : asJson(value);
}
