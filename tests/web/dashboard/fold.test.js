// What the events of an execution come to, whoever looks and however often the connection was lost.

import assert from "node:assert/strict";
import test from "node:test";

import { apply, begin, isOver, spentOf } from "../../../web/dashboard/watch/fold.js";

const ID = "exec_1703187600000_abcdefghijklmnop";
const at = (second) => new Date(1_703_187_600_000 + second * 1000).toISOString();

/** Events of a run with three stages, numbered as they come. */
class Log {
  items = [];
  add(type, fields = {}) {
    const seq = this.items.length;
    this.items.push({ type, executionId: ID, seq, at: at(seq), ...fields });
    return this;
  }
  stage(type, id, fields = {}) {
    return this.add(`stage:${type}`, { stage: { id, name: id.toUpperCase() }, index: 0, total: 3, ...fields });
  }
  call(id, fields = {}) {
    const spent = { key: "k", item: null, model: "scripted:m", text: "x", value: null, hasValue: false, inputTokens: 10, outputTokens: 5, cost: 0.5, duration: 9, fault: null };
    return this.add("call:completed", { stage: { id, name: id }, index: 0, total: 3, ...spent, ...fields });
  }
  queued() {
    const stages = [{ id: "a", name: "First", needs: null }, { id: "b", name: null, needs: ["a"] }, { id: "c", name: "Third", needs: null }];
    return this.add("execution:queued", { pipelineId: "p-v1", pipeline: { name: "P", stages }, input: "hello", options: { n: 1 }, rerun: null, owner: null });
  }
  claimed(attempt = 1) {
    const type = attempt === 1 ? "execution:started" : "execution:resumed";
    return this.add(type, { pipelineId: "p-v1", pipelineName: "P", pipelineVersion: "1", stages: [], total: 3, attempt, runner: `r${attempt}` });
  }
  ended(status, rows = []) {
    const stages = rows.map((row) => ({ reason: null, output: null, cost: 0, inputTokens: 0, outputTokens: 0, model: null, ...row }));
    return this.add("execution:completed", { result: { status, input: { prompt: "hello", options: {} }, stages, error: null }, filename: "f.json" });
  }
}

const outcome = (fields = {}) => ({ status: "success", cost: 1.5, duration: 1234, model: "scripted:m", inputTokens: 30, outputTokens: 15, calls: 3, output: "done", reusedFrom: null, ...fields });
const text = (id, words, item = null) => ({ type: "stage:output", executionId: ID, at: at(0), stage: { id, name: id }, index: 0, total: 3, text: words, attempt: 1, item });

function folded(items) {
  const execution = begin(ID);
  for (const item of items) apply(execution, item);
  return execution;
}
const statuses = (execution) => execution.stages.map(({ status }) => status);

test("nothing is known at the begin", () => {
  const execution = begin(ID);
  assert.equal(execution.status, null);
  assert.equal(isOver(execution), false);
});

test("queued: the stages are known, each with what it waits for", () => {
  const execution = folded(new Log().queued().items);
  assert.deepEqual([execution.status, execution.input, execution.pipelineName], ["queued", "hello", "P"]);
  assert.deepEqual(execution.stages.map(({ id, name, needs }) => [id, name, needs]), [["a", "First", []], ["b", "b", ["a"]], ["c", "Third", ["b"]]]);
  assert.deepEqual(statuses(execution), ["pending", "pending", "pending"]);
});

test("cost and tokens run while a stage runs, and its end says what they came to", () => {
  const log = new Log().queued().claimed().stage("started", "a").call("a").call("a");
  assert.deepEqual(spentOf(folded(log.items)), { cost: 1, inputTokens: 20, outputTokens: 10, calls: 2, isCostComplete: true });
  log.stage("completed", "a", { result: outcome() });
  assert.deepEqual(spentOf(folded(log.items)), { cost: 1.5, inputTokens: 30, outputTokens: 15, calls: 3, isCostComplete: true });
});

test("an unknown cost is never shown as zero", () => {
  const spent = spentOf(folded(new Log().queued().claimed().stage("started", "a").call("a").call("a", { cost: null }).items));
  assert.equal(spent.isCostComplete, false);
});

test("text is put together by item, begins anew with the next call, and goes when the stage is over", () => {
  const log = new Log().queued().claimed().stage("started", "a");
  const execution = folded([...log.items, text("a", "one "), text("a", "two"), text("a", "other", 1)]);
  const [stage] = execution.stages;
  assert.deepEqual([...stage.texts], [[null, { text: "one two", isOver: false }], [1, { text: "other", isOver: false }]]);
  const call = new Log().call("a").items[0];
  apply(execution, { ...call, seq: 3 });
  assert.deepEqual(stage.texts.get(null), { text: "one two", isOver: true });
  apply(execution, text("a", "next"));
  assert.deepEqual([...stage.texts.keys()], [1, null]);
  assert.deepEqual(stage.texts.get(null), { text: "next", isOver: false });
  for (let index = 0; index < 300; index += 1) apply(execution, text("a", "x".repeat(1000)));
  assert.equal(stage.texts.get(null).text.length, 20_000);
  apply(execution, { ...new Log().stage("completed", "a", { result: outcome() }).items[0], seq: 4 });
  assert.equal(stage.texts.size, 0);
});

