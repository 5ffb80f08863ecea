// What an estimate says to who is about to run: in words, and whether to ask first. Pure; the numbers are the gateway's.

import { cost, costRange, count, countRange, duration } from "../parts/format.js";

/** @import { Budget, Estimate } from "../../client/wire.d.ts" */

const ASK_ABOVE_USD = 0.01; // as the command line

/**
 * Whether a run may cost more than a cent, or nobody knows what.
 * @param {Pick<Estimate, "cost">} estimate
 */
export function isWorthAsking(estimate) {
  return estimate.cost === null || estimate.cost.high > ASK_ABOVE_USD;
}

/**
 * What is expected, in a few words: `About 107 calls, $0.12`
 * @param {Pick<Estimate, "calls" | "cost">} estimate
 */
export function expected({ calls, cost: range }) {
  const most = range === null ? "cost unknown" : range.high === 0 ? "free" : cost(range.expected);
  return `${calls.low === calls.high ? "" : "About "}${count(calls.expected)} ${calls.expected === 1 ? "call" : "calls"}, ${most}`;
}

/**
 * The question before a run that costs something.
 * @param {Estimate} estimate
 */
export function question(estimate) {
  const { calls, cost: range } = estimate;
  if (range === null) return `Nobody knows what this run will cost: the price of a model is not known. It may make ${countRange(calls)} calls.`;
  return `This run is expected to cost ${cost(range.expected)} with ${count(calls.expected)} model calls, at most ${cost(range.high)}.`;
}

/**
 * The rows of the estimate as a whole.
 * @param {Estimate} estimate
 * @returns {{label: string, value: string}[]}
 */
export function figures(estimate) {
  return [
    { label: "Model calls", value: countRange(estimate.calls) },
    { label: "Tokens read", value: countRange(estimate.inputTokens) },
    { label: "Tokens written", value: countRange(estimate.outputTokens) },
    { label: "Cost", value: estimate.cost === null ? "unknown: a model has no known price" : costRange(estimate.cost) },
  ];
}

/**
 * What ends a run before its most, in a sentence; empty where nothing does.
 * @param {Pick<Estimate, "calls" | "cost" | "budget" | "limitedByBudget" | "isComplete">} estimate
 */
export function limit(estimate) {
  const { budget, calls, cost: range } = estimate;
  const reached = [];
  if (budget?.calls != null && calls.high > budget.calls) reached.push(`${count(budget.calls)} calls`);
  if (budget?.usd != null && range !== null && range.high > budget.usd) reached.push(cost(budget.usd));
  const open = estimate.isComplete ? "" : "Some calls cannot be foreseen: it may be more. ";
  if (!estimate.limitedByBudget) return open.trim();
  return `${open}${reached.length > 0 ? `The budget ends it at ${reached.join(" and ")}.` : "The budgets of its stages end it before."}`;
}

/**
 * `$0.75, 400 calls, 30 min`; empty without any limit
 * @param {Budget | null} budget
 */
export function budgetInWords(budget) {
  const limits = [
    budget?.usd == null ? "" : cost(budget.usd),
    budget?.calls == null ? "" : `${count(budget.calls)} calls`,
    budget?.seconds == null ? "" : duration(budget.seconds * 1000).replace(/ 00 (s|min)$/, ""),
  ];
  return limits.filter((limit) => limit !== "").join(", ");
}
