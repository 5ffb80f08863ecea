// Original against optimized, as rows to be drawn: use, criteria, cases, the judge, candidates. The words and the order
// are those of the server's report (stagecast/report/comparison.py).

import { cost, count, counted, duration } from "../parts/format.js";
import { fraction, UNKNOWN, wordChange, wordMean, wordPoints, wordShare } from "./figures.js";
import { isCompared } from "./verdict.js";

/** @import { CandidateEvidence, CaseEvidence, Evidence, JudgeEvidence } from "../../client/wire.d.ts" */
/** @typedef {import("../../client/wire.d.ts").CaseEvidence["outcome"]} Outcome */

/**
 * @typedef {{label: string, before: string, beforePart: number, after: string, afterPart: number, change: string}} Pair
 *   one measure of both prompts; parts are the lengths of bars, from 0 to 1
 * @typedef {{label: string, share: string, part: number | null, fair: number, means: string}} Trust
 *   one sign of how far the judge can be trusted; `fair` is where a judge without this fault is
 */

export const OUTCOMES = /** @type {const} */ ({
  loss: { word: "lost", sign: "▼" },
  tie: { word: "tied", sign: "=" },
  win: { word: "won", sign: "▲" },
});
export const FATES = /** @type {const} */ ({
  winner: { word: "best", sign: "▲" },
  beaten: { word: "beaten", sign: "▼" },
  rejected: { word: "rejected", sign: "✕" },
  untested: { word: "not tested", sign: "·" },
});
export const DECIDED = {
  checks: "Decided by the checks",
  judge: "Decided by the judge",
  same_answer: "Both answers are the same",
  failed_call: "A call failed",
};
const OUTCOME_ORDER = ["loss", "tie", "win"];
const FATE_ORDER = ["winner", "beaten", "rejected", "untested"];

/** What a reader in a hurry wants to know besides the verdict. @param {Evidence} evidence */
export function glance(evidence) {
  const rows = evidence.isOriginalDelivered ? [] : useRows(evidence).slice(0, 2);
  const spent = evidence.optimization;
  return [
    ...rows.map((row) => ({ label: row.label, value: both(row), note: row.change })),
    { label: "This optimization cost", value: cost(spent.cost), note: counted(spent.calls, "model call") },
    { label: "It took", value: duration(spent.duration), note: spent.stoppedBy ? "stopped early" : "" },
  ];
}

/** What using either prompt takes, measure by measure. @param {Evidence} evidence @returns {Pair[]} */
export function useRows({ originalUse: old, optimizedUse: next }) {
  return [
    pair("Cost of 1,000 calls", old.costPer1000Calls, next.costPer1000Calls, cost),
    pair("Time of a call, median", old.latency, next.latency, duration),
    pair("Tokens read a call, mean", old.inputTokens, next.inputTokens, wordMean),
    pair("Tokens written a call, mean", old.outputTokens, next.outputTokens, wordMean),
    pair("Characters of the prompt", old.characters, next.characters, wordMean),
  ];
}

/** The score of each criterion before and after. @param {Evidence} evidence @returns {Pair[]} */
export function criterionRows({ criteria }) {
  return criteria.map(({ name, before, after }) => ({
    label: name,
    before: wordShare(before),
    beforePart: fraction(before),
    after: wordShare(after),
    afterPart: fraction(after),
    change: wordPoints(before, after),
  }));
}

/** Whether there is a number on either side. @param {Pair} row */
export function isKnown({ before, after }) {
  return before !== UNKNOWN || after !== UNKNOWN;
}

/** Both values on one line; `unknown` once. @param {Pair} row */
export function both(row) {
  return isKnown(row) ? `${row.before} → ${row.after}` : UNKNOWN;
}

/**
 * The cases of one split, losses first, then ties, then wins, each by number.
 * @param {Evidence} evidence
 * @param {CaseEvidence["split"]} split
 */
export function casesOf({ perCase }, split) {
  return perCase
    .filter((each) => each.split === split)
    .sort((a, b) => OUTCOME_ORDER.indexOf(a.outcome) - OUTCOME_ORDER.indexOf(b.outcome) || a.number - b.number);
}

/** How many came out how. @param {CaseEvidence[]} cases @returns {Record<Outcome, number>} */
export function tally(cases) {
  const found = { win: 0, tie: 0, loss: 0 };
  for (const { outcome } of cases) found[outcome] += 1;
  return found;
}

/** The best one first, then those that were beaten, then the others. @param {Evidence} evidence */
export function candidatesOf({ candidates }) {
  return [...candidates].sort((a, b) => FATE_ORDER.indexOf(a.fate) - FATE_ORDER.indexOf(b.fate));
}

/**
 * How a candidate did on the tuning cases; empty when it was not run on them.
 * @param {CandidateEvidence} candidate
 */
export function wordTuning({ wins, ties, losses, score }) {
  if (wins + ties + losses === 0) return "";
  const counts = `won ${wins}, tied ${ties}, lost ${losses}`;
  return score === null ? counts : `${counts}; checks passed ${wordShare(score)}`;
}

/** The signs of how far a judge can be trusted. @param {JudgeEvidence} judge @returns {Trust[]} */
export function trusts({ flips, pairs, flipRate, firstShare, longerShare }) {
  return [
    {
      label: "Changed its mind with the order",
      share: wordShare(flipRate),
      part: fraction(flipRate),
      fair: 0,
      means:
        `In ${count(flips)} of ${counted(pairs, "pair")}; these count as ties. 0\u00a0% is best,` +
        " and a judge that always prefers the first answer has 100\u00a0%.",
    },
    {
      label: "Preferred the answer shown first",
      share: wordShare(firstShare),
      part: fraction(firstShare),
      fair: 0.5,
      means: "50\u00a0% is even-handed. A preference for a position makes ties, never wins.",
    },
    {
      label: "Preferred the longer answer",
      share: wordShare(longerShare),
      part: longerShare === null ? null : fraction(longerShare),
      fair: 0.5,
      means: "Of the pairs that it decided. Near 50\u00a0% length played no part; far from it, look at the cases.",
    },
  ];
}

/** After how many calls a cheaper prompt has paid for its optimization; empty where unknown. @param {Evidence} evidence */
export function wordPayback(evidence) {
  const old = evidence.originalUse.costPer1000Calls;
  const next = evidence.optimizedUse.costPer1000Calls;
  const spent = evidence.optimization.cost;
  if (evidence.isOriginalDelivered || !isCompared(evidence) || old === null || next === null || !spent || !(old > next)) return "";
  const calls = Math.round((spent / (old - next)) * 1000);
  return `At what the optimized prompt saves, that is paid back after ${count(calls)} calls.`;
}

/**
 * @param {string} label
 * @param {number | null} before
 * @param {number | null} after
 * @param {(value: number | null) => string} word
 * @returns {Pair}
 */
function pair(label, before, after, word) {
  const most = Math.max(before ?? 0, after ?? 0);
  return {
    label,
    before: word(before),
    beforePart: fraction(before, most),
    after: word(after),
    afterPart: fraction(after, most),
    change: wordChange(before, after),
  };
}
