// The form that schemas make, and the options that a filled-in form makes. The schemas are those of the shipped pipelines.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { entriesOf, entryOf, initialEntry, isChanged, optionsOf } from "../../../web/dashboard/run/entries.js";
import { fieldOf, formOf } from "../../../web/dashboard/run/fields.js";
import { readEntry } from "../../../web/dashboard/run/reading.js";
import { isSame } from "../../../web/dashboard/run/schema.js";
import { chance, valueOf } from "./values.js";

const PIPELINES = Object.entries(JSON.parse(readFileSync(new URL("pipelines.json", import.meta.url), "utf8")));
const ROUNDS = 200;
const field = (schema, defs = {}) => fieldOf("x", schema, defs);
const clone = (value) => JSON.parse(JSON.stringify(value));

test("each input of the shipped pipelines gets the control that fits it", () => {
  const controls = Object.fromEntries(
    PIPELINES.map(([id, pipeline]) => [id, formOf(pipeline).fields.map(({ name, control }) => `${name} ${control}`).join(", ")]),
  );
  assert.deepEqual(controls, {
    "echo-v1": "stages number, delay_ms number, fail_stage number, payload_bytes number",
    "pipeline-generator-v1": "id text, model text, detail choice, save boolean",
    "prompt-optimizer-v1":
      "cases rows, n_cases number, checks rows, strategies ticks, seed number, max_tuning number, max_held_out number, max_parallel number",
    "summarize-v1": "shown_chars number",
  });
});

for (const [id, pipeline] of PIPELINES) {
  const { primary, fields } = formOf(pipeline);

  test(`${id}: any value that fits a field's schema is read back from what the field shows`, () => {
    const random = chance(7);
    for (const one of [primary, ...fields]) {
      for (let round = 0; round < ROUNDS; round += 1) {
        const value = valueOf(pipeline.inputs[one.name], pipeline.$defs, random);
        const read = readEntry(one, clone(entryOf(one, value))); // cloned as a draft is
        const wanted = value === "" && !("value" in read) ? {} : { value };
        assert.deepEqual(read, wanted, `${one.name}: ${JSON.stringify(value)}`);
      }
    }
  });

  test(`${id}: options taken over make the same options again`, () => {
    const random = chance(11);
    for (let round = 0; round < ROUNDS; round += 1) {
      const options = {};
      for (const one of fields) {
        const value = valueOf(pipeline.inputs[one.name], pipeline.$defs, random);
        if (random() < 0.5 && !isSame(value, one.fallback)) options[one.name] = value;
      }
      const { entries, unknown } = entriesOf(fields, options);
      assert.deepEqual(optionsOf(fields, clone(entries)), { options, faults: {}, missing: [], waiting: [] });
      assert.deepEqual(unknown, []);
    }
  });

  test(`${id}: what nobody touched, or is put back to its default, is not sent`, () => {
    assert.deepEqual(optionsOf(fields, {}), { options: {}, faults: {}, missing: [], waiting: [] });
    const shown = Object.fromEntries(fields.map((one) => [one.name, entryOf(one, one.fallback)]));
    assert.deepEqual(optionsOf(fields, shown), { options: {}, faults: {}, missing: [], waiting: [] });
    for (const one of fields) assert.equal(isChanged(one, shown[one.name]), false);
  });
}

test("numbers are held to their bounds, and whole ones to being whole", () => {
  const whole = field({ type: "integer", minimum: 1, maximum: 6, default: 2 });
  assert.deepEqual(["1", "6", "7", "0", "1.5", "1e400", ""].map((typed) => readEntry(whole, typed)), [
    { value: 1 },
    { value: 6 },
    { fault: "At most 6." },
    { fault: "At least 1." },
    { fault: "This must be a whole number." },
    { fault: "This is not a number." },
    {},
  ]);
  const open = field({ type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1 });
  assert.deepEqual(["0", "0.5", "1"].map((typed) => readEntry(open, typed)), [{ fault: "More than 0." }, { value: 0.5 }, { fault: "Less than 1." }]);
});

test("an arrow key goes as far as makes sense", () => {
  const step = (schema) => field(schema).bounds.step;
  assert.deepEqual(
    [{ type: "integer" }, { type: "number", minimum: 0, maximum: 1 }, { type: "number" }, { type: "number", multipleOf: 0.25 }].map(step),
    [1, 0.05, "any", 0.25],
  );
});

test("characters are counted as the gateway counts them: an emoji is one", () => {
  const short = field({ type: "string", maxLength: 2, default: "" });
  assert.deepEqual(readEntry(short, "😀😀"), { value: "😀😀" });
  assert.deepEqual(readEntry(short, "abc"), { fault: "At most 2 characters; these are 3." });
});

test("a field without a default is missing until it is filled in, and then sent whatever it says", () => {
  const fields = [field({ type: "string" })];
  assert.deepEqual(optionsOf(fields, {}), { options: {}, faults: {}, missing: ["x"], waiting: [] });
  assert.deepEqual(optionsOf(fields, { x: "" }).missing, ["x"]);
  assert.deepEqual(optionsOf(fields, { x: "y" }), { options: { x: "y" }, faults: {}, missing: [], waiting: [] });
  assert.deepEqual(optionsOf([field({ type: "boolean" })], {}).options, { x: false });
});

test("a text whose default is not empty can be emptied", () => {
  assert.deepEqual(optionsOf([field({ type: "string", default: "a" })], { x: "" }).options, { x: "" });
});

