// What is asked before an execution runs again, and how its refusal is worded. Pure; the numbers are the gateway's.

import { isWorthAsking, limit, question } from "../run/outlook.js";

/** @import { Estimate } from "../../client/wire.d.ts" */

/**
 * The question before a rerun; null where it costs next to nothing, and is not asked about.
 * @param {Estimate | null} estimate of a run from the beginning; null where it cannot be had
 * @param {boolean} isReusing whether results of the earlier run may be taken over
 */
export function rerunQuestion(estimate, isReusing) {
  if (estimate !== null && !isWorthAsking(estimate)) return null;
  const asked = estimate === null ? "What this run will cost cannot be told." : `${question(estimate)} ${limit(estimate)}`.trim();
  if (!isReusing) return asked;
  if (estimate === null || estimate.cost === null) return `${asked} Stages that are reused cost nothing.`;
  return `${asked} That is of a whole run: stages that are reused cost nothing, so it is at most that.`;
}

/**
 * Why it does not run again, in a sentence.
 * @param {unknown} error
 * @param {string} said the error as a sentence
 */
export function refusal(error, said) {
  const isGone = /** @type {{code?: string}} */ (error)?.code === "execution_not_found";
  return isGone ? "Its events are not kept any more, so it cannot be run again as it was. Run it again with changes." : said;
}
