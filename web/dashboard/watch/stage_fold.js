// What becomes of one stage by its events. Pure but for the stage itself, which is changed in place.

/** @import { Item } from "../../client/types.d.ts" */
/** @import { CallCompleted, StageOutcome } from "../../client/wire.d.ts" */
/** @import { Stage } from "./types.d.ts" */

const MOST_TEXT = 20_000; // characters of live text that are kept of one call; the stage's output has all
const MOST_NOTES = 200; // notes of progress that are kept of one stage

/** @param {string} id @param {string} name @param {number} index @param {string[]} needs @returns {Stage} */
export function newStage(id, name, index, needs) {
  return {
    id, name, index, needs, status: "pending", startedAt: null, endedAt: null, duration: null, model: null, reason: null,
    error: null, errorCode: null, reusedFrom: null, retry: null, retries: 0, notes: [], answered: new Set(), texts: new Map(), output: null,
    spent: { cost: 0, inputTokens: 0, outputTokens: 0, calls: 0 },
  }; // prettier-ignore
}

/**
 * @param {Stage} stage
 * @param {Extract<Item, {stage: unknown}>} event
 */
export function applyToStage(stage, event) {
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
  if (call.item !== null && call.fault === null) stage.answered.add(call.item);
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
