// The request of a whole form, where a refused one is at fault, which keys are missing, and drafts.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { EMPTY, forgetDraft, keepDraft, readDraft } from "../../../web/dashboard/run/draft.js";
import { placeOf } from "../../../web/dashboard/run/fault_place.js";
import { formOf } from "../../../web/dashboard/run/fields.js";
import { missingKeys } from "../../../web/dashboard/run/missing_keys.js";
import { NO_LIMITS } from "../../../web/dashboard/run/overrides.js";
import { draftOf, requestOf } from "../../../web/dashboard/run/request.js";

const OPTIMIZER = JSON.parse(readFileSync(new URL("pipelines.json", import.meta.url), "utf8"))["prompt-optimizer-v1"];
const FORM = { ...formOf(OPTIMIZER), models: OPTIMIZER.models };
const request = (draft) => requestOf(FORM, { ...EMPTY, prompt: "p", ...draft });

test("a form that only has a prompt sends nothing else", () => {
  assert.deepEqual(request({}), { prompt: "p", options: {}, faults: {}, missing: [], waiting: [] });
});

test("no prompt is missing, too long a one is at fault", () => {
  assert.deepEqual(request({ prompt: " \n" }).missing, ["primary"]);
  assert.deepEqual(request({ prompt: "😀".repeat(20_000) }).faults, {});
  assert.deepEqual(Object.keys(request({ prompt: "a".repeat(20_001) }).faults), ["primary"]);
});

test("other models and limits go along, and those of the pipeline itself do not", () => {
  const models = { fast: " openai:gpt-5-mini ", strong: "local:smollm2", judge: "" };
  const limits = { usd: "0.5", calls: "10", seconds: "", isFree: false };
  assert.deepEqual(request({ models, limits }).options, { models: { fast: "openai:gpt-5-mini" }, budget: { usd: 0.5, calls: 10 } });
  assert.deepEqual(request({ limits: { ...limits, isFree: true, calls: "" } }).options, { budget: { usd: null } });
});

test("models and limits of another form are at fault where they stand", () => {
  const { faults, options } = request({ models: { fast: "gpt" }, limits: { usd: "0", calls: "1.5", seconds: "x", isFree: false } });
  assert.deepEqual(Object.keys(faults), ["models.fast", "budget.usd", "budget.calls", "budget.seconds"]);
  assert.deepEqual(options, {});
});

test("an earlier request fills the form in, and the form makes the same request again", () => {
  const options = { n_cases: 4, strategies: ["restructure"], models: { fast: "openai:a" }, budget: { usd: null, calls: 3 } };
  const { draft, unknown } = draftOf(FORM, { prompt: "before", options });
  assert.deepEqual(unknown, []);
  assert.deepEqual(requestOf(FORM, draft), { prompt: "before", options, faults: {}, missing: [], waiting: [] });
});

test("an option named like an alias is that model; others that the form does not know are told", () => {
  const { draft, unknown } = draftOf(FORM, { prompt: "p", options: { target: "openai:b", gone: 1 } });
  assert.deepEqual([draft.models, unknown], [{ target: "openai:b" }, ["gone"]]);
});

test("the gateway's sentences lead to the field that they name", () => {
  const form = { primary: "prompt", names: ["n_cases", "n", "cases", "strategies"], aliases: ["fast"] };
  const places = {
    "cases.0.match: 'x' is not one of ['contains'].": ["option.cases", "Item 1, match: 'x' is not one of ['contains']."],
    "cases.11: this must be of type object.": ["option.cases", "Item 12: this must be of type object."],
    "n_cases: 100 is greater than the maximum of 64.": ["option.n_cases", "100 is greater than the maximum of 64."],
    "The option 'cases' is required.": ["option.cases", "The option 'cases' is required."],
    "prompt: this is longer than 20000 characters.": ["primary", "This is longer than 20000 characters."],
    "Input is required and must be a non-empty string": ["primary", "Input is required and must be a non-empty string"],
    "options.models.fast must be provider:model, for example openai:gpt-5-mini.": ["models.fast"],
    "options.fast must be provider:model, for example openai:gpt-5-mini.": ["models.fast"],
    "The pipeline has no model alias 'fa'; did you mean 'fast'?": ["models"],
    "options.budget.usd must be a number above 0, or null for no limit in dollars.": ["budget.usd"],
    "options.budget must map limits to numbers, for example {'usd': 0.5}.": ["budget"],
  };
  for (const [message, [place, told = message]] of Object.entries(places)) assert.deepEqual(placeOf(message, form), { place, message: told });
});

test("a sentence about no field leads nowhere", () => {
  const form = { primary: "prompt", names: ["cases"], aliases: [] };
  for (const message of ["The queue is full.", "The pipeline does not take the option 'foo'; there are: cases.", "The option 'gone' is required."]) {
    assert.equal(placeOf(message, form), null);
  }
});

