// Numbers, shapes and names of a result.

import assert from "node:assert/strict";
import { test } from "node:test";

import { downloadName } from "../../../web/dashboard/result/download_name.js";
import { fraction, wordChance, wordChange, wordMean, wordPoints, wordShare } from "../../../web/dashboard/result/figures.js";
import { unseenIn } from "../../../web/dashboard/result/foreign.js";
import { hintFor } from "../../../web/dashboard/result/hints.js";
import { shapeOf } from "../../../web/dashboard/result/output_shape.js";
import { filledIn, hasCost, namedCost, totalCost } from "../../../web/dashboard/result/result_fields.js";

const stage = (fields) => ({ stageId: "a", status: "success", model: null, cost: 0, reusedFrom: null, ...fields });

test("a share that is not quite all or nothing is never rounded to it", () => {
  const shares = [0, 1, 0.5, 0.0004, 0.004, 0.997, 0.9999, null, NaN];
  assert.deepEqual(
    shares.map((share) => wordShare(share).replace("\u00a0", " ")),
    ["0 %", "100 %", "50 %", "less than 0.1 %", "0.4 %", "99.7 %", "over 99.9 %", "unknown", "unknown"],
  );
});

test("a chance is as exact as it takes to tell it from the limit", () => {
  assert.equal(wordChance(0.0486, 0.05), "4.9\u00a0%");
  assert.equal(wordChance(0.05, 0.05), "5\u00a0%");
  assert.equal(wordChance(0.3, 0.05), "30\u00a0%");
});

test("a change says its way, and nothing where there is no telling", () => {
  assert.equal(wordChange(100, 108), "+8\u00a0%");
  assert.equal(wordChange(100, 50), "\u221250\u00a0%");
  assert.equal(wordChange(100, 100), "the same");
  assert.equal(wordChange(1000, 1001), "about the same");
  assert.equal(wordChange(0, 5), "");
  assert.equal(wordChange(null, 5), "");
  assert.equal(wordPoints(0.5, 0.51), "+1 point");
  assert.equal(wordPoints(1, 0.2), "\u221280 points");
});

test("means have decimals only where they matter", () => {
  assert.deepEqual([58.2, 3.14, 3, 1234.5, null].map(wordMean), ["58", "3.1", "3", "1,235", "unknown"]);
});

test("a part of nothing is nothing, and never more than all", () => {
  assert.deepEqual([fraction(1, 0), fraction(3, 2), fraction(-1), fraction(null), fraction(1, 4)], [0, 1, 0, 0, 0.25]);
});

test("a result without its fields still has all of them", () => {
  const result = filledIn({ executionId: "exec_1", stages: null, summary: null, input: null });
  assert.deepEqual(result.stages, []);
  assert.deepEqual(result.input, { prompt: "", options: {} });
  assert.equal(result.summary.totalCost, null);
  assert.equal(result.output, null);
  assert.equal(totalCost(result), "unknown");
});

test("a cost that is known in part is said to be at least that; what was reused was paid before", () => {
  const stages = [stage({ cost: 0.01 }), stage({ cost: null }), stage({ cost: 5, reusedFrom: "exec_0" })];
  assert.equal(totalCost({ summary: { totalCost: null }, stages }), "≥ $0.01");
  assert.equal(totalCost({ summary: { totalCost: 0 }, stages }), "$0");
});

test("a stage that asked no model has no cost worth a word", () => {
  assert.equal(hasCost(stage({})), false);
  assert.equal(hasCost(stage({ model: "openai:gpt-5" })), true);
  assert.equal(hasCost(stage({ cost: null })), true);
  assert.equal(hasCost(stage({ status: "skipped", cost: null })), false);
  assert.deepEqual([namedCost(null), namedCost(0)], ["cost unknown", "$0"]);
});

test("a value is shown as what it is best read as", () => {
  assert.equal(shapeOf(null).kind, "none");
  assert.deepEqual(shapeOf("short"), { kind: "text", text: "short", isLong: false });
  assert.equal(shapeOf("two\nlines").isLong, true);
  assert.deepEqual(shapeOf(["a", "b"]), { kind: "texts", texts: ["a", "b"] });
  assert.equal(shapeOf(["a", 1]).kind, "json");
  assert.equal(shapeOf([]).kind, "json");
  assert.equal(shapeOf(Array(1000).fill("a")).kind, "json");
  assert.deepEqual(shapeOf({ a: 1 }), { kind: "fields", fields: [{ name: "a", value: 1 }] });
  assert.equal(shapeOf(Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`f${at}`, at]))).kind, "json");
  assert.equal(shapeOf(7).kind, "json");
});

test("characters that cannot be seen are named, each once", () => {
  assert.deepEqual(unseenIn("plain\ttext\r\nof two lines 👩‍👧 שלום"), []);
  assert.deepEqual(unseenIn("a\u202eb\u202ec\u200bd"), ["U+202E", "U+200B"]);
  assert.deepEqual(unseenIn("\ud800"), ["U+D800"]);
});

test("each known error has something to do, and an unknown one nothing", () => {
  for (const code of ["missing_setting", "refused_key", "timeout", "budget_exceeded", "schema_mismatch", "runner_lost"]) {
    assert.match(hintFor(code).text, /\.$/, code);
  }
  assert.equal(hintFor("missing_setting").place, "models");
  for (const code of [null, undefined, "no_such_code", "constructor", "__proto__"]) assert.equal(hintFor(code), null);
});

test("a download is named as the result was saved", () => {
  assert.equal(downloadName("echo-v1_2026.json", "json"), "echo-v1_2026.json");
  assert.equal(downloadName("echo-v1_2026.json", "md"), "echo-v1_2026.md");
  assert.equal(downloadName("a.json.json", "html"), "a.json.html");
});
