// What a JSON Schema says about a value, as far as a form asks. References are followed; nothing is validated here.

/** @typedef {Record<string, unknown>} Schema */

const DEEPEST = 32; // a reference may lead back to itself
const OR_NULL = "x-stagecast-or-null"; // how a flat schema says that it was one of two ways, the other being null

/**
 * Return a schema without `$ref`, and without the ways around a single alternative (`allOf` of one, `anyOf` with null).
 * @param {unknown} schema
 * @param {Record<string, unknown>} defs the pipeline's `$defs`
 * @returns {Schema}
 */
export function flatten(schema, defs) {
  let flat = isObject(schema) ? schema : {};
  const known = isObject(flat.$defs) ? { ...defs, ...flat.$defs } : defs;
  for (let depth = 0; depth < DEEPEST; depth += 1) {
    const { $ref, ...own } = flat;
    if (typeof $ref === "string") {
      flat = { ...target($ref, known), ...own };
      continue;
    }
    const [single, keyword] = onlyOne(flat);
    if (single === undefined) return flat;
    const { [keyword]: _, ...rest } = flat;
    flat = keyword === "allOf" ? { ...single, ...rest } : { ...single, ...rest, [OR_NULL]: true };
  }
  return {};
}

/** Whether null is among what a flat schema takes beside other kinds. @param {Schema} flat */
export function takesNull(flat) {
  return flat[OR_NULL] === true || (Array.isArray(flat.type) && flat.type.includes("null"));
}

/**
 * The kinds of JSON that a flat schema takes; all where it does not say.
 * @param {Schema} flat
 * @returns {string[]} without `null`
 */
export function kindsOf(flat) {
  const { type } = flat;
  if (typeof type === "string") return [type];
  if (Array.isArray(type)) return type.filter((kind) => typeof kind === "string" && kind !== "null");
  if (Array.isArray(flat.enum)) return [...new Set(flat.enum.map(kindOf))].filter((kind) => kind !== "null");
  if (Object.hasOwn(flat, "const")) return [kindOf(flat.const)];
  if (isObject(flat.properties)) return ["object"];
  return ["string", "number", "boolean", "array", "object"];
}

/**
 * The schemas of which one must hold.
 * @param {Schema} flat
 * @param {Record<string, unknown>} defs
 * @returns {Schema[]}
 */
export function alternatives(flat, defs) {
  const ways = flat.anyOf ?? flat.oneOf;
  return Array.isArray(ways) ? ways.map((way) => flatten(way, defs)) : [flat];
}

/** @param {unknown} value */
function kindOf(value) {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
export function isObject(value) {
  return kindOf(value) === "object";
}

/**
 * What a record has under a name itself: `constructor` is a name like any other.
 * @template T
 * @param {Readonly<Record<string, T>>} record
 * @param {string} name
 * @returns {T | undefined}
 */
export function own(record, name) {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/**
 * Whether two JSON values are the same; the order of an object's keys says nothing.
 * @param {unknown} one
 * @param {unknown} other
 * @returns {boolean}
 */
export function isSame(one, other) {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, index) => isSame(item, other[index]));
  }
  if (!isObject(one) || !isObject(other)) return false;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => Object.hasOwn(other, key) && isSame(one[key], other[key]));
}

/**
 * @param {string} reference like `#/$defs/case`
 * @param {Record<string, unknown>} defs
 * @returns {Schema}
 */
function target(reference, defs) {
  const [root, ...parts] = reference.split("/");
  if (root !== "#") return {};
  /** @type {unknown} */
  let found = { $defs: defs };
  for (const part of parts) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    found = isObject(found) && Object.hasOwn(found, name) ? found[name] : Array.isArray(found) ? found[Number(name)] : undefined;
  }
  return isObject(found) ? found : {};
}

/**
 * @param {Schema} flat
 * @returns {[Schema | undefined, string]}
 */
function onlyOne(flat) {
  for (const keyword of ["allOf", "anyOf", "oneOf"]) {
    const ways = flat[keyword];
    if (!Array.isArray(ways)) continue;
    const real = ways.filter((way) => isObject(way) && way.type !== "null");
    if (real.length === 1 && (keyword !== "allOf" || ways.length === 1)) return [real[0], keyword];
  }
  return [undefined, ""];
}
