// Where an execution stands, folded from what its subscription gives; the same events give the same view, whoever looks
// and however often the connection was lost. No DOM and no clock here.

/** @import { Item } from "../../client/types.d.ts" */
/** @import { CallCompleted, ExecutionQueued, ExecutionView, PipelineResult, StageOutcome, StageView } from "../../client/wire.d.ts" */
/** @import { Execution, Spent, Stage } from "./types.d.ts" */

const MOST_TEXT = 20_000; // characters of live text that are kept of one call; the stage's output has all
const MOST_NOTES = 200; // notes of progress that are kept of one stage, and entries of the diary of all

/**
 * @param {string} id
 * @returns {Execution} of which nothing is known yet
 */
export function begin(id) {
  return {
    id, pipelineId: "", pipelineName: "", status: null, isCancelRequested: false, isFinishRequested: false,
    attempt: 0, runner: null, queuedAt: null, startedAt: null, endedAt: null, input: null, options: {}, owner: null,
    rerunOf: null, stages: [], result: null, filename: null, isCaughtUp: false, isWhole: true, diary: [], error: null, lastSeq: -1,
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

/** @param {string} id @param {string} name @param {number} index @param {string[]} needs @returns {Stage} */
function newStage(id, name, index, needs) {
  return {
    id, name, index, needs, status: "pending", startedAt: null, endedAt: null, duration: null, model: null, reason: null,
    error: null, errorCode: null, reusedFrom: null, retry: null, retries: 0, notes: [], texts: new Map(), output: null,
    spent: { cost: 0, inputTokens: 0, outputTokens: 0, calls: 0 },
  }; // prettier-ignore
}

/**
 * @param {Stage} stage
 * @param {Extract<Item, {stage: unknown}>} event
 */
function applyToStage(stage, event) {
  switch (event.type) {
    case "stage:started":
      // Again, where its runner was lost: what it wrote is written anew, what it spent stays spent.
      stage.status = "running";
      stage.startedAt ??= event.at;
      stage.retry = null;
      stage.texts.clear();
      break;
    case "stage:output":
      write(stage, event.text, event.item);
      break;
    case "stage:progress":
      stage.notes = [...stage.notes, { message: event.message, data: event.data, item: event.item, at: event.at }].slice(-MOST_NOTES);
      break;
    case "stage:retrying":
      stage.status = "retrying";
      stage.retry = { attempt: event.attempt, delay: event.delay, error: event.error, item: event.item, at: event.at };
      stage.retries += 1;
      stage.texts.delete(event.item);
      break;
    case "call:completed":
      spend(stage, event);
      break;
    case "step:completed":
      break;
    case "stage:completed":
      settle(stage, "completed", event.at, event.result);
      break;
    case "stage:failed":
      settle(stage, "failed", event.at, event.result);
      stage.error = event.error;
      stage.errorCode = event.code;
      break;
    case "stage:skipped":
      stage.status = "skipped";
      stage.reason = event.reason;
      stage.output = event.output;
      stage.endedAt = event.at;
  }
}

/** @param {Stage} stage @param {string} text @param {number | null} item */
function write(stage, text, item) {
  if (stage.status === "retrying") stage.status = "running"; // the wait is over: the next attempt writes
  const before = stage.texts.get(item);
  const written = before === undefined || before.isOver ? text : before.text + text;
  stage.texts.delete(item); // so that the item written last is the last one
  stage.texts.set(item, { text: written.slice(-MOST_TEXT), isOver: false });
}

/** @param {Stage} stage @param {CallCompleted} call */
function spend(stage, call) {
  if (stage.status !== "running" && stage.status !== "retrying") return;
  const { spent } = stage;
  const text = stage.texts.get(call.item);
  if (text) text.isOver = true; // it stays to be read until the next call writes
  stage.model = call.model ?? stage.model;
  stage.spent = {
    cost: spent.cost === null || call.cost === null ? null : spent.cost + call.cost,
    inputTokens: spent.inputTokens + call.inputTokens,
    outputTokens: spent.outputTokens + call.outputTokens,
    calls: spent.calls + 1,
  };
  if (stage.status === "retrying" && call.fault === null) stage.status = "running";
}

/** @param {Stage} stage @param {"completed" | "failed"} status @param {string} at @param {StageOutcome} outcome */
function settle(stage, status, at, outcome) {
  stage.status = status;
  stage.endedAt = at;
  stage.duration = outcome.duration;
  stage.model = outcome.model;
  stage.output = outcome.output;
  stage.reusedFrom = outcome.reusedFrom;
  stage.retry = null;
  stage.texts.clear();
  stage.spent = { cost: outcome.cost, inputTokens: outcome.inputTokens, outputTokens: outcome.outputTokens, calls: outcome.calls };
}

/** @param {Execution} execution @param {Item} item */
function note(execution, item) {
  if (!("at" in item) || item.type === "stage:output" || item.type === "step:completed" || item.type === "call:completed") return;
  execution.diary = [...execution.diary, item].slice(-MOST_NOTES);
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
