// Characters that cannot be seen, or that turn the direction of writing: who copies a text should know of them.

// The list is that of the server's report (stagecast/report/foreign.py). Joiners stay: scripts and emoji need them.
const UNSEEN =
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\u{e0000}-\u{e007f}]/gu;
const MOST_NAMED = 5;

/**
 * Name the unseen characters of a text, each once, like `U+202E`; of many only the first.
 * @param {string} text
 * @returns {string[]}
 */
export function unseenIn(text) {
  const names = new Set();
  for (const [character] of text.replaceAll("\r\n", "\n").matchAll(UNSEEN)) {
    names.add(`U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`);
    if (names.size === MOST_NAMED) break;
  }
  return [...names];
}
