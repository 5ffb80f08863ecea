// What an estimate says, the first rows of a table, and which pipeline is meant.

import assert from "node:assert/strict";
import test from "node:test";

import { budgetInWords, expected, figures, isWorthAsking, limit, question } from "../../../web/dashboard/run/outlook.js";
import { chosen, found } from "../../../web/dashboard/run/pipeline_choice.js";
import { preview } from "../../../web/dashboard/run/rows_preview.js";

const range = (low, expected, high) => ({ low, expected, high });
const ESTIMATE = {
  calls: range(12, 107, 417),
  inputTokens: range(1, 2, 3),
  outputTokens: range(5, 5, 5),
  cost: range(0.001, 0.12, 2),
  budget: { usd: 0.75, calls: 400, seconds: 1800, on_exceeded: "finish", hard: true },
  limitedByBudget: true,
  isComplete: true,
};

test("it is asked first where a run may cost more than a cent, or nobody knows what", () => {
  const costs = [null, range(0, 0, 0), range(0, 0.001, 0.01), range(0, 0.001, 0.011)];
  assert.deepEqual(costs.map((cost) => isWorthAsking({ cost })), [true, false, false, true]);
});

test("an unknown price is said to be unknown, and only what costs nothing is free", () => {
  assert.equal(expected(ESTIMATE), "About 107 calls, $0.12");
  assert.equal(expected({ ...ESTIMATE, cost: null }), "About 107 calls, cost unknown");
  assert.equal(expected({ calls: range(1, 1, 1), cost: range(0, 0, 0) }), "1 call, free");
  assert.match(figures({ ...ESTIMATE, cost: null })[3].value, /^unknown/);
  assert.match(question({ ...ESTIMATE, cost: null }), /^Nobody knows/);
  assert.match(question(ESTIMATE), /^This run is expected to cost \$0.12 with 107 model calls, at most \$2.00/);
});

test("what ends the run before its most is told", () => {
  assert.equal(limit(ESTIMATE), "The budget ends it at 400 calls and $0.75.");
  assert.equal(limit({ ...ESTIMATE, calls: range(1, 1, 1), cost: range(0, 0, 0) }), "The budgets of its stages end it before.");
  assert.equal(limit({ ...ESTIMATE, limitedByBudget: false }), "");
  assert.match(limit({ ...ESTIMATE, isComplete: false }), /^Some calls cannot be foreseen: it may be more. The budget/);
});

test("a budget in words has the limits that there are", () => {
  assert.equal(budgetInWords(ESTIMATE.budget), "$0.75, 400 calls, 30 min");
  assert.equal(budgetInWords({ ...ESTIMATE.budget, usd: null, seconds: 90 }), "400 calls, 1 min 30 s");
  assert.equal(budgetInWords(null), "");
});

test("of rows the first five are shown, each column once, and long cells are cut", () => {
  const rows = [{ a: "x".repeat(500), b: 1 }, ...Array.from({ length: 9 }, () => ({ b: { c: null }, d: "" }))];
  const { columns, more, cells } = preview(rows);
  assert.deepEqual([columns, more, cells.length], [["a", "b", "d"], 0, 5]);
  assert.equal(cells[0][0].length, 121);
  assert.deepEqual(cells[1], ["", '{"c":null}', ""]);
  assert.equal(preview([Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`k${index}`, 1]))]).more, 18);
  assert.deepEqual(preview([{ vars: { topic: "Berlin" }, expected: "x" }]).columns, ["vars.topic", "expected"]);
  assert.deepEqual(preview(["text"]), { columns: [], more: 0, cells: [["text"]] });
});

test("the pipeline is the one of the address, else the one used last, else the optimizer, else the first", () => {
  const list = (...ids) => ids.map((id) => ({ id }));
  assert.equal(chosen([], "named", "last"), "named");
  assert.equal(chosen(list("a", "last"), null, "last"), "last");
  assert.equal(chosen(list("a", "prompt-optimizer-v1"), null, "gone"), "prompt-optimizer-v1");
  assert.equal(chosen(list("a", "b"), null, null), "a");
  assert.equal(chosen([], null, "last"), null);
});

test("a search finds pipelines that have every word somewhere", () => {
  const rows = [
    { id: "a-v1", name: "Echo", description: "Gives the input back." },
    { id: "b-v1", name: "Summarize", description: "" },
  ];
  const ids = (search) => found(rows, search).map(({ id }) => id);
  assert.deepEqual([ids(""), ids("echo INPUT"), ids("b-v1"), ids("echo summarize")], [["a-v1", "b-v1"], ["a-v1"], ["b-v1"], []]);
});
