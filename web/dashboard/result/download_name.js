// The names that downloads of a saved result have.

/** @typedef {"json" | "md" | "html"} Format */

export const MEDIA_TYPES = { json: "application/json", md: "text/markdown", html: "text/html" };

/**
 * @param {string} filename of the saved result, which ends in `.json`
 * @param {Format} format
 */
export function downloadName(filename, format) {
  return `${filename.replace(/\.json$/, "")}.${format}`;
}
