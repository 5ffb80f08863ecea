// How a value is best read.

const LONG_TEXT = 80; // characters; from here on a text has a box of its own
const MOST_FIELDS = 40;
const MOST_TEXTS = 200;
const MOST_TEXT_CHARACTERS = 2_000; // of one text in a list

/**
 * @typedef {{kind: "none"} | {kind: "json"} | {kind: "text", text: string, isLong: boolean} | {kind: "texts", texts: string[]}
 *   | {kind: "fields", fields: {name: string, value: unknown}[]}} Shape
 */

/**
 * @param {unknown} value
 * @returns {Shape}
 */
export function shapeOf(value) {
  if (value == null) return { kind: "none" };
  if (typeof value === "string") return { kind: "text", text: value, isLong: value.length > LONG_TEXT || value.includes("\n") };
  if (Array.isArray(value)) {
    const isTexts = value.length > 0 && value.length <= MOST_TEXTS && value.every(isItem);
    return isTexts ? { kind: "texts", texts: value } : { kind: "json" };
  }
  if (typeof value !== "object") return { kind: "json" };
  const fields = Object.entries(value).map(([name, field]) => ({ name, value: field }));
  return fields.length > 0 && fields.length <= MOST_FIELDS ? { kind: "fields", fields } : { kind: "json" };
}

/** @param {unknown} item */
function isItem(item) {
  return typeof item === "string" && item.length <= MOST_TEXT_CHARACTERS;
}
