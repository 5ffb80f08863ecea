// Two results of executions, field by field: pure. How it looks is compare.js's.

import { cost, count, duration, percent } from "../parts/format.js";
import { wordChange, wordMean } from "../result/figures.js";
import { optimizationOf } from "../result/optimization.js";
import { totalCost } from "../result/result_fields.js";

/** @import { PipelineResult, StageResult } from "../../client/wire.d.ts" */
/** @import { Evidence } from "../../client/wire.d.ts" */

/**
 * @typedef {{label: string, one: string, other: string, difference: string}} Row
 * @typedef {{name: string, one: unknown, other: unknown, isInOne: boolean, isInOther: boolean}} OptionRow
 * @typedef {{stageId: string, name: string, one: StageResult | null, other: StageResult | null}} StagePair
 */

const ABSENT = "–";

/**
 * What can be told in a number or a word of each, with the difference.
 * @param {PipelineResult} one
 * @param {PipelineResult} other
 * @returns {Row[]}
 */
export function figureRows(one, other) {
  const [a, b] = [one.summary, other.summary];
  const [cost1, cost2] = [totalCost(one), totalCost(other)];
  return [
    measured("Duration", a.totalDuration, b.totalDuration, duration),
    { label: "Cost", one: cost1, other: cost2, difference: wordChange(a.totalCost, b.totalCost) },
    measured("Tokens read", a.totalInputTokens, b.totalInputTokens, count),
    measured("Tokens written", a.totalOutputTokens, b.totalOutputTokens, count),
    counted("Stages run", a.stagesRun, b.stagesRun),
    counted("Stages skipped", a.stagesSkipped, b.stagesSkipped),
    counted("Stages failed", a.stagesFailed, b.stagesFailed),
    ...evidenceRows(optimizationOf(one.output)?.evidence, optimizationOf(other.output)?.evidence),
  ];
}

/**
 * @param {Evidence | undefined} one
 * @param {Evidence | undefined} other
 * @returns {Row[]}
 */
function evidenceRows(one, other) {
  if (one === undefined && other === undefined) return [];
  /** @param {(evidence: Evidence) => string} word @param {string} label @returns {Row} */
  const said = (label, word) => ({ label, one: one ? word(one) : ABSENT, other: other ? word(other) : ABSENT, difference: "" });
  /** @param {string} label @param {"originalUse" | "optimizedUse"} use @param {(use: Evidence["originalUse"]) => number | null} read @param {(value: number | null) => string} word */
  const used = (label, use, read, word) => {
    const [a, b] = [one && read(one[use]), other && read(other[use])];
    return { label, one: one ? word(a ?? null) : ABSENT, other: other ? word(b ?? null) : ABSENT, difference: wordChange(a, b) };
  };
  return [
    said("Won, tied, lost on held-out cases", ({ signTest: { wins, ties, losses } }) => `${wins}, ${ties}, ${losses}`),
    said("Judge changed its mind", ({ judge }) => (judge === null ? "no judge" : percent(judge.flipRate))),
    used("Best prompt: cost of 1,000 calls", "optimizedUse", (use) => use.costPer1000Calls, cost),
    used("Best prompt: time of a call, median", "optimizedUse", (use) => use.latency, duration),
    used("Best prompt: characters", "optimizedUse", (use) => use.characters, wordMean),
  ];
}

/**
 * The options that are not the same in both, by name.
 * @param {Record<string, unknown>} one
 * @param {Record<string, unknown>} other
 * @returns {OptionRow[]}
 */
export function optionRows(one, other) {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])]
    .sort()
    .map((name) => ({ name, one: one[name], other: other[name], isInOne: Object.hasOwn(one, name), isInOther: Object.hasOwn(other, name) }))
    .filter((row) => row.isInOne !== row.isInOther || !isSame(row.one, row.other));
}

/**
 * The stages of both in file order; one that only the other has stands behind what it followed there.
 * @param {PipelineResult} one
 * @param {PipelineResult} other
 * @returns {StagePair[]}
 */
export function stagePairs(one, other) {
  /** @type {StagePair[]} */
  const pairs = one.stages.map((stage) => ({ stageId: stage.stageId, name: stage.stageName || stage.stageId, one: stage, other: null }));
  let place = 0;
  for (const stage of other.stages) {
    const found = pairs.findIndex(({ stageId }) => stageId === stage.stageId);
    const pair = pairs[found];
    if (pair !== undefined) {
      pair.other = stage;
      place = found + 1;
    } else {
      pairs.splice(place, 0, { stageId: stage.stageId, name: stage.stageName || stage.stageId, one: null, other: stage });
      place += 1;
    }
  }
  return pairs;
}

/**
 * What is compared of both outputs as text, and what it is called; null where one has none.
 * @param {PipelineResult} one
 * @param {PipelineResult} other
 * @returns {{title: string, noun: string, one: string, other: string} | null}
 */
export function comparedOutputs(one, other) {
  const [a, b] = [optimizationOf(one.output), optimizationOf(other.output)];
  if (a !== null && b !== null) return { title: "Delivered prompts", noun: "prompt", one: a.optimizedPrompt, other: b.optimizedPrompt };
  if (one.output == null || other.output == null) return null;
  return { title: "Outputs", noun: "output", one: asText(one.output), other: asText(other.output) };
}

/** @param {unknown} value @returns {string} */
export function asText(value) {
  return typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");
}

/**
 * Whether two JSON values are the same, whatever the order of fields.
 * @param {unknown} one
 * @param {unknown} other
 * @returns {boolean}
 */
export function isSame(one, other) {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const fields = Object.keys(one);
  if (fields.length !== Object.keys(other).length) return false;
  return fields.every((name) => Object.hasOwn(other, name) && isSame(/** @type {any} */ (one)[name], /** @type {any} */ (other)[name]));
}

/**
 * @param {string} label
 * @param {number} one
 * @param {number} other
 * @param {(value: number) => string} word
 * @returns {Row}
 */
function measured(label, one, other, word) {
  return { label, one: word(one), other: word(other), difference: wordChange(one, other) };
}

/** @param {string} label @param {number} one @param {number} other @returns {Row} */
function counted(label, one, other) {
  const difference = other - one;
  const said = difference === 0 ? "the same" : `${difference > 0 ? "+" : "\u2212"}${count(Math.abs(difference))}`;
  return { label, one: count(one), other: count(other), difference: said };
}
