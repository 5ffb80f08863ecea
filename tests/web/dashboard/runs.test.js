// What is in progress, told by a list and by events that interleave with it; and pages of results that are filled by several looks.

import assert from "node:assert/strict";
import { test } from "node:test";

import { gather, momentOf } from "../../../web/dashboard/browse/gathering.js";
import { InProgress } from "../../../web/dashboard/browse/in_progress.js";
import { LiveRuns, freshRows } from "../../../web/dashboard/browse/live_runs.js";
import { excerptOf, isWanted, withFresh } from "../../../web/dashboard/browse/output_rows.js";

const AT = "2026-11-26T10:00:00.000Z";
const listed = (id, status, more = {}) => ({
  id, pipelineId: "p", status, cancelRequested: false, attempt: status === "running" ? 1 : 0, queuedAt: AT, startedAt: null, excerpt: "e", ...more,
});
const queued = (executionId) => ({ type: "execution:queued", executionId, at: AT, pipelineId: "p", input: "  a\n b " });
const started = (executionId) => ({ type: "execution:started", executionId, at: AT, pipelineId: "p", attempt: 1 });
const resumed = (executionId, attempt) => ({ type: "execution:resumed", executionId, at: AT, attempt });
const released = (executionId) => ({ type: "execution:released", executionId, at: AT });
const cancelRequested = (executionId) => ({ type: "execution:cancel_requested", executionId, at: AT });
const completed = (executionId, { status = "success", filename = `${executionId}.json`, output = "text", prompt = "hello" } = {}) => ({
  type: "execution:completed",
  executionId,
  at: AT,
  filename,
  result: {
    executionId, pipelineId: "p", status, timestamp: AT, input: { prompt, options: {} }, output, stages: [{ output: "large" }], error: null,
    summary: { stagesRun: 1, stagesSkipped: 0, stagesFailed: 0, totalDuration: 5, totalCost: 0 },
  },
});
const shown = (known) => known.runs.map(({ id, status, attempt, cancelRequested }) => `${id} ${status} ${attempt}${cancelRequested ? " cancel" : ""}`);

test("a run is shown from queued to its end, running ones first", () => {
  const known = new InProgress();
  known.told(queued("a"));
  known.told(queued("b"));
  known.told(started("a"));
  assert.deepEqual(shown(known), ["a running 1", "b queued 0"]);
  assert.equal(known.runs[1].excerpt, "a b");
  known.told(released("a"));
  assert.deepEqual(shown(known), ["b queued 0", "a queued 1"]);
  known.told(resumed("a", 2));
  known.told(cancelRequested("a"));
  assert.deepEqual(shown(known), ["a running 2 cancel", "b queued 0"]);
  known.told(completed("a"));
  assert.deepEqual(shown(known), ["b queued 0"]);
});

test("a list that was read before an event does not take back what the event said", () => {
  const known = new InProgress();
  known.began();
  known.told(started("a"));
  known.told(cancelRequested("b"));
  known.told(completed("c"));
  assert.deepEqual(shown(known), ["a running 1"]); // of b nothing is known yet but that wish
  known.listed([listed("a", "queued"), listed("b", "running"), listed("c", "running")]);
  known.settled();
  assert.deepEqual(shown(known), ["b running 1 cancel", "a running 1"]);
  assert.equal(known.runs[1].excerpt, "e");
});

test("what ended during a gap goes away when the list is read to its end, and what was heard since stays", () => {
  const known = new InProgress();
  known.told(queued("gone"));
  known.began();
  known.told(queued("new"));
  known.listed([listed("still", "running"), listed("over", "success")]);
  assert.equal(known.runs.length, 3);
  known.settled();
  assert.deepEqual(shown(known), ["still running 1", "new queued 0"]);
});

test("after a gap the list is right where it differs from what was known before", () => {
  const known = new InProgress();
  known.told(started("a"));
  known.began();
  known.listed([listed("a", "running", { attempt: 3, cancelRequested: true })]);
  assert.deepEqual(shown(known), ["a running 3 cancel"]);
});

