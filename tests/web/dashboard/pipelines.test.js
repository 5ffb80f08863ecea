// How pipeline files and pipelines are put together, and where their problems are shown.

import assert from "node:assert/strict";
import { test } from "node:test";

import { entriesOf, placeOf, problemsByLine } from "../../../web/dashboard/browse/pipeline_list.js";

const problem = (line, column = null) => ({ line, column, path: "", message: `in ${line}` });
const pipeline = (filename, id) => ({ filename, id, name: id, version: "1", description: "", stageCount: 1, defaultProvider: null });

test("broken files come first, and are no pipeline even where one of that file is still known", () => {
  const files = [
    { filename: "a.yaml", id: "a", problems: [] },
    { filename: "b.yaml", id: "b", problems: [problem(1)] },
  ];
  const entries = entriesOf(files, [pipeline("a.yaml", "a"), pipeline("b.yaml", "b")]);
  assert.deepEqual(entries.map(({ filename, pipeline }) => [filename, pipeline?.id]), [["b.yaml", undefined], ["a.yaml", "a"]]);
});

test("who may not see files sees the pipelines, by file name", () => {
  const entries = entriesOf(null, [pipeline("b.yaml", "b"), pipeline("a.yaml", "a")]);
  assert.deepEqual(entries.map(({ filename, problems }) => [filename, problems]), [["a.yaml", []], ["b.yaml", []]]);
});

test("a place is told as far as it is known", () => {
  assert.equal(placeOf(problem(3, 7)), "line 3, column 7");
  assert.equal(placeOf(problem(3)), "line 3");
  assert.equal(placeOf(problem(null)), "");
});

test("each problem of a line that there is stands by it, one behind the end by the last one", () => {
  const found = problemsByLine([problem(2), problem(2, 5), problem(99), problem(null)], 10);
  assert.deepEqual([...found].map(([line, problems]) => [line, problems.length]), [[2, 2], [10, 1]]);
});
