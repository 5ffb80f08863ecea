// What is read of an optimization, and how it is told. That the server's report says the same: result_words.test.js.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { casesOf, tally, trusts, wordPayback } from "../../../web/dashboard/result/comparison.js";
import { optimizationOf } from "../../../web/dashboard/result/optimization.js";
import {
  cautions,
  headline,
  interval,
  isCompared,
  leastDecided,
  matchDigest,
  tiles,
  wordCounts,
  wordDelivered,
  wordInterval,
  wordSignTest,
} from "../../../web/dashboard/result/verdict.js";

const examples = new URL("../../../docs/examples/", import.meta.url);
const result = JSON.parse(readFileSync(new URL("optimization.json", examples), "utf8"));

const read = () => optimizationOf(structuredClone(result.output));
const changed = (change) => {
  const output = structuredClone(result.output);
  change(output);
  return output;
};
const withTest = (signTest, more = {}) => {
  const { evidence } = read();
  return { ...evidence, winner: "clarify", ...more, signTest: { ...evidence.signTest, ...signTest } };
};

test("what is left out of evidence takes its default", () => {
  const { evidence } = optimizationOf(
    changed((output) => {
      for (const name of ["signTest", "cases", "criteria", "perCase", "judge", "diff", "changes", "candidates", "optimization", "models", "cautions"]) {
        delete output.evidence[name];
      }
    }),
  );
  assert.equal(evidence.judge, null);
  assert.deepEqual(evidence.perCase, []);
  assert.equal(evidence.signTest.pValue, 1);
  assert.equal(evidence.optimization.cost, 0);
  assert.equal(wordCounts(evidence), "No rewrite was compared with the original on held-out cases.");
});

test("a cost that is null is not known, and never 0", () => {
  const { evidence } = optimizationOf(changed((output) => (output.evidence.optimization.cost = null)));
  assert.equal(evidence.optimization.cost, null);
  assert.equal(wordPayback(evidence), "");
});

test("what is no optimization, or an odd one, is none", () => {
  const odd = [
    null,
    "text",
    7,
    [],
    {},
    { optimizedPrompt: "x", verdict: "improved", reason: "y" },
    { optimizedPrompt: "x", verdict: "improved", reason: "y", evidence: null },
    changed((output) => (output.verdict = "wonderful")),
    changed((output) => (output.optimizedPrompt = { toString: "x" })),
    changed((output) => delete output.evidence.originalUse),
    changed((output) => (output.evidence.originalUse = [])),
    changed((output) => (output.evidence.perCase[0].outcome = "constructor")),
    changed((output) => (output.evidence.perCase[0].optimized = null)),
    changed((output) => (output.evidence.perCase = { length: 3 })),
    changed((output) => (output.evidence.diff = "x")),
    changed((output) => (output.evidence.signTest.wins = "3")),
    changed((output) => (output.evidence.candidates = [null])),
    changed((output) => (output.evidence.models = { a: {} })),
  ];
  for (const output of odd) assert.equal(optimizationOf(output), null, JSON.stringify(output)?.slice(0, 80));
});

test("losses come first, then ties, then wins, each by number", () => {
  const [first] = read().evidence.perCase;
  const perCase = [["win", 3], ["loss", 9], ["tie", 4], ["loss", 2], ["win", 1]].map(([outcome, number]) => ({
    ...first,
    split: "held_out",
    outcome,
    number,
  }));
  const cases = casesOf({ perCase }, "held_out");
  assert.deepEqual(cases.map(({ number }) => number), [2, 9, 4, 1, 3]);
  assert.deepEqual(tally(cases), { win: 2, tie: 1, loss: 2 });
  assert.deepEqual(casesOf({ perCase }, "tuning"), []);
});

