// What is said of models and keys, and the examples that are made for a gateway.

import assert from "node:assert/strict";
import { test } from "node:test";

import { aliasExample, codeIn, isOnlyBuiltInUsable, keyToSet, standing, usersOf } from "../../../web/dashboard/browse/model_setup.js";

const key = (setting, isSet, provider = setting.split("_")[0].toLowerCase()) => ({ setting, provider, isSet });
const model = (use, usable, { needs = null, usedBy = [{ pipelineId: "p", alias: "fast" }] } = {}) => ({
  use,
  provider: use.split(":")[0],
  key: needs,
  usable,
  reason: null,
  usedBy,
});
const BUILT_IN = model("local:smollm2", true);
const NO_KEYS = [key("ANTHROPIC_API_KEY", false), key("OPENAI_API_KEY", false)];

test("what is most pressing is said first", () => {
  const missing = model("openai:gpt-5", false, { needs: "OPENAI_API_KEY" });
  assert.equal(standing({ runners: 0, keys: [], models: [missing] }), "no_runner");
  assert.equal(standing({ runners: null, keys: [], models: [missing] }), "unknown");
  assert.equal(standing({ runners: 2, keys: [], models: [BUILT_IN, missing] }), "missing");
  assert.equal(standing({ runners: 2, keys: [], models: [BUILT_IN] }), "ready");
});

test("only the built-in model is usable where all others lack a key or are scripted, and not where none is known", () => {
  const isOnly = (...models) => isOnlyBuiltInUsable({ runners: 1, keys: [], models });
  assert.equal(isOnly(BUILT_IN, model("openai:gpt-5", false), model("scripted:echo", true)), true);
  assert.equal(isOnly(BUILT_IN, model("openai:gpt-5", true)), false);
  assert.equal(isOnly(model("local:smollm2", null)), false);
  assert.equal(isOnly(), false);
});

test("a pipeline is named once with all its aliases", () => {
  const usedBy = [
    { pipelineId: "a", alias: "fast" },
    { pipelineId: "b", alias: "fast" },
    { pipelineId: "a", alias: "strong" },
  ];
  assert.deepEqual(usersOf(usedBy), [
    { pipelineId: "a", aliases: ["fast", "strong"] },
    { pipelineId: "b", aliases: ["fast"] },
  ]);
});

test("the key to set is the one that a model waits for, else one that is not set", () => {
  const waiting = model("openai:qwen3", false, { needs: "OURS_API_KEY" });
  assert.equal(keyToSet({ runners: 1, keys: [...NO_KEYS, key("OURS_API_KEY", false)], models: [waiting] }).setting, "OURS_API_KEY");
  assert.equal(keyToSet({ runners: 1, keys: [key("A_API_KEY", true), key("B_API_KEY", false)], models: [] }).setting, "B_API_KEY");
  assert.equal(keyToSet({ runners: 1, keys: [], models: [] }), null);
});

test("the example points an alias that there is at a model whose key is set", () => {
  const models = [model("openai:gpt-5", true, { usedBy: [{ pipelineId: "o", alias: "big" }] }), BUILT_IN];
  const withAnthropic = aliasExample({ runners: 1, keys: [key("ANTHROPIC_API_KEY", true), key("OPENAI_API_KEY", false)], models });
  assert.equal(withAnthropic.alias, "fast");
  assert.equal(withAnthropic.setting, `export STAGECAST_MODELS='{"fast":{"use":"anthropic:claude-haiku-4-5"}}'`);
  assert.match(withAnthropic.option, /^stagecast run p .*--option 'models=\{"fast":"anthropic:claude-haiku-4-5"\}'$/);
  assert.match(aliasExample({ runners: 1, keys: NO_KEYS, models }).setting, /anthropic:claude-haiku-4-5/); // whose key is spoken of
  assert.match(aliasExample({ runners: 1, keys: [], models }).setting, /openai:gpt-5-mini/);
  assert.equal(aliasExample({ runners: 1, keys: NO_KEYS, models: [] }), null);
});

test("settings and commands in a sentence are told apart", () => {
  const parts = (sentence) => codeIn(sentence).map(({ text, isCode }) => (isCode ? `[${text}]` : text)).join("");
  assert.equal(parts("Set OURS_API_KEY for the runner and start it again."), "Set [OURS_API_KEY] for the runner and start it again.");
  assert.equal(parts("No runner: start one with `stagecast up`."), "No runner: start one with [stagecast up].");
  assert.equal(parts("A plain <b>sentence</b> of SDKs."), "A plain <b>sentence</b> of SDKs.");
});