/** A gateway that tells `items` of the life cycle and answers with `lists` by status. */
function scripted(items, lists, asked = []) {
  return {
    async *lifecycle() {
      for (const item of items) {
        yield item;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async executions(page) {
      asked.push(page);
      const answer = lists[page.status].shift() ?? { rows: [], next: null };
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
}

test("after a gap all pages of the list are read, empty ones too", async () => {
  const asked = [];
  const lists = { running: [{ rows: [], next: "x" }, { rows: [listed("a", "running")], next: null }], queued: [{ rows: [listed("b", "queued")], next: null }] };
  const idle = Array(10).fill(released("b"));
  const runs = new LiveRuns(scripted([{ type: "gap" }, ...idle], lists, asked), () => {});
  await runs.follow(new AbortController().signal);
  assert.deepEqual(runs.live.runs.map(({ id }) => id), ["a", "b"]);
  assert.deepEqual([runs.live.isKnown, runs.live.isMore, runs.live.reloads], [true, false, 1]);
  assert.deepEqual(asked.map(({ status, before }) => [status, before]), [["running", null], ["running", "x"], ["queued", null]]);
});

test("a list that cannot be read is said to be, and read again after a pause", async () => {
  const pauses = [];
  const troubles = [];
  const lists = { running: [new Error("away"), new Error("away"), { rows: [listed("a", "running")], next: null }], queued: [] };
  const runs = new LiveRuns(
    scripted([{ type: "gap" }, ...Array(20).fill(released("z"))], lists),
    () => troubles.push(runs.live.trouble?.message ?? null),
    async (ms) => void pauses.push(ms),
  );
  await runs.follow(new AbortController().signal);
  assert.deepEqual(pauses, [1000, 2000]);
  assert.ok(troubles.includes("away"));
  assert.equal(runs.live.trouble, null);
  assert.equal(runs.live.runs.length, 1);
});

test("ends are told, kept without what they delivered, and let the page be read anew before it is out of date", async () => {
  const ends = Array.from({ length: 120 }, (_, index) => completed(`e${String(index).padStart(3, "0")}`, { output: { verdict: "improved", all: "large" } }));
  const runs = new LiveRuns(scripted([...ends, completed("unsaved", { filename: null })], {}), () => {});
  await runs.follow(new AbortController().signal);
  const { ended, completed: kept, reloads } = runs.live;
  assert.deepEqual(ended.map(({ id }) => id), ["unsaved", "e119", "e118"]);
  assert.equal(kept.length, 100);
  assert.deepEqual([kept[0].result.output, kept[0].result.stages], [{ verdict: "improved" }, []]);
  assert.equal(reloads, 2);
  const [row] = freshRows(runs.live, { pipeline: "p", status: null, q: "HELLO" });
  assert.deepEqual([row.executionId, row.verdict, row.excerpt, row.duration], ["e119", "improved", "hello", 5]);
  assert.deepEqual(freshRows(runs.live, { pipeline: "other", status: null, q: null }), []);
});

test("a result is wanted by exact pipeline and status, and by text in any of its fields", () => {
  const { result } = completed("exec_1", { prompt: "Write a\n  Poem" });
  const wanted = (filters) => isWanted({ pipeline: null, status: null, q: null, ...filters }, result);
  assert.deepEqual([wanted({}), wanted({ q: " a poem" }), wanted({ q: "EXEC_1" }), wanted({ pipeline: "p", status: "success" })], [true, true, true, true]);
  assert.deepEqual([wanted({ q: "prose" }), wanted({ pipeline: "P" }), wanted({ status: "failed" })], [false, false, false]);
});

test("an excerpt is one line of 160 characters at most, and cuts none in two", () => {
  assert.equal(excerptOf(" a\n\t b  "), "a b");
  assert.equal(excerptOf("😀".repeat(200)), "😀".repeat(160));
});

const row = (executionId) => ({ executionId, filename: `${executionId}.json` });

test("fresh results stand where a page read now would have them, each once", () => {
  const names = (rows) => rows.map(({ executionId }) => executionId).join("");
  assert.equal(names(withFresh([row("d"), row("b")], [row("e"), row("d"), row("c"), row("a")], false)), "edcb");
  assert.equal(names(withFresh([row("d"), row("b")], [row("a")], true)), "dba");
  assert.equal(names(withFresh([], [row("a")], true)), "a");
});

/** A list of pages that answers in turn, and remembers what it was asked. */
function pages(...answers) {
  const asked = [];
  const ask = async (page) => {
    asked.push(page);
    return answers.shift();
  };
  return { ask, asked };
}

test("a page is filled by as many looks as it takes, each asking only for what is still missing", async () => {
  const { ask, asked } = pages({ rows: [1], next: "x" }, { rows: [], next: "y" }, { rows: [2, 3], next: "z" });
  const steps = [];
  for await (const { rows, next, isDone } of gather(ask, { size: 3 })) steps.push([rows, next, isDone]);
  assert.deepEqual(steps, [[[1], "x", false], [[1], "y", false], [[1, 2, 3], "z", true]]);
  assert.deepEqual(asked, [{ limit: 3, before: null }, { limit: 2, before: "x" }, { limit: 2, before: "y" }]);
});

test("a page ends with the list, and goes on from where it was stopped", async () => {
  const { ask, asked } = pages({ rows: [3], next: null });
  const steps = [];
  for await (const step of gather(ask, { size: 5, before: "y", rows: [1, 2] })) steps.push(step);
  assert.deepEqual(steps, [{ rows: [1, 2, 3], next: null, isDone: true }]);
  assert.deepEqual(asked, [{ limit: 3, before: "y" }]);
});

test("a list that goes on at the same place with nothing is at its end", async () => {
  const { ask } = pages({ rows: [], next: "x" }, { rows: [], next: "x" });
  const steps = [];
  for await (const { next, isDone } of gather(ask, { size: 5 })) steps.push([next, isDone]);
  assert.deepEqual(steps, [["x", false], [null, true]]);
});

test("how far a list was read is told by its cursor, if that says so", () => {
  assert.equal(momentOf("my_odd-id_2026-11-26T09-02-33-647Z_shzeop5yhs7txjrk.json"), "2026-11-26T09:02:33.647Z");
  assert.equal(momentOf("exec_1795683753647_shzeop5yhs7txjrk"), "2026-11-26T09:02:33.647Z");
  assert.equal(momentOf("42"), null);
  assert.equal(momentOf(null), null);
});
