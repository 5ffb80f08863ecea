// The form that a pipeline's inputs ask for: which control each gets, and within which bounds. Pure; what is typed into
// it is in entries.js.

import { alternatives, flatten, isObject, kindsOf, takesNull } from "./schema.js";

/** @import { Schema } from "./schema.js" */
/** @import { PipelineView } from "../../client/wire.d.ts" */

const LONG_FROM = 200; // characters: more is written in several lines
const MOST_TICKS = 40;
const FORMATS = new Map([
  ["date", "A date like 2026-01-31."],
  ["time", "A time like 14:30:00Z."],
  ["date-time", "A date and time like 2026-01-31T14:30:00Z."],
  ["email", "An e-mail address."],
  ["uri", "An address like https://example.org/."],
  ["uuid", "A UUID."],
]);

/**
 * @typedef {"text" | "choice" | "number" | "boolean" | "ticks" | "rows" | "lines" | "json"} Control
 *
 * @typedef {object} Field
 * @property {string} name
 * @property {Control} control
 * @property {string} label for people
 * @property {string} about
 * @property {boolean} isRequired no default: it must be given
 * @property {unknown} [fallback] the default
 * @property {boolean} isLong a text of several lines
 * @property {boolean} isInteger
 * @property {unknown[]} choices of a choice, or of ticks
 * @property {boolean} takesMore ticks: also what is none of the choices
 * @property {Bounds} bounds
 * @property {string[]} rules what else its values must be, in sentences
 *
 * @typedef {object} Bounds inclusive; characters of texts, items of lists
 * @property {number} [least]
 * @property {number} [most]
 * @property {number} [above] exclusive
 * @property {number} [below] exclusive
 * @property {number | "any"} [step]
 */

/**
 * The form of a pipeline: its primary input, then the others in file order.
 * @param {Pick<PipelineView, "primary" | "inputs" | "$defs">} pipeline
 * @returns {{primary: Field, fields: Field[]}}
 */
export function formOf(pipeline) {
  const defs = pipeline.$defs ?? {};
  const fields = Object.entries(pipeline.inputs).map(([name, schema]) => fieldOf(name, schema, defs));
  const primary = fields.find(({ name }) => name === pipeline.primary) ?? fieldOf(pipeline.primary, { type: "string" }, defs);
  return { primary, fields: fields.filter(({ name }) => name !== pipeline.primary) };
}

/**
 * @param {string} name
 * @param {unknown} schema
 * @param {Record<string, unknown>} defs
 * @returns {Field}
 */
export function fieldOf(name, schema, defs) {
  const flat = flatten(schema, defs);
  const known = isObject(flat.$defs) ? { ...defs, ...flat.$defs } : defs;
  const [kind = "", ...others] = kindsOf(flat);
  const isMixed = others.length > 0;
  const choices = choicesOf(flat, known, isMixed ? "" : kind);
  const items = alternatives(flatten(flat.items ?? {}, known), known);
  return {
    name,
    label: typeof flat.title === "string" ? flat.title : labelOf(name),
    control: controlOf(flat, isMixed ? "" : kind, { choices, items }),
    about: typeof flat.description === "string" ? flat.description : "",
    isRequired: !Object.hasOwn(flat, "default"),
    fallback: flat.default,
    isLong: kind === "string" && isLong(flat),
    isInteger: kind === "integer",
    choices,
    takesMore: items.some((item) => !Array.isArray(item.enum)),
    bounds: boundsOf(flat, kind),
    rules: rulesOf(flat),
  };
}

/**
 * @param {Schema} flat
 * @param {string} kind
 * @param {{choices: unknown[], items: Schema[]}} parts
 * @returns {Control}
 */
function controlOf(flat, kind, { choices, items }) {
  if (Object.hasOwn(flat, "const")) return "choice";
  if (kind === "boolean") return takesNull(flat) ? "choice" : "boolean";
  if (kind === "array") {
    if (choices.length > 0) return choices.length <= MOST_TICKS ? "ticks" : "json";
    if (items.some((item) => kindsOf(item).includes("object"))) return "rows"; // what the gateway reads files into
    return items.every((item) => kindsOf(item).join() === "string") ? "lines" : "json";
  }
  if (Array.isArray(flat.enum)) return "choice";
  if (kind === "integer" || kind === "number") return "number";
  return kind === "string" ? "text" : "json";
}

/**
 * @param {Schema} flat
 * @param {Record<string, unknown>} defs
 * @param {string} kind
 * @returns {unknown[]}
 */
function choicesOf(flat, defs, kind) {
  if (Object.hasOwn(flat, "const")) return [flat.const];
  if (kind === "boolean" && takesNull(flat) && !Array.isArray(flat.enum)) return [true, false, null];
  if (kind !== "array") return Array.isArray(flat.enum) ? flat.enum : [];
  const item = flatten(flat.items ?? {}, defs);
  return alternatives(item, defs).flatMap((way) => (Array.isArray(way.enum) ? way.enum : []));
}

/** `max_held_out` is `Max held out` to people. @param {string} name */
function labelOf(name) {
  const words = name.replace(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What a value must be that no control can hold it to: told beforehand, not as an error. @param {Schema} flat */
function rulesOf({ pattern, format, multipleOf }) {
  const rules = [];
  if (typeof multipleOf === "number") rules.push(`A multiple of ${multipleOf}.`);
  if (typeof format === "string") rules.push(FORMATS.get(format) ?? `In the format ${format}.`);
  if (typeof pattern === "string") rules.push(`It must match ${pattern}`);
  return rules;
}

/** @param {Schema} flat */
function isLong(flat) {
  if (typeof flat.maxLength === "number") return flat.maxLength > LONG_FROM;
  return flat.pattern === undefined && flat.format === undefined;
}

/**
 * @param {Schema} flat
 * @param {string} kind
 * @returns {Bounds}
 */
function boundsOf(flat, kind) {
  if (kind === "string") return kept({ least: flat.minLength, most: flat.maxLength });
  if (kind === "array") return kept({ least: flat.minItems, most: flat.maxItems });
  if (kind !== "integer" && kind !== "number") return {};
  const bounds = kept({ least: flat.minimum, most: flat.maximum, above: flat.exclusiveMinimum, below: flat.exclusiveMaximum });
  return { ...bounds, step: stepOf(flat, kind, bounds) };
}

/**
 * How far an arrow key goes.
 * @param {Schema} flat
 * @param {string} kind
 * @param {Bounds} bounds
 */
function stepOf(flat, kind, { least, most, above, below }) {
  if (typeof flat.multipleOf === "number") return flat.multipleOf;
  if (kind === "integer") return 1;
  const range = (most ?? below ?? Infinity) - (least ?? above ?? 0);
  if (range <= 2) return 0.05;
  return range <= 20 ? 0.5 : "any";
}

/**
 * @param {Record<string, unknown>} bounds
 * @returns {Record<string, number>}
 */
function kept(bounds) {
  return Object.fromEntries(Object.entries(bounds).flatMap(([name, bound]) => (typeof bound === "number" ? [[name, bound]] : [])));
}
