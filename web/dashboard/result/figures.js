// Numbers of evidence in words, as the server's report words them (stagecast/report/figures.py): both say the same.

import { count } from "../parts/format.js";

export const UNKNOWN = "unknown";
const PERCENT = "\u00a0%"; // the number and its sign stay on one line
const MINUS = "\u2212";
const LEAST_CHANGE = 0.005; // half a percent: less is said to be none

/**
 * A share of 1: `0 %`, `99.7 %`; what is not quite all or nothing is never rounded to it.
 * @param {number | null | undefined} share
 */
export function wordShare(share) {
  if (share == null || !Number.isFinite(share)) return UNKNOWN;
  const percent = share * 100;
  if (percent === 0 || percent === 100 || (percent >= 1 && percent <= 99)) return `${Math.floor(percent + 0.5)}${PERCENT}`;
  if (percent > 99.9 && percent < 100) return `over 99.9${PERCENT}`;
  if (percent > 0 && percent < 0.1) return `less than 0.1${PERCENT}`;
  return `${percent.toFixed(1)}${PERCENT}`;
}

/**
 * How often something happens by chance, as exactly as it takes to tell it from the limit.
 * @param {number} chance
 * @param {number} limit
 */
export function wordChance(chance, limit) {
  const worded = wordShare(chance);
  return worded === wordShare(limit) && chance !== limit ? `${(chance * 100).toFixed(1)}${PERCENT}` : worded;
}

/**
 * A mean of counts: `58`, `3.1`
 * @param {number | null | undefined} mean
 */
export function wordMean(mean) {
  if (mean == null || !Number.isFinite(mean)) return UNKNOWN;
  return mean >= 10 || Number.isInteger(mean) ? count(Math.round(mean)) : mean.toFixed(1);
}

/**
 * The way from one amount to another: `+8 %`, `the same`; empty where there is no telling.
 * @param {number | null | undefined} before
 * @param {number | null | undefined} after
 */
export function wordChange(before, after) {
  if (before == null || after == null || !Number.isFinite(before) || !Number.isFinite(after)) return "";
  if (before === after) return "the same";
  if (before <= 0) return "";
  const change = after / before - 1;
  if (Math.abs(change) < LEAST_CHANGE) return "about the same";
  return `${change > 0 ? "+" : MINUS}${count(Math.round(Math.abs(change) * 100))}${PERCENT}`;
}

/**
 * The way from one share to another: `+8 points`, `the same`
 * @param {number} before
 * @param {number} after
 */
export function wordPoints(before, after) {
  const points = Math.round((fraction(after) - fraction(before)) * 100);
  if (points === 0) return "the same";
  return `${points > 0 ? "+" : MINUS}${count(Math.abs(points))} ${Math.abs(points) === 1 ? "point" : "points"}`;
}

/**
 * A part of a whole as a number from 0 to 1, whatever is given: the length of a bar.
 * @param {number | null | undefined} part
 * @param {number} [whole]
 */
export function fraction(part, whole = 1) {
  if (part == null || !Number.isFinite(part) || !Number.isFinite(whole) || whole <= 0) return 0;
  return Math.min(1, Math.max(0, part / whole));
}
