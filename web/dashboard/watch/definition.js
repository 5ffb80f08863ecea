// What an execution's saved result does not say of its pipeline: its name, and what each stage waited for. Taken from
// today's pipeline file, where that still has the same stages. Pure.

/** @import { PipelineDetail } from "../../client/wire.d.ts" */
/** @import { Execution } from "./types.d.ts" */

/**
 * @param {Execution} execution
 * @param {PipelineDetail | null | undefined} detail
 * @returns {Execution}
 */
export function withDefinition(execution, detail) {
  if (execution.isWhole || !detail || detail.pipeline.id !== execution.pipelineId) return execution;
  const needs = new Map(detail.stages.map((stage) => [stage.id, stage.needs]));
  const isSame = execution.stages.every(({ id }) => needs.has(id));
  if (!isSame) return { ...execution, pipelineName: detail.pipeline.name };
  const order = new Map(detail.stages.map(({ id }, index) => [id, index]));
  const stages = execution.stages.map((stage) => ({ ...stage, needs: needs.get(stage.id) ?? [] }));
  stages.sort((one, other) => (order.get(one.id) ?? 0) - (order.get(other.id) ?? 0));
  return { ...execution, pipelineName: detail.pipeline.name, stages };
}
