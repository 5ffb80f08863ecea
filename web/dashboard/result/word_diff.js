// Two texts, word by word: what both have, and what only one of them has. How it looks is diff_view.js's.

import { diffWordsWithSpace } from "diff/lib/diff/word.js";

/** @import { DiffPart } from "../../client/wire.d.ts" */

/** @typedef {{value: string, added?: boolean, removed?: boolean}} Found */

const MOST_CHARACTERS = 200_000; // of both together
const PATIENCE_MS = 400; // the page stands still meanwhile

/**
 * @param {string} before
 * @param {string} after
 * @returns {DiffPart[] | null} null where they are too long or too different to be compared word by word
 */
export function wordDiff(before, after) {
  if (before === after) return before === "" ? [] : [{ kind: "equal", text: before, change: null }];
  if (before.length + after.length > MOST_CHARACTERS) return null;
  const found = diffWordsWithSpace(before, after, { timeout: PATIENCE_MS });
  return found === undefined ? null : numbered(merged(found));
}

/**
 * Take a blank, or one short word, that stands between two changes into both: a rewritten sentence is one change to a
 * reader, and not one for each run of words that happen to be new. Placeholders stay as they are.
 * @param {Found[]} found
 */
function merged(found) {
  /** @type {Found[]} */
  const made = [];
  let [removed, added] = ["", ""];
  const flush = () => {
    if (removed !== "") made.push({ value: removed, removed: true });
    if (added !== "") made.push({ value: added, added: true });
    [removed, added] = ["", ""];
  };
  found.forEach((part, place) => {
    const isEqual = !part.added && !part.removed;
    const isTaken = isEqual && isNegligible(part.value, Math.max(removed.length, added.length), lengthOfChange(found, place + 1));
    if (isEqual && !isTaken) {
      flush();
      made.push(part);
      return;
    }
    if (!part.added) removed += part.value;
    if (!part.removed) added += part.value;
  });
  flush();
  return made;
}

/**
 * Tell whether what both have is too little to tell two changes of these lengths apart.
 * @param {string} text
 * @param {number} before
 * @param {number} after
 */
function isNegligible(text, before, after) {
  if (before === 0 || after === 0) return false;
  return /^[ \t]+$/.test(text) || (/^[ \t]*[^\s{}<>$]+[ \t]*$/.test(text) && text.length <= Math.min(before, after));
}

/** @param {Found[]} found @param {number} place where the change begins */
function lengthOfChange(found, place) {
  let longest = 0;
  for (let at = place; found[at]?.added || found[at]?.removed; at++) longest = Math.max(longest, found[at]?.value.length ?? 0);
  return longest;
}

/**
 * Number the changes: what is taken out and what is put in at the same place is one.
 * @param {Found[]} found
 * @returns {DiffPart[]}
 */
function numbered(found) {
  let change = 0;
  let isInChange = false;
  return found.map(({ value, added, removed }) => {
    const isEqual = !added && !removed;
    if (!isEqual && !isInChange) change += 1;
    isInChange = !isEqual;
    return { kind: added ? "insert" : removed ? "delete" : "equal", text: value, change: isEqual ? null : change };
  });
}

/**
 * The parts of each of both texts, for side by side.
 * @param {DiffPart[]} parts
 */
export function sides(parts) {
  return { before: parts.filter(({ kind }) => kind !== "insert"), after: parts.filter(({ kind }) => kind !== "delete") };
}

/** @param {DiffPart[]} parts */
export function joined(parts) {
  return parts.map(({ text }) => text).join("");
}

/**
 * Tell whether parts are a diff of these two texts: what a file says is shown only where it is true.
 * @param {DiffPart[]} parts
 * @param {string} before
 * @param {string} after
 */
export function isDiffOf(parts, before, after) {
  const both = sides(parts);
  return joined(both.before) === before && joined(both.after) === after;
}

/** How many changes there are. @param {DiffPart[]} parts */
export function changeCount(parts) {
  return new Set(parts.filter(({ kind }) => kind !== "equal").map(({ change }, place) => change ?? `at ${place}`)).size;
}