test("a model without its key is told with the setting, before anything is run", () => {
  const overview = {
    runners: 1,
    keys: [{ setting: "OPENAI_API_KEY", provider: "openai", isSet: false }],
    models: [
      { use: "local:smollm2", provider: "local", key: null, usable: true, reason: null, usedBy: [] },
      { use: "anthropic:c", provider: "anthropic", key: "ANTHROPIC_API_KEY", usable: false, reason: "Set ANTHROPIC_API_KEY.", usedBy: [] },
    ],
  };
  const models = { fast: "local:smollm2", strong: "anthropic:c" };
  const prompts = [{ kind: "prompt", model: "fast" }];
  assert.deepEqual(missingKeys(overview, models, {}, prompts), []);
  assert.deepEqual(missingKeys(overview, models, {}, [{ kind: "call", model: "fast" }]), [{ alias: "strong", use: "anthropic:c", reason: "Set ANTHROPIC_API_KEY." }]);
  const [typed] = missingKeys(overview, models, { fast: "openai:x" }, prompts);
  assert.match(typed.reason, /^OPENAI_API_KEY is not set on any runner/);
  assert.deepEqual(missingKeys({ ...overview, runners: 0 }, models, { fast: "openai:x" }, prompts), []);
  assert.deepEqual(missingKeys(undefined, models, { fast: "openai:x" }, prompts), []);
});

/** A store that takes so many characters, and like those of the dashboard never throws. */
function store(most = Infinity) {
  const kept = new Map();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, text) => {
      if (text.length <= most) kept.set(key, text);
    },
    removeItem: (key) => kept.delete(key),
    kept,
  };
}

test("half of a character is replaced, as JSON cannot carry it", () => {
  const form = { ...formOf({ primary: "p", inputs: { p: {}, l: { type: "array", default: [], items: { type: "string" } } }, $defs: {} }), models: {} };
  const { prompt, options } = requestOf(form, { ...EMPTY, prompt: "a\ud83d, \ude00b, 😀", entries: { l: '["\ud800"]' } });
  assert.equal(prompt, "a\ufffd, \ufffdb, 😀");
  assert.deepEqual(options, { l: ["\ufffd"] });
});

test("a name that every object inherits is a name like any other", () => {
  const names = ["constructor", "toString", "valueOf", "__proto__"];
  const inputs = JSON.parse(`{"text": {"type": "string"}, ${names.map((name) => `"${name}": {"type": "string", "default": "d"}`)}}`);
  const models = JSON.parse(`{${names.map((name) => `"${name}": "a:b"`)}}`);
  const form = { ...formOf({ primary: "text", inputs, $defs: {} }), models };
  assert.deepEqual(requestOf(form, { ...EMPTY, prompt: "p" }).options, {});
  const options = JSON.parse(`{${names.map((name) => `"${name}": "x"`)}, "models": {${names.map((name) => `"${name}": "c:d"`)}}}`);
  const { draft, unknown } = draftOf(form, { prompt: "p", options });
  assert.deepEqual(unknown, []);
  assert.equal(JSON.stringify(requestOf(form, draft).options), JSON.stringify(options));
  assert.deepEqual(missingKeys({ runners: 1, keys: [], models: [] }, models, {}, [{ kind: "call", model: "toString" }]), []);
});

test("a draft is kept for its pipeline and its origin, until it is forgotten", () => {
  const storage = store();
  const draft = { prompt: "p", entries: { n_cases: "3" }, models: { fast: "a:b" }, limits: { ...NO_LIMITS, usd: "1" } };
  keepDraft(storage, "a", null, draft);
  assert.deepEqual(readDraft(storage, "a", null), draft);
  assert.equal(readDraft(storage, "a", "exec_1"), null);
  assert.equal(readDraft(storage, "b", null), null);
  forgetDraft(storage, "a", null);
  assert.equal(readDraft(storage, "a", null), null);
});

test("of a draft that is too large the rows are left out, and the prompt is kept", () => {
  const storage = store(20_000);
  keepDraft(storage, "a", null, { ...EMPTY, prompt: "p", entries: { n_cases: "3", cases: { rows: ["x".repeat(30_000)], source: "" } } });
  assert.deepEqual(readDraft(storage, "a", null)?.entries, { n_cases: "3" });
  keepDraft(store(0), "a", null, EMPTY); // and one that takes nothing is no fault
});

test("what another version left behind is no draft", () => {
  const storage = store();
  for (const text of ["{", "[]", "3", '{"prompt": 1}']) {
    storage.kept.set("stagecast.draft.a", text);
    assert.equal(readDraft(storage, "a", null), null);
  }
});
