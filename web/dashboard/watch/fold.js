// Where an execution stands, folded from what its subscription gives; the same events give the same view, whoever looks
// and however often the connection was lost. No DOM and no clock here.

import { applyToStage, newStage } from "./stage_fold.js";

/** @import { Item } from "../../client/types.d.ts" */
/** @import { ExecutionQueued, ExecutionView, PipelineResult, StageView } from "../../client/wire.d.ts" */
/** @import { Execution, Spent, Stage } from "./types.d.ts" */

const MOST_ENTRIES = 500; // of the diary that are kept

/**
 * @param {string} id
 * @returns {Execution} of which nothing is known yet
 */
export function begin(id) {
  return {
    id, pipelineId: "", pipelineName: "", status: null, isCancelRequested: false, isFinishRequested: false,
    attempt: 0, runner: null, queuedAt: null, startedAt: null, endedAt: null, input: null, options: {}, owner: null,
    rerunOf: null, stages: [], result: null, filename: null, isCaughtUp: false, isWhole: true, diary: [], told: 0, error: null, lastSeq: -1,
  }; // prettier-ignore
}

/**
 * Move on by one item; the execution is changed in place.
 * @param {Execution} execution
 * @param {Item} item
 */
export function apply(execution, item) {
  if ("seq" in item && typeof item.seq === "number" && item.type.includes(":")) execution.lastSeq = item.seq;
  switch (item.type) {
    case "subscribed":
      if (item.snapshot) takeOver(execution, item.snapshot);
      break;
    case "caught_up":
      execution.isCaughtUp = true;
      break;
    case "dropped":
      break; // live text only: the output comes whole
    case "execution:queued":
      queue(execution, item);
      break;
    case "execution:started":
    case "execution:resumed":
      claim(execution, item.attempt, item.runner, item.at);
      if (item.type === "execution:started") execution.pipelineName = item.pipelineName;
      break;
    case "execution:released":
      execution.status = "queued";
      execution.runner = null;
      break;
    case "execution:cancel_requested":
      execution.isCancelRequested = true;
      break;
    case "execution:finish_requested":
      execution.isFinishRequested = true;
      break;
    case "execution:ending":
      break;
    case "execution:completed":
      end(execution, item.result, item.filename, item.at);
      break;
    default: {
      const stage = execution.stages.find(({ id }) => id === item.stage.id);
      if (stage) applyToStage(stage, item);
    }
  }
  note(execution, item);
}

/** @param {Execution} execution @param {ExecutionQueued} event */
function queue(execution, event) {
  execution.status = "queued";
  execution.pipelineId = event.pipelineId;
  execution.pipelineName = typeof event.pipeline.name === "string" ? event.pipeline.name : event.pipelineId;
  execution.queuedAt = event.at;
  execution.input = event.input;
  execution.options = event.options;
  execution.owner = event.owner;
  execution.rerunOf = event.rerun?.of ?? null;
  const written = /** @type {{id: string, name?: string | null, needs?: string[] | null}[]} */ (event.pipeline.stages);
  execution.stages = written.map(({ id, name, needs }, index) =>
    newStage(id, name || id, index, needs ?? written.slice(Math.max(0, index - 1), index).map((before) => before.id)),
  );
}

/** @param {Execution} execution @param {number} attempt @param {string} runner @param {string} at */
function claim(execution, attempt, runner, at) {
  execution.status = "running";
  execution.attempt = attempt;
  execution.runner = runner;
  execution.startedAt ??= at;
}

/**
 * @param {Execution} execution
 * @param {PipelineResult} result
 * @param {string | null} filename
 * @param {string | null} at
 */
function end(execution, result, filename, at) {
  execution.result = result;
  execution.filename = filename;
  execution.status = result.status;
  execution.endedAt = at;
  execution.input ??= result.input.prompt;
  execution.error = result.error;
  const rows = new Map(result.stages.map((row) => [row.stageId, row]));
  for (const stage of execution.stages) {
    stage.retry = null;
    stage.texts.clear();
    const row = rows.get(stage.id);
    // What the end cut off was told by no event of its own.
    if (stage.status === "running" || stage.status === "retrying" || stage.status === "pending") {
      stage.status = row?.status === "skipped" ? "skipped" : row?.status === "cancelled" ? "cancelled" : "not_run";
      stage.reason = row?.reason ?? null;
      if (stage.startedAt !== null) stage.endedAt ??= at;
    }
    if (row) {
      stage.output ??= row.output;
      stage.spent = { cost: row.cost, inputTokens: row.inputTokens, outputTokens: row.outputTokens, calls: stage.spent.calls };
      stage.model ??= row.model;
    }
  }
}

/** @param {Execution} execution @param {ExecutionView} view */
function takeOver(execution, view) {
  execution.isWhole = false;
  execution.pipelineId = view.pipelineId;
  execution.pipelineName ||= view.pipelineId;
  execution.status = view.status;
  execution.isCancelRequested = view.cancelRequested;
  execution.isFinishRequested = view.finishRequested;
  execution.attempt = view.attempt;
  execution.runner = view.runner;
  execution.queuedAt = view.queuedAt;
  execution.startedAt = view.startedAt;
  execution.owner = view.owner;
  execution.rerunOf = view.rerunOf;
  execution.lastSeq = view.lastSeq;
  const before = new Map(execution.stages.map((stage) => [stage.id, stage]));
  execution.stages = view.stages.map((stage, index) => stageOfView(stage, before.get(stage.id)?.needs ?? view.stages.slice(Math.max(0, index - 1), index).map(({ id }) => id)));
  if (view.result) end(execution, view.result, view.filename, view.endedAt);
}

/** @param {StageView} view @param {string[]} needs @returns {Stage} */
function stageOfView(view, needs) {
  return {
    ...newStage(view.id, view.name, view.index, needs),
    status: view.status,
    startedAt: view.startedAt,
    endedAt: view.endedAt,
    duration: view.duration,
    model: view.model,
    reason: view.reason,
    error: view.error,
    reusedFrom: view.reusedFrom,
    spent: { cost: view.cost ?? (view.status === "completed" ? null : 0), inputTokens: 0, outputTokens: 0, calls: 0 },
  };
}

/** @param {Execution} execution @param {Item} item */
function note(execution, item) {
  if (!("at" in item) || item.type === "stage:output" || item.type === "step:completed" || item.type === "call:completed") return;
  execution.told += 1;
  execution.diary = [...execution.diary, item].slice(-MOST_ENTRIES);
}

/**
 * What all stages have spent so far; of a cost that is not known in part, the known part.
 * @param {Execution} execution
 * @returns {Spent & {cost: number, isCostComplete: boolean}}
 */
export function spentOf({ stages }) {
  const spent = { cost: 0, inputTokens: 0, outputTokens: 0, calls: 0, isCostComplete: true };
  for (const stage of stages) {
    if (stage.spent.cost === null) spent.isCostComplete = false;
    spent.cost += stage.spent.cost ?? 0;
    spent.inputTokens += stage.spent.inputTokens;
    spent.outputTokens += stage.spent.outputTokens;
    spent.calls += stage.spent.calls;
  }
  return spent;
}

/**
 * Whether it has come to its end.
 * @param {Execution} execution
 */
export function isOver({ result }) {
  return result !== null;
}
