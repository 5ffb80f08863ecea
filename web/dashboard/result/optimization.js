// Tells whether an output is an optimization, and reads it: results come from anywhere, so each field is looked at.
// What is left out takes the default that contracts/evidence.py gives it; what is odd makes it no optimization.

/** @import { Optimization } from "../../client/wire.d.ts" */

/** @typedef {(value: unknown) => any} Reader gives what is read, or throws Odd */

class Odd extends Error {}

/**
 * @param {unknown} output of a pipeline
 * @returns {Optimization | null} null where it is something else
 */
export function optimizationOf(output) {
  try {
    return OPTIMIZATION(output);
  } catch (error) {
    if (error instanceof Odd) return null;
    throw error;
  }
}

/** @type {Reader} */
const text = (value) => (typeof value === "string" ? value : odd());
/** @type {Reader} */
const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : odd());
/** @type {Reader} */
const truth = (value) => (typeof value === "boolean" ? value : odd());
/** @param {string[]} names @returns {Reader} */
const one = (...names) => (value) => (names.includes(/** @type {string} */ (value)) ? value : odd());
/** @param {Reader} read @param {unknown} [otherwise] @returns {Reader} */
const maybe = (read, otherwise = null) => (value) => (value == null ? otherwise : read(value));
/** @param {Reader} read @returns {Reader} */
const list = (read) => (value) => (value == null ? [] : Array.isArray(value) ? value.map(read) : odd());
/** @type {Reader} */
const texts = (value) => Object.fromEntries(Object.entries(value == null ? {} : object(value)).map(([key, entry]) => [key, text(entry)]));
/** @param {Record<string, Reader>} fields @returns {Reader} */
const record = (fields) => (value) => {
  const given = object(value);
  return Object.fromEntries(Object.entries(fields).map(([name, read]) => [name, read(given[name])]));
};

/** @param {unknown} value @returns {Record<string, unknown>} */
function object(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? /** @type {any} */ (value) : odd();
}

/** @returns {never} */
function odd() {
  throw new Odd();
}

const zero = maybe(number, 0);
const VERDICT = one("improved", "no_clear_change", "regressed", "too_few_cases");

const SIGN_TEST = record({
  wins: zero,
  ties: zero,
  losses: zero,
  pValue: maybe(number, 1),
  alpha: maybe(number, 0.05),
  leastPValue: maybe(number, 1),
  winShareLow: zero,
  winShareHigh: maybe(number, 1),
});

const COUNTS = record({ supplied: zero, drafted: zero, tuning: zero, heldOut: zero, heldOutTried: zero, untriedBecause: maybe(text) });

const CRITERION = record({ name: text, kind: one("check", "judge"), before: number, after: number });

const ANSWER = record({ text, score: maybe(number), outputTokens: zero, duration: zero, error: maybe(text) });

const CASE = record({
  number,
  split: one("tuning", "held_out"),
  source: one("supplied", "drafted"),
  values: texts,
  input: maybe(text, ""),
  expected: maybe(text),
  original: ANSWER,
  optimized: ANSWER,
  outcome: one("win", "tie", "loss"),
  decidedBy: one("checks", "judge", "same_answer", "failed_call"),
  why: text,
});

const JUDGE = record({ model: text, pairs: number, flips: number, flipRate: number, firstShare: number, longerShare: maybe(number) });

const USE = record({
  characters: number,
  inputTokens: maybe(number),
  outputTokens: maybe(number),
  costPer1000Calls: maybe(number),
  latency: maybe(number),
});

const CANDIDATE = record({
  strategy: text,
  fate: one("winner", "beaten", "rejected", "untested"),
  reason: text,
  prompt: maybe(text),
  model: maybe(text),
  wins: zero,
  ties: zero,
  losses: zero,
  score: maybe(number),
});

const SPENT = record({ calls: zero, inputTokens: zero, outputTokens: zero, cost: knownCost, duration: zero, stoppedBy: maybe(text) });

const EVIDENCE = record({
  verdict: VERDICT,
  reason: text,
  isOriginalDelivered: truth,
  winner: text,
  originalPrompt: text,
  bestPrompt: text,
  testedDigest: maybe(text),
  cases: (value) => COUNTS(value ?? {}),
  signTest: (value) => SIGN_TEST(value ?? {}),
  criteria: list(CRITERION),
  perCase: list(CASE),
  judge: maybe(JUDGE),
  originalUse: USE,
  optimizedUse: USE,
  diff: list(record({ kind: one("equal", "insert", "delete"), text, change: maybe(number) })),
  changes: list(record({ number, before: text, after: text, issue: maybe(text) })),
  candidates: list(CANDIDATE),
  refinement: maybe(text, ""),
  optimization: (value) => SPENT(value ?? {}),
  models: texts,
  seed: zero,
  cautions: list(text),
});

const OPTIMIZATION = record({ optimizedPrompt: text, verdict: VERDICT, reason: text, evidence: EVIDENCE });

/** Left out it is 0, null it is not known. @param {unknown} value */
function knownCost(value) {
  return value === undefined ? 0 : value === null ? null : number(value);
}