test("retrying: the failed attempt's text goes, and the next one's makes it running again", () => {
  const log = new Log().queued().claimed().stage("started", "a");
  const execution = folded([...log.items, text("a", "half an ans")]);
  apply(execution, { ...log.stage("retrying", "a", { attempt: 2, delay: 500, error: "busy", code: "model_busy", item: null }).items.at(-1) });
  const [stage] = execution.stages;
  assert.deepEqual([stage.status, stage.retry.attempt, stage.retries, stage.texts.size], ["retrying", 2, 1, 0]);
  apply(execution, text("a", "again"));
  assert.equal(stage.status, "running");
});

test("skipped, failed and reused say why", () => {
  const log = new Log().queued().claimed().stage("skipped", "a", { reason: "enough", output: null });
  log.stage("started", "b").stage("failed", "b", { error: "no key", code: "missing_setting", result: outcome({ status: "failed", output: null }) });
  log.stage("started", "c").stage("completed", "c", { result: outcome({ reusedFrom: "exec_1_x", cost: 0 }) });
  const { stages } = folded(log.items);
  assert.deepEqual(stages.map(({ status }) => status), ["skipped", "failed", "completed"]);
  assert.deepEqual([stages[0].reason, stages[1].error, stages[1].errorCode, stages[2].reusedFrom], ["enough", "no key", "missing_setting", "exec_1_x"]);
});

test("a lost runner: the stage runs anew from when it first began, and what was spent stays spent", () => {
  const log = new Log().queued().claimed().stage("started", "a").call("a").claimed(2).stage("started", "a");
  const execution = folded(log.items);
  assert.deepEqual([execution.attempt, execution.runner, execution.stages[0].startedAt], [2, "r2", at(2)]);
  assert.equal(spentOf(execution).calls, 1);
});

test("given back to the queue, cancel and finish asked for", () => {
  const log = new Log().queued().claimed().add("execution:released", { runner: "r1", reason: "shutting down" });
  assert.deepEqual([folded(log.items).status, folded(log.items).runner], ["queued", null]);
  log.claimed(2).add("execution:finish_requested").add("execution:cancel_requested");
  const execution = folded(log.items);
  assert.deepEqual([execution.isFinishRequested, execution.isCancelRequested], [true, true]);
});

test("the end tells what it cut off, and every stage has a status that is final", () => {
  const log = new Log().queued().claimed().stage("started", "a").stage("completed", "a", { result: outcome() }).stage("started", "b");
  log.ended("cancelled", [{ stageId: "a", status: "success" }, { stageId: "b", status: "cancelled", cost: 0.1, inputTokens: 1, outputTokens: 1 }]);
  const execution = folded(log.items);
  assert.deepEqual(statuses(execution), ["completed", "cancelled", "not_run"]);
  assert.deepEqual([execution.status, execution.filename, isOver(execution)], ["cancelled", "f.json", true]);
  assert.equal(execution.stages[1].endedAt, at(5));
});

test("where events are gone, the snapshot stands in, and what follows goes on from it", () => {
  const stage = (id, status, more = {}) => ({ id, name: id, index: 0, status, cost: null, duration: null, model: null, reason: null, error: null, reusedFrom: null, startedAt: null, endedAt: null, ...more });
  const snapshot = {
    id: ID, pipelineId: "p-v1", status: "running", cancelRequested: false, finishRequested: false, attempt: 1, runner: "r1", queuedAt: at(0), startedAt: at(1),
    endedAt: null, filename: null, owner: null, lastSeq: 7, rerunOf: null, result: null,
    stages: [stage("a", "completed", { cost: 1, duration: 5 }), stage("b", "running", { startedAt: at(2) })],
  }; // prettier-ignore
  const execution = folded([{ type: "subscribed", executionId: ID, success: true, recovered: false, to: 7, snapshot }, { type: "caught_up", executionId: ID, seq: 7 }]);
  assert.deepEqual([execution.isWhole, execution.isCaughtUp, execution.lastSeq], [false, true, 7]);
  assert.deepEqual(statuses(execution), ["completed", "running"]);
  apply(execution, { ...new Log().stage("completed", "b", { result: outcome() }).items[0], seq: 8 });
  assert.deepEqual(statuses(execution), ["completed", "completed"]);
});

test("wherever the connection was lost, the view is the same in the end", () => {
  const log = new Log().queued().claimed().stage("started", "a").call("a").stage("completed", "a", { result: outcome() });
  log.stage("skipped", "b", { reason: "no", output: null }).stage("started", "c").stage("completed", "c", { result: outcome() }).ended("success");
  const whole = folded(log.items);
  for (let cut = 1; cut < log.items.length; cut += 1) {
    const caught = { type: "caught_up", executionId: ID, seq: cut };
    const resumed = folded([...log.items.slice(0, cut), caught, ...log.items.slice(cut)]);
    assert.deepEqual({ ...resumed, isCaughtUp: false }, whole);
  }
});

test("an event of a stage that nobody knows does no harm", () => {
  const execution = folded(new Log().queued().stage("started", "zzz").items);
  assert.equal(execution.stages.length, 3);
});
