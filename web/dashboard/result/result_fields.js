// A result with every field in its place, whatever it came as, and the figures that take more than reading one.

import { cost } from "../parts/format.js";

/** @import { PipelineResult, StageResult, Summary } from "../../client/wire.d.ts" */

/** @type {Summary} */
const NO_SUMMARY = {
  stagesRun: 0,
  stagesSkipped: 0,
  stagesFailed: 0,
  totalDuration: 0,
  totalCost: null,
  totalInputTokens: 0,
  totalOutputTokens: 0,
};

/**
 * @param {Partial<PipelineResult>} result
 * @returns {PipelineResult}
 */
export function filledIn(result) {
  return {
    executionId: "",
    pipelineId: "",
    pipelineVersion: "",
    status: "success",
    timestamp: "",
    output: null,
    error: null,
    errorCode: null,
    rerunOf: null,
    owner: null,
    ...result,
    input: { prompt: String(result.input?.prompt ?? ""), options: result.input?.options ?? {} },
    stages: Array.isArray(result.stages) ? result.stages : [],
    summary: { ...NO_SUMMARY, ...result.summary },
  };
}

/**
 * What a run cost; where a part of it is unknown, what is known of it: `≥ $0.0012`
 * @param {PipelineResult} result
 */
export function totalCost({ summary, stages }) {
  if (summary.totalCost !== null) return cost(summary.totalCost);
  const known = stages.reduce((sum, stage) => sum + (stage.reusedFrom ? 0 : (stage.cost ?? 0)), 0);
  return known > 0 ? `≥ ${cost(known)}` : "unknown";
}

/** A cost among other figures, where `unknown` alone would not say what is. @param {number | null} usd */
export function namedCost(usd) {
  return usd === null ? "cost unknown" : cost(usd);
}

/** Whether a cost is worth a word: a model answered, or it is not the plain 0 of a stage without one. @param {StageResult} stage */
export function hasCost({ status, model, cost: spent }) {
  return status !== "skipped" && (model != null || spent !== 0);
}
