// What is asked before an execution runs again.

import assert from "node:assert/strict";
import test from "node:test";

import { refusal, rerunQuestion } from "../../../web/dashboard/result/rerun_question.js";

const range = (low, expected, high) => ({ low, expected, high });
const ESTIMATE = {
  calls: range(1, 3, 5),
  inputTokens: range(1, 2, 3),
  outputTokens: range(5, 5, 5),
  cost: range(0.001, 0.12, 2),
  budget: null,
  limitedByBudget: false,
  isComplete: true,
};

test("a rerun that costs next to nothing is not asked about", () => {
  assert.equal(rerunQuestion({ ...ESTIMATE, cost: range(0, 0.001, 0.01) }, false), null);
  assert.equal(rerunQuestion({ ...ESTIMATE, cost: range(0, 0, 0) }, true), null);
});

test("one that may cost more than a cent is asked about with its most", () => {
  const asked = rerunQuestion(ESTIMATE, false);
  assert.match(asked, /expected to cost \$0.12 .* at most \$2.00/);
  assert.doesNotMatch(asked, /reused/);
});

test("where stages are reused it is told that they cost nothing", () => {
  assert.match(rerunQuestion(ESTIMATE, true), /at most \$2.00\. .*reused cost nothing, so it is at most that/);
  assert.match(rerunQuestion({ ...ESTIMATE, cost: null }, true), /Nobody knows .* reused cost nothing\.$/);
});

test("an unknown price, and an estimate that cannot be had, are asked about", () => {
  assert.match(rerunQuestion({ ...ESTIMATE, cost: null }, false), /^Nobody knows/);
  assert.match(rerunQuestion(null, false), /cannot be told/);
});

test("events that are gone are told with what to do instead", () => {
  assert.match(refusal({ code: "execution_not_found" }, "Execution not found"), /Run it again with changes/);
  assert.equal(refusal({ code: "queue_full" }, "The queue is full."), "The queue is full.");
});
