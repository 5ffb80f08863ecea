// The dashboard tells an optimization in the very words of the server's report. STAGECAST_TEST_EXAMPLES is a folder of
// results (`x.json`), each with its report (`x.html`); left out: docs/examples.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { candidatesOf, criterionRows, glance, trusts, useRows, wordPayback, wordTuning } from "../../../web/dashboard/result/comparison.js";
import { optimizationOf } from "../../../web/dashboard/result/optimization.js";
import * as verdict from "../../../web/dashboard/result/verdict.js";

const folder = process.env.STAGECAST_TEST_EXAMPLES ?? fileURLToPath(new URL("../../../docs/examples/", import.meta.url));
const names = readdirSync(folder).filter((name) => name.endsWith(".json"));

const CHARACTERS = { "&#39;": "'", "&#34;": '"', "&lt;": "<", "&gt;": ">", "&amp;": "&" };
const wordsOf = (page) => page.replaceAll(/<[^>]*>/g, "").replaceAll(/&(#39|#34|lt|gt|amp);/g, (name) => CHARACTERS[name]);

function sentencesOf(optimization) {
  const { evidence } = optimization;
  const rows = (pairs) => pairs.flatMap(({ label, before, after, change }) => [label, before, after, change]);
  const compared = verdict.isCompared(evidence) ? rows(useRows(evidence)) : [];
  const decided = verdict.isCompared(evidence) && verdict.interval(evidence.signTest) !== null;
  return [
    verdict.headline(evidence),
    optimization.reason,
    verdict.wordDelivered(evidence),
    verdict.wordCounts(evidence),
    verdict.wordSignTest(evidence),
    decided ? verdict.wordInterval(evidence.signTest) : "",
    wordPayback(evidence),
    ...verdict.cautions(evidence, null),
    ...(evidence.judge === null ? [] : trusts(evidence.judge).flatMap(({ label, share, means }) => [label, share, means])),
    ...glance(evidence).flatMap(({ label, value, note }) => [label, value, note]),
    ...compared,
    ...rows(criterionRows(evidence)),
    ...candidatesOf(evidence).map(wordTuning),
  ].filter((sentence) => sentence !== "");
}

for (const name of names) {
  test(`each sentence about ${name} stands in the server's report of it`, () => {
    const optimization = optimizationOf(JSON.parse(readFileSync(join(folder, name), "utf8")).output);
    assert.notEqual(optimization, null);
    const said = wordsOf(readFileSync(join(folder, name.replace(/json$/, "html")), "utf8"));
    const sentences = sentencesOf(optimization);
    assert.ok(sentences.length >= 5);
    for (const sentence of sentences) assert.ok(said.includes(sentence), `the report does not say: ${sentence}`);
  });
}

test("there is an example to look at", () => assert.notEqual(names.length, 0));
