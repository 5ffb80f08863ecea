// Text that JSON can carry: half of a character that two make up, as a text that was cut leaves it, becomes U+FFFD. Pure.

const HALF = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/**
 * Replace lone surrogates in all texts of a JSON value.
 * @template T
 * @param {T} value
 * @returns {T}
 */
export function wellFormed(value) {
  return /** @type {T} */ (mended(value));
}

/** @param {unknown} value @returns {unknown} */
function mended(value) {
  if (typeof value === "string") return value.replace(HALF, "\ufffd");
  if (Array.isArray(value)) return value.map(mended);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [mended(name), mended(inner)]));
}
