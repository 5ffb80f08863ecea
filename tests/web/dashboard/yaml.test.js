// What is told apart in a pipeline's YAML, so that its source can be read.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { tokenize } from "../../../web/dashboard/browse/yaml.js";

const PIPELINES = new URL("../../../pipelines/", import.meta.url);

/** Each token that is no plain text, as `kind:text`. */
const marked = (source) =>
  tokenize(source).map((line) => line.filter(({ kind }) => kind !== "text").map(({ kind, text }) => `${kind}:${text}`));

test("keys, quoted strings and comments are told apart on one line", () => {
  assert.deepEqual(marked(`name: "Echo # not a comment" # a comment`), [['key:name', 'string:"Echo # not a comment"', "comment:# a comment"]]);
  assert.deepEqual(marked("- id: stage_1"), [["key:id"]]);
  assert.deepEqual(marked("defaults: {retries: 0, timeout: 15m}"), [["key:defaults", "key:retries", "key:timeout"]]);
  assert.deepEqual(marked(`"$defs": {'a b': 1}`), [[`key:"$defs"`, `key:'a b'`]]);
});

test("an apostrophe, a hash or a colon within words means nothing", () => {
  assert.deepEqual(marked("description: it's issue#4 at http://example.org"), [["key:description"]]);
});

test("template expressions are found in strings, also over several lines of a block", () => {
  assert.deepEqual(marked(`text: "a {{ inputs.text }} b"`), [["key:text", 'string:"a ', "template:{{ inputs.text }}", 'string: b"']]);
  const block = "user: |\n  <text>{{\n    inputs.text }}</text>\n  {% if x %}y{% endif %}\nnext: 1";
  assert.deepEqual(marked(block), [
    ["key:user"],
    ["string:  <text>", "template:{{"],
    ["template:    inputs.text }}", "string:</text>"],
    ["string:  ", "template:{% if x %}", "string:y", "template:{% endif %}"],
    ["key:next"],
  ]);
});

test("a block ends where its key's sibling begins, also behind the dash of a list", () => {
  assert.deepEqual(marked("- user: |\n    it: is text # all of it\n\n    still\n  system: x"), [
    ["key:user"],
    ["string:    it: is text # all of it"],
    [],
    ["string:    still"],
    ["key:system"],
  ]);
  assert.deepEqual(marked("- |\n  a: b\n- c: d"), [[], ["string:  a: b"], ["key:c"]]);
});

test("a quoted string may go on over lines, and ends where its quote does", () => {
  assert.deepEqual(marked(`a: "one\n  two: {{ x }}" # end\nb: 1`), [
    ["key:a", 'string:"one'],
    ["string:  two: ", "template:{{ x }}", 'string:"', "comment:# end"],
    ["key:b"],
  ]);
});

test("a template that is left open in a string does not run on behind it", () => {
  assert.deepEqual(marked(`a: "{{ x"\nb: "y"`), [["key:a", 'string:"', 'template:{{ x"'], ["key:b", 'string:"y"']]);
});

test("nothing is lost or added, whatever the text is", () => {
  const files = readdirSync(PIPELINES).filter((name) => name.endsWith(".yaml"));
  const texts = files.map((name) => readFileSync(new URL(name, PIPELINES), "utf8"));
  for (const text of [...texts, "", "\n\n", `"'{{%}|\n'" {{ <script>alert(1)</script>`, "\ttab: |\n x\n\u0000"]) {
    assert.equal(tokenize(text).map((line) => line.map((token) => token.text).join("")).join("\n"), text);
  }
});

test("hostile lines are told in little time", () => {
  const began = performance.now();
  for (const piece of ['"\\', "{{ ", "- ", "'' ", "a:", "{,"]) tokenize(`${piece.repeat(600)}\n`.repeat(30) + piece.repeat(300_000));
  assert.ok(performance.now() - began < 5000);
});
