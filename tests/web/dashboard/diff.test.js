// Two texts word by word, and two results field by field.

import assert from "node:assert/strict";
import { test } from "node:test";

import { asText, comparedOutputs, figureRows, isSame, optionRows, stagePairs } from "../../../web/dashboard/compare/comparing.js";
import { filledIn } from "../../../web/dashboard/result/result_fields.js";
import { changeCount, isDiffOf, joined, sides, wordDiff } from "../../../web/dashboard/result/word_diff.js";

const result = (fields) => filledIn({ executionId: "exec_1", pipelineId: "p", ...fields });
const stage = (stageId, fields) => ({ stageId, stageName: stageId.toUpperCase(), status: "success", ...fields });

test("the sides of a diff are the texts, letter for letter", () => {
  const texts = ["", "a", "a b  c\n\nd", "<script>{{ x }}</script> a, b.", "\tשלום\u202e 👩‍👧 naïve", "a  b c", "one two three"];
  for (const before of texts) {
    for (const after of texts) {
      const parts = wordDiff(before, after);
      const both = sides(parts);
      assert.equal(joined(both.before), before);
      assert.equal(joined(both.after), after);
      assert.equal(isDiffOf(parts, before, after), true);
    }
  }
});

test("only words that differ are marked", () => {
  assert.deepEqual(
    wordDiff("say it now", "say that now").map(({ kind, text }) => [kind, text]),
    [["equal", "say "], ["delete", "it"], ["insert", "that"], ["equal", " now"]],
  );
});

test("a run of changed words is one change", () => {
  const parts = wordDiff("keep one two three. End", "keep four five six. End");
  assert.equal(changeCount(parts), 1);
  assert.deepEqual(parts.filter(({ kind }) => kind !== "equal").map(({ text, change }) => [text, change]), [["one two three", 1], ["four five six", 1]]);
});

test("a short word between two long changes is taken into them, a placeholder or a long one is not", () => {
  const parts = wordDiff("first part of it and second part of it.", "entirely new words and nothing left alone.");
  assert.equal(changeCount(parts), 1);
  const kept = wordDiff("some old words {message} other old words.", "brand new text {message} quite new things.");
  assert.equal(changeCount(kept), 2);
  assert.equal(changeCount(wordDiff("a unmistakable b", "c unmistakable d")), 2);
});

test("changes are counted apart", () => {
  assert.equal(changeCount(wordDiff("a b c d e", "x b c d y")), 2);
  assert.equal(changeCount(wordDiff("a", "a")), 0);
});

test("a file's own diff is believed only where its parts are the texts", () => {
  const parts = [{ kind: "equal", text: "a ", change: null }, { kind: "delete", text: "b", change: 1 }, { kind: "insert", text: "c", change: 1 }];
  assert.equal(isDiffOf(parts, "a b", "a c"), true);
  assert.equal(isDiffOf(parts, "a b", "a d"), false);
});

test("texts that are too long or too different are given up on soon", () => {
  assert.equal(wordDiff("a ".repeat(80_000), "b ".repeat(80_000)), null);
  const words = (seed) => Array.from({ length: 15_000 }, (_, at) => `w${(at * seed) % 7919}`).join(" ");
  const began = performance.now();
  wordDiff(words(31), words(97));
  assert.ok(performance.now() - began < 5_000);
});

test("long texts that are the same are the same at once", () => {
  const text = "word ".repeat(300_000);
  assert.equal(changeCount(wordDiff(text, text)), 0);
});

test("figures tell how far the second is from the first", () => {
  const one = result({ summary: { totalDuration: 1000, totalCost: 0.01, totalInputTokens: 10, totalOutputTokens: 5, stagesRun: 3 } });
  const other = result({ summary: { totalDuration: 500, totalCost: null, totalInputTokens: 10, totalOutputTokens: 10, stagesRun: 1 } });
  const rows = Object.fromEntries(figureRows(one, other).map(({ label, one: a, other: b, difference }) => [label, [a, b, difference]]));
  assert.deepEqual(rows.Duration, ["1.0 s", "500 ms", "\u221250\u00a0%"]);
  assert.deepEqual(rows.Cost, ["$0.01", "unknown", ""]);
  assert.deepEqual(rows["Tokens read"], ["10", "10", "the same"]);
  assert.deepEqual(rows["Stages run"], ["3", "1", "\u22122"]);
});

test("options that differ are those, whatever the order of their fields", () => {
  const rows = optionRows({ a: 1, b: { x: 1, y: [2] }, c: null }, { b: { y: [2], x: 1 }, a: 2, d: false });
  assert.deepEqual(rows.map(({ name, isInOne, isInOther }) => [name, isInOne, isInOther]), [["a", true, true], ["c", true, false], ["d", false, true]]);
  assert.equal(isSame({ a: [] }, { a: {} }), false);
  assert.equal(isSame([["a", 1]], { a: 1 }), false);
});

test("stages are paired by id, and one that only one side has stands where it was", () => {
  const pairs = stagePairs(
    result({ stages: [stage("a"), stage("c")] }),
    result({ stages: [stage("a", { duration: 5 }), stage("b"), stage("c"), stage("d")] }),
  );
  assert.deepEqual(pairs.map(({ stageId, one, other }) => [stageId, one !== null, other !== null]), [
    ["a", true, true],
    ["b", false, true],
    ["c", true, true],
    ["d", false, true],
  ]);
});

test("outputs are compared where both have one", () => {
  assert.equal(comparedOutputs(result({ output: "a" }), result({ output: null })), null);
  assert.deepEqual(comparedOutputs(result({ output: "a" }), result({ output: { b: 1 } })), {
    title: "Outputs",
    noun: "output",
    one: "a",
    other: '{\n  "b": 1\n}',
  });
  assert.equal(asText(undefined), "");
});