test("ticks take the choices, and more as JSON", () => {
  const ways = field({ type: "array", minItems: 1, default: ["a"], items: { anyOf: [{ enum: ["a", "b"] }, { type: "object" }] } });
  assert.equal(ways.takesMore, true);
  assert.deepEqual(readEntry(ways, { ticked: ["b"], more: '{"id": 1}' }), { value: ["b", { id: 1 }] });
  assert.deepEqual(readEntry(ways, { ticked: [], more: "" }), { fault: "At least 1; there is none." });
  assert.match(readEntry(ways, { ticked: [], more: "[" }).fault, /^This is not valid JSON: /);
  assert.equal(field({ type: "array", items: { enum: ["a"] } }).takesMore, false);
});

test("rows can be edited as JSON, which must be a list", () => {
  const rows = field({ type: "array", maxItems: 1, default: [], items: { type: "object" } });
  assert.deepEqual(readEntry(rows, { text: '[{"a": 1}]' }), { value: [{ a: 1 }] });
  assert.deepEqual(readEntry(rows, { text: "{}" }), { fault: "This must be a list, like [{…}, {…}]." });
  assert.deepEqual(readEntry(rows, { rows: [{}, {}], source: "x.csv" }), { fault: "At most 1; there are 2." });
});

test("what is pasted counts once it is read, and is at fault where it cannot be", () => {
  const rows = field({ type: "array", default: [], items: { type: "object" } });
  const pasted = { rows: [], source: "", pasted: "a\n1" };
  assert.deepEqual(optionsOf([rows], { x: pasted }), { options: {}, faults: {}, missing: [], waiting: ["x"] });
  assert.equal(isChanged(rows, pasted), true);
  assert.deepEqual(optionsOf([rows], { x: { ...pasted, fault: "No." } }), { options: {}, faults: { x: "No." }, missing: [], waiting: [] });
  const read = { ...pasted, rows: [{ a: 1 }], isRead: true };
  assert.deepEqual(optionsOf([rows], { x: read }), { options: { x: [{ a: 1 }] }, faults: {}, missing: [], waiting: [] });
});

test("a required list of objects begins without rows, which are missing until there are some", () => {
  const rows = field({ type: "array", items: { type: "object" } });
  assert.deepEqual(initialEntry(rows), { rows: [], source: "" });
  for (const entry of [undefined, { rows: [], source: "" }]) assert.deepEqual(optionsOf([rows], entry ? { x: entry } : {}).missing, ["x"]);
  assert.deepEqual(readEntry(rows, entryOf(rows, [])), { value: [] }); // that of an earlier run
});

test("a list of texts is written one a line, and as JSON where lines cannot say it", () => {
  const lines = field({ type: "array", default: ["a"], items: { type: "string" } });
  assert.equal(lines.control, "lines");
  assert.deepEqual(readEntry(lines, "a\n\nb c\n"), { value: ["a", "b c"] });
  for (const value of [["a"], ["a\nb"], ["[a"], [""], []]) assert.deepEqual(readEntry(lines, entryOf(lines, value)), { value });
  const none = field({ type: "array", default: [], items: { type: "string" } });
  assert.deepEqual([entryOf(none, []), readEntry(none, "")], ["", {}]);
});

test("references are followed, also around in a circle, and null beside one alternative changes nothing", () => {
  const defs = { a: { $ref: "#/$defs/b" }, b: { type: "integer", maximum: 3 }, loop: { $ref: "#/$defs/loop" } };
  assert.deepEqual(field({ $ref: "#/$defs/a", default: 1 }, defs).bounds, { most: 3, step: 1 });
  assert.equal(field({ $ref: "#/$defs/loop" }, defs).control, "json");
  assert.equal(field({ $ref: "#/$defs/gone" }, defs).control, "json");
  assert.equal(field({ anyOf: [{ type: "string" }, { type: "null" }], default: null }).control, "text");
});

test("what no control can hold a value to is told before", () => {
  assert.deepEqual(field({ type: "string", pattern: "^a+$", format: "date" }).rules, ["A date like 2026-01-31.", "It must match ^a+$"]);
  assert.deepEqual(field({ type: "number", multipleOf: 0.25, default: 1 }).rules, ["A multiple of 0.25."]);
});

test("what can only be one value is that, and nobody has to choose it", () => {
  const fixed = field({ const: "fixed" });
  assert.deepEqual([fixed.control, initialEntry(fixed)], ["choice", '"fixed"']);
  assert.deepEqual(optionsOf([fixed], {}).options, { x: "fixed" });
  assert.deepEqual(optionsOf([field({ const: 1, default: 1 })], {}).options, {});
});

test("null of a boolean is told from false", () => {
  for (const schema of [{ type: ["boolean", "null"] }, { anyOf: [{ type: "boolean" }, { type: "null" }] }]) {
    const sure = field({ ...schema, default: null });
    assert.deepEqual([sure.control, sure.choices, initialEntry(sure)], ["choice", [true, false, null], "null"]);
    assert.deepEqual(["true", "false", "null"].map((entry) => readEntry(sure, entry)), [{ value: true }, { value: false }, { value: null }]);
    assert.deepEqual(optionsOf([field(schema)], {}).missing, ["x"]);
  }
});

test("what fits no control is JSON", () => {
  const any = field({ type: ["string", "array"], default: "x" });
  assert.equal(any.control, "json");
  assert.deepEqual(readEntry(any, '["a"]'), { value: ["a"] });
  assert.deepEqual(readEntry(any, " "), {});
});

test("options that the pipeline does not take are told by name", () => {
  assert.deepEqual(entriesOf([field({ type: "string", default: "" })], { x: "a", gone: 1 }), { entries: { x: "a" }, unknown: ["gone"] });
});
