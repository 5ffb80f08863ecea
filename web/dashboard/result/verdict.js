// What an optimization found, in sentences that take no statistics to understand: the words of the server's report
// (stagecast/report/verdict.py). How they look is verdict_card.js's.

import { counted } from "../parts/format.js";
import { fraction, wordChance, wordShare } from "./figures.js";

/** @import { Evidence, Optimization, SignTest } from "../../client/wire.d.ts" */
/** @typedef {import("../../client/wire.d.ts").CaseEvidence["outcome"]} Outcome */

const HEADLINES = {
  improved: "The optimized prompt is better",
  no_clear_change: "No clear change",
  regressed: "The best rewrite does worse",
  too_few_cases: "Too few test cases to tell",
};
const SYMBOLS = /** @type {const} */ ({ win: "▲", tie: "=", loss: "▼" });
const MOST_TILES = 30; // beyond, a tile on a phone is narrower than its symbol
const LEAST_LABELLED = 5; // percent of the width

/** Whether there was a rewrite to compare with the original on held-out cases. @param {Evidence} evidence */
export function isCompared(evidence) {
  return evidence.winner !== "original" && total(evidence.signTest) > 0;
}

/** How many cases a sign test is about. @param {SignTest} test */
export function total({ wins, ties, losses }) {
  return wins + ties + losses;
}

/** @param {Evidence} evidence */
export function headline({ verdict, isOriginalDelivered }) {
  return `${HEADLINES[verdict]}${isOriginalDelivered ? ": you get your original prompt back" : ""}.`;
}

/** Which prompt is handed back. @param {Evidence} evidence */
export function wordDelivered({ isOriginalDelivered, candidates }) {
  if (!isOriginalDelivered) return "This is the optimized prompt, letter for letter as it was tested.";
  const tried = candidates.length > 0 ? ` What was tried, ${counted(candidates.length, "rewrite")}, is listed below.` : "";
  return `This is your original prompt, letter for letter.${tried}`;
}

/** How the held-out cases came out. @param {Evidence} evidence */
export function wordCounts(evidence) {
  if (!isCompared(evidence)) return "No rewrite was compared with the original on held-out cases.";
  const { wins, ties, losses } = evidence.signTest;
  const subject = evidence.isOriginalDelivered ? "the best rewrite" : "the optimized prompt";
  const cases = counted(total(evidence.signTest), "held-out test case");
  return `On ${cases}, which no earlier step had seen, ${subject} won ${wins}, tied ${ties} and lost ${losses}.`;
}

/** What the sign test says about these counts; empty where nothing was compared. @param {Evidence} evidence */
export function wordSignTest(evidence) {
  if (!isCompared(evidence)) return "";
  const { wins, losses, alpha, pValue, leastPValue } = evidence.signTest;
  if (wins + losses === 0) return "Every case was a tie, so nothing speaks for either prompt.";
  const limit = wordShare(alpha);
  const chance = wordChance(pValue, alpha);
  if (chance === wordShare(1)) {
    return "If both prompts were equally good, chance alone would always split them so: this shows no difference.";
  }
  const said = `If both prompts were equally good, chance alone would split them at least so unevenly ${chance} of the time`;
  if (pValue < alpha) return `${said}. Below ${limit}, a difference counts as shown.`;
  if (leastPValue >= alpha) {
    return (
      `${said}. Only below ${limit} does a difference count as shown, and this many cases cannot get there even if` +
      ` one prompt wins them all; at least ${leastDecided(alpha)} decided cases are needed.`
    );
  }
  return `${said}. Only below ${limit} does a difference count as shown, so this shows none.`;
}

/** The 95 % interval of the share of wins. @param {SignTest} test */
export function wordInterval({ wins, losses, winShareLow, winShareHigh }) {
  const decided = wins + losses;
  return (
    `Of the ${counted(decided, "decided case")} the rewrite won ${wordShare(wins / Math.max(1, decided))}.` +
    ` For all cases like these the share lies between ${wordShare(winShareLow)} and ${wordShare(winShareHigh)} (95\u00a0% interval).`
  );
}

/** With how many decided cases, all won, a two-sided sign test first falls below `alpha`. @param {number} alpha */
export function leastDecided(alpha) {
  let count = 1;
  while (2 * 0.5 ** count >= alpha && count < 64) count += 1;
  return count;
}

/**
 * What weakens the evidence, a sentence each: what the optimizer says first.
 * @param {Evidence} evidence
 * @param {boolean | null} isDigestMatched
 */
export function cautions(evidence, isDigestMatched) {
  const { heldOut, heldOutTried, untriedBecause } = evidence.cases;
  const said = [...evidence.cautions];
  const missing = heldOut - heldOutTried;
  if (heldOutTried > 0 && missing > 0) {
    const because = (untriedBecause || "the optimization ended before").replace(/\.+$/, "");
    said.push(`${missing} of ${heldOut} held-out cases ${missing === 1 ? "was" : "were"} not compared: ${because}.`);
  }
  if (isDigestMatched === false) said.push("The digest of the delivered prompt is not that of the prompt that was tested.");
  return said;
}

/**
 * Tell whether the delivered prompt is, byte for byte, the one that was tested; null where that cannot be told.
 * @param {Optimization} optimization
 * @returns {Promise<boolean | null>}
 */
export async function matchDigest({ optimizedPrompt, evidence: { testedDigest, isOriginalDelivered } }) {
  const digest = globalThis.crypto?.subtle; // browsers have it only on https and loopback
  if (testedDigest === null || isOriginalDelivered || digest === undefined) return null;
  const bytes = new Uint8Array(await digest.digest("SHA-256", new TextEncoder().encode(optimizedPrompt)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("") === testedDigest.toLowerCase();
}

/**
 * The bar of wins, ties and losses: a tile a case, or one for all that came out alike. In percent of its width.
 * @param {SignTest} test
 * @returns {{outcome: Outcome, x: number, width: number, label: string}[]}
 */
export function tiles(test) {
  const all = total(test);
  const counts = /** @type {[Outcome, number][]} */ ([["win", test.wins], ["tie", test.ties], ["loss", test.losses]]);
  /** @type {{outcome: Outcome, x: number, width: number, label: string}[]} */
  const made = [];
  let begin = 0;
  for (const [outcome, count] of counts) {
    if (all > 0 && all <= MOST_TILES) {
      for (let at = 0; at < count; at++) {
        made.push({ outcome, x: ((begin + at) / all) * 100, width: 100 / all, label: SYMBOLS[outcome] });
      }
    } else if (count > 0) {
      const width = (count / all) * 100;
      made.push({ outcome, x: (begin / all) * 100, width, label: width >= LEAST_LABELLED ? SYMBOLS[outcome] : "" });
    }
    begin += count;
  }
  return made;
}

/**
 * The interval of the share of wins, in percent; null when no case was decided.
 * @param {SignTest} test
 */
export function interval({ wins, losses, winShareLow, winShareHigh }) {
  if (wins + losses <= 0) return null;
  const [low, point, high] = [winShareLow, wins / (wins + losses), winShareHigh].map((part) => 100 * fraction(part));
  if (low === undefined || point === undefined || high === undefined) return null;
  return { low: Math.min(low, point), point, high: Math.max(high, point) };
}
