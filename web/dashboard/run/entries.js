// What stands in the fields of a form, and the options that it makes: only what differs from a default is sent. Pure.
// An entry is JSON itself, so that a draft can be kept; a field that nobody touched has none.

import { readEntry } from "./reading.js";
import { isSame, own } from "./schema.js";

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
      return rowsOf(field, value, source);
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
  if ("fault" in read || "isWaiting" in read) return true;
  return "value" in read && (field.isRequired || !isSame(read.value, field.fallback));
}

/**
 * The options that the entries make, and what stands in the way, by field.
 * @param {Field[]} fields
 * @param {Record<string, Entry>} entries
 * @returns {{options: Record<string, unknown>, faults: Record<string, string>, missing: string[], waiting: string[]}}
 *   `missing`: required and not given; worth a complaint only once one wants to run. `waiting`: the gateway has yet to read them
 */
export function optionsOf(fields, entries) {
  /** @type {Map<string, unknown>} */
  const options = new Map();
  /** @type {Map<string, string>} */
  const faults = new Map();
  /** @type {string[]} */
  const missing = [];
  /** @type {string[]} */
  const waiting = [];
  for (const field of fields) {
    const { name } = field;
    const entry = own(entries, name);
    const read = entry === undefined ? initialReading(field) : readEntry(field, entry);
    if ("fault" in read) faults.set(name, read.fault);
    else if ("isWaiting" in read) waiting.push(name);
    else if ("value" in read) {
      if (field.isRequired || !isSame(read.value, field.fallback)) options.set(name, read.value);
    } else if (field.isRequired) missing.push(name);
  }
  return { options: Object.fromEntries(options), faults: Object.fromEntries(faults), missing, waiting };
}

/**
 * The entries for options that were sent before, and which of those have no field here.
 * @param {Field[]} fields
 * @param {Record<string, unknown>} options
 * @returns {{entries: Record<string, Entry>, unknown: string[]}}
 */
export function entriesOf(fields, options) {
  const byName = new Map(fields.map((field) => [field.name, field]));
  /** @type {Map<string, Entry>} */
  const entries = new Map();
  const unknown = [];
  for (const [name, value] of Object.entries(options)) {
    const field = byName.get(name);
    if (field === undefined) unknown.push(name);
    else if (field.isRequired || !isSame(value, field.fallback)) entries.set(name, entryOf(field, value));
  }
  return { entries: Object.fromEntries(entries), unknown };
}

/** @param {unknown} value */
export function asJson(value) {
  return value === undefined ? "" : JSON.stringify(value, null, 2);
}

/**
 * An untouched field says nothing, except a tick box, which has no third state, and a choice of one, which is none.
 * @param {Field} field
 * @returns {Reading}
 */
function initialReading({ isRequired, control, choices }) {
  if (!isRequired) return {};
  if (control === "choice" && choices.length === 1) return { value: choices[0] };
  return control === "boolean" ? { value: false } : {};
}

/**
 * What a field shows that nobody touched.
 * @param {Field} field
 * @returns {Entry}
 */
export function initialEntry(field) {
  const read = initialReading(field);
  return entryOf(field, "value" in read ? read.value : field.fallback, "the default");
}

/**
 * No list leaves room for one, unless it is the very one that was given where one must be.
 * @param {Field} field
 * @param {unknown} value
 * @param {string} source
 * @returns {Entry}
 */
function rowsOf({ isRequired }, value, source) {
  if (value == null) return { rows: [], source: "" };
  const isTable = Array.isArray(value) && !(isRequired && value.length === 0);
  return isTable ? { rows: value, source } : { text: asJson(value) };
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
