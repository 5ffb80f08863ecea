// What today's pipeline file adds to an execution whose events are gone.

import assert from "node:assert/strict";
import test from "node:test";

import { withDefinition } from "../../../web/dashboard/watch/definition.js";

const execution = { isWhole: false, pipelineId: "p-v1", pipelineName: "p-v1", stages: [{ id: "b", needs: [] }, { id: "a", needs: ["b"] }] };
const detail = (...ids) => ({ pipeline: { id: "p-v1", name: "P" }, stages: ids.map((id, index) => ({ id, needs: index === 0 ? [] : [ids[index - 1]] })) });

test("the same stages: their name, order and needs are known again", () => {
  const known = withDefinition(execution, detail("a", "b"));
  assert.equal(known.pipelineName, "P");
  assert.deepEqual(known.stages, [{ id: "a", needs: [] }, { id: "b", needs: ["a"] }]);
});

test("other stages, another pipeline, or none: nothing is made up", () => {
  assert.deepEqual(withDefinition(execution, detail("a", "c")).stages, execution.stages);
  assert.equal(withDefinition(execution, { ...detail("a", "b"), pipeline: { id: "q-v1", name: "Q" } }), execution);
  assert.equal(withDefinition(execution, null), execution);
});

test("an execution whose events are there says all itself", () => {
  const whole = { ...execution, isWhole: true };
  assert.equal(withDefinition(whole, detail("a", "b")), whole);
});