test("a sign test is worded by what it shows", () => {
  assert.match(wordSignTest(withTest({ wins: 9, ties: 0, losses: 1, pValue: 0.02, leastPValue: 0.002 })), /2\u00a0% of the time\. Below 5\u00a0%, a difference counts/);
  assert.match(wordSignTest(withTest({ wins: 4, ties: 5, losses: 3, pValue: 0.9, leastPValue: 0.001 })), /so this shows none\.$/);
  assert.match(wordSignTest(withTest({ wins: 4, ties: 0, losses: 0, pValue: 0.125, leastPValue: 0.125 })), /at least 6 decided cases are needed\.$/);
  assert.match(wordSignTest(withTest({ wins: 3, ties: 0, losses: 3, pValue: 1 })), /always split them so/);
  assert.match(wordSignTest(withTest({ wins: 0, ties: 8, losses: 0 })), /^Every case was a tie/);
  assert.equal(wordSignTest(withTest({ wins: 3 }, { winner: "original" })), "");
});

test("the least number of decided cases is that of the test", () => {
  assert.equal(leastDecided(0.05), 6);
  assert.equal(leastDecided(0.01), 8);
});

test("a delivered original is said to be one, and what was tried is counted", () => {
  const evidence = withTest({}, { isOriginalDelivered: true, verdict: "regressed", candidates: [{}, {}] });
  assert.equal(headline(evidence), "The best rewrite does worse: you get your original prompt back.");
  assert.equal(wordDelivered(evidence), "This is your original prompt, letter for letter. What was tried, 2 rewrites, is listed below.");
});

test("held-out cases that were not compared are a caution, and so is a digest of another prompt", () => {
  const evidence = withTest({}, { cautions: ["First."], cases: { heldOut: 6, heldOutTried: 5, untriedBecause: null } });
  assert.deepEqual(cautions(evidence, false), [
    "First.",
    "1 of 6 held-out cases was not compared: the optimization ended before.",
    "The digest of the delivered prompt is not that of the prompt that was tested.",
  ]);
});

test("the digest tells the prompt that was tested from any other", async () => {
  const evidence = { testedDigest: "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", isOriginalDelivered: false };
  assert.equal(await matchDigest({ optimizedPrompt: "abc", evidence }), true);
  assert.equal(await matchDigest({ optimizedPrompt: "abd", evidence }), false);
  assert.equal(await matchDigest({ optimizedPrompt: "abc", evidence: { ...evidence, testedDigest: null } }), null);
});

test("the bar of outcomes is full, a tile a case while there is room", () => {
  const few = tiles({ wins: 2, ties: 1, losses: 1 });
  assert.deepEqual(few.map(({ outcome, x, width }) => [outcome, x, width]), [["win", 0, 25], ["win", 25, 25], ["tie", 50, 25], ["loss", 75, 25]]);
  const many = tiles({ wins: 390, ties: 0, losses: 10 });
  assert.deepEqual(many.map(({ outcome, width, label }) => [outcome, width, label]), [["win", 97.5, "▲"], ["loss", 2.5, ""]]);
  assert.deepEqual(tiles({ wins: 0, ties: 0, losses: 0 }), []);
});

test("an interval holds its point, and there is none where nothing was decided", () => {
  assert.deepEqual(interval({ wins: 1, losses: 1, winShareLow: 0.6, winShareHigh: 7 }), { low: 50, point: 50, high: 100 });
  assert.equal(interval({ wins: 0, losses: 0, winShareLow: 0, winShareHigh: 1 }), null);
});

test("a judge that decided nothing has no share of longer answers", () => {
  const signs = trusts({ model: "m", pairs: 1, flips: 1, flipRate: 1, firstShare: 0.5, longerShare: null });
  assert.equal(signs[2].share, "unknown");
  assert.equal(signs[2].part, null);
  assert.equal(signs[0].share, "100\u00a0%");
});

test("only a rewrite that was compared is compared", () => {
  assert.equal(isCompared(withTest({ wins: 1, ties: 0, losses: 0 })), true);
  assert.equal(isCompared(withTest({ wins: 0, ties: 0, losses: 0 })), false);
});
