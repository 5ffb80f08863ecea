// The client in Node against a real gateway and a real runner: STAGECAST_TEST_URL is its address.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Client, StagecastError } from "../../web/client.js";

const url = process.env.STAGECAST_TEST_URL;
const TIMEOUT = { timeout: 60_000 };

/** Counts how many WebSockets are made. */
class Counted extends WebSocket {
  static count = 0;
  constructor(...args) {
    super(...args);
    Counted.count += 1;
  }
}

async function collect(items) {
  const all = [];
  for await (const item of items) all.push(item);
  return all;
}

const eventsOf = (items) => items.filter((item) => item.type.includes(":"));
const numbersOf = (items) => eventsOf(items).map((event) => event.seq).filter((seq) => seq !== undefined);
const rising = (numbers) => numbers.every((seq, index) => index === 0 || seq > numbers[index - 1]);

test("a run is told from its first event to its end, in order, each once", TIMEOUT, async () => {
  const items = await collect(new Client(url).run("echo-v1", "hello"));
  const types = eventsOf(items).map((event) => event.type);
  assert.deepEqual(types.slice(0, 2), ["execution:queued", "execution:started"]);
  assert.equal(types.filter((type) => type === "stage:completed").length, 6);
  assert.equal(types.at(-1), "execution:completed");
  assert.equal(types.filter((type) => type === "execution:completed").length, 1);
  assert.ok(rising(numbersOf(items)), String(numbersOf(items)));
  assert.equal(items.at(-1).result.output.text, "hello");
});

test("options reach the pipeline, and a skipped stage says why", TIMEOUT, async () => {
  const items = await collect(new Client(url).run("echo-v1", "hello", { options: { stages: 2 } }));
  const skipped = items.filter((item) => item.type === "stage:skipped");
  assert.deepEqual(skipped.map((event) => event.reason), Array(4).fill("only 2 stages were asked for"));
});

test("following begins after the number that was seen; behind the end, the end is told", TIMEOUT, async () => {
  const client = new Client(url);
  const whole = eventsOf(await collect(client.run("echo-v1", "hello")));
  const { executionId, seq } = whole[4];
  assert.deepEqual(eventsOf(await collect(client.follow(executionId, { after: seq }))), whole.slice(5));
  assert.deepEqual(eventsOf(await collect(client.follow(executionId, { after: whole.at(-1).seq }))), whole.slice(-1));
});

test("all events have all the numbers", TIMEOUT, async () => {
  const numbers = numbersOf(await collect(new Client(url).run("echo-v1", "hello", { events: "all" })));
  assert.deepEqual(numbers, numbers.map((_, index) => index));
});

test("many subscriptions share one WebSocket, which is closed when nobody needs it", TIMEOUT, async () => {
  Counted.count = 0;
  const client = new Client(url, { WebSocket: Counted, timing: { idleMs: 20 } });
  const states = [];
  const closed = new Promise((resolve) => {
    client.addEventListener("state", ({ detail }) => {
      states.push(detail.name);
      if (detail.name === "closed") resolve();
    });
  });
  const runs = Array.from({ length: 30 }, (_, index) => collect(client.run("echo-v1", `run ${index}`)));
  const all = await Promise.all(runs);
  all.forEach((items, index) => {
    assert.equal(items.at(-1).result.output.text, `run ${index}`);
    assert.equal(new Set(items.map((item) => item.executionId)).size, 1);
    assert.ok(rising(numbersOf(items)));
  });
  await closed;
  assert.equal(Counted.count, 1);
  assert.deepEqual(states, ["connecting", "open", "closed"]);
  assert.equal(client.state.name, "closed");
});

test("an execution that is followed twice at once is told whole to both", TIMEOUT, async () => {
  const client = new Client(url);
  const first = [];
  let second;
  for await (const item of client.run("echo-v1", "hello", { options: { delay_ms: 20 } })) {
    first.push(item);
    if (item.type === "stage:completed") second ??= collect(client.follow(item.executionId, { after: 1 }));
  }
  assert.deepEqual(eventsOf(await second), eventsOf(first).slice(2));
});

test("leaving a loop ends the watching, and a new one for the same execution misses nothing", TIMEOUT, async () => {
  const client = new Client(url);
  const { executionId } = await client.submit("echo-v1", "hello", { options: { delay_ms: 20 } });
  const seen = [];
  for (let round = 0; seen.at(-1)?.type !== "execution:completed"; round++) {
    for await (const event of client.follow(executionId, { after: seen.at(-1)?.seq })) {
      if (event.type.includes(":")) seen.push(event);
      if (event.type.includes(":")) break;
    }
  }
  assert.deepEqual(seen, eventsOf(await collect(client.follow(executionId))));
});

test("finishing lets it stop here", TIMEOUT, async () => {
  const client = new Client(url);
  const { executionId } = await client.submit("echo-v1", "hello", { options: { stages: 2, delay_ms: 300 } });
  let isFinishing;
  const items = [];
  for await (const item of client.follow(executionId)) {
    if (item.type === "stage:started") isFinishing ??= await client.finish(executionId);
    items.push(item);
  }
  assert.equal(isFinishing, true);
  assert.equal(items.at(-1).result.status, "success");
  assert.ok(items.some((item) => item.type === "execution:finish_requested"));
  assert.equal(items.find((item) => item.type === "stage:skipped").reason, "somebody asked to finish");
  assert.equal(await client.finish(executionId), false);
});

test("aborting throws the signal's reason and leaves the execution alone; cancelling stops it", TIMEOUT, async () => {
  const client = new Client(url);
  const abort = new AbortController();
  const how = { options: { delay_ms: 60_000 }, signal: abort.signal };
  let executionId;
  await assert.rejects(async () => {
    for await (const event of client.run("echo-v1", "hello", how)) {
      executionId = event.executionId;
      if (event.type === "stage:started") abort.abort();
    }
  }, { name: "AbortError" });
  assert.equal((await client.execution(executionId)).status, "running");
  assert.equal(await client.cancel(executionId), true);
  const items = await collect(client.follow(executionId));
  assert.equal(items.at(-1).result.status, "cancelled");
  assert.equal(await client.cancel(executionId), false);
  await assert.rejects(client.executions({ signal: abort.signal }), { name: "AbortError" });
  await assert.rejects(client.follow(executionId, { signal: abort.signal }).next(), { name: "AbortError" });
});

test("a rerun takes over what was completed", TIMEOUT, async () => {
  const client = new Client(url);
  const failed = await collect(client.run("echo-v1", "hello", { options: { fail_stage: 3 } }));
  assert.equal(failed.at(-1).result.status, "failed");
  const again = await client.rerun(failed.at(-1).executionId, { fromStage: "stage_3", options: {} });
  assert.equal(again.rerunOf, failed.at(-1).executionId);
  assert.ok(again.reused.includes("stage_1") && !again.reused.includes("stage_3"), String(again.reused));
  const items = await collect(client.follow(again.executionId));
  assert.equal(items.at(-1).result.status, "success");
});

test("pipelines, executions and outputs can be looked at, page by page", TIMEOUT, async () => {
  const client = new Client(new URL(url));
  assert.ok((await client.pipelines()).some(({ id }) => id === "echo-v1"));
  assert.equal((await client.pipeline("echo-v1")).stages.length, 6);
  const [first, second] = [await collect(client.run("echo-v1", "1")), await collect(client.run("echo-v1", "2"))];
  const ids = [second, first].map((items) => items.at(-1).executionId);
  const page = await client.executions({ limit: 1 });
  const older = await client.executions({ limit: 1, before: page.next });
  assert.deepEqual([...page.rows, ...older.rows].map(({ id }) => id), ids);
  const saved = await client.outputs({ limit: 1 });
  const savedBefore = await client.outputs({ limit: 1, before: saved.next });
  assert.deepEqual([...saved.rows, ...savedBefore.rows].map((row) => row.executionId), ids);
  assert.equal((await client.outputs({ limit: 1000 })).next, null);
  const [output] = saved.rows;
  assert.deepEqual(await client.output(output.filename), second.at(-1).result);
  assert.match(await client.report(output.filename), /^<!doctype html>/);
  assert.match(await client.report(output.filename, "md"), /^# echo-v1\n/);
  await assert.rejects(client.report(output.filename, "pdf"), { code: "invalid_format", status: 400 });
});

test("what a page asks besides: models, files, rows of a table, and what a stage was given", TIMEOUT, async () => {
  const client = new Client(url);
  const { runners, keys, models } = await client.models();
  assert.ok(runners >= 1 && keys.some(({ setting }) => setting === "OPENAI_API_KEY"));
  assert.ok(models.every(({ usable, reason }) => typeof usable === "boolean" && usable === (reason === null)));
  const files = await client.pipelineFiles();
  const file = await client.pipelineFile("echo-v1.yaml");
  assert.deepEqual(files.find(({ id }) => id === "echo-v1"), { filename: "echo-v1.yaml", id: "echo-v1", problems: [] });
  assert.match(file.source, /^id: echo-v1$/m);
  const form = new FormData();
  form.append("options", '{"n_cases": 4}');
  form.append("cases", new Blob(["question,expected\n1 + 1?,2\n"]), "cases.csv");
  const { options } = await client.readOptions("prompt-optimizer-v1", form);
  assert.deepEqual(options, { n_cases: 4, cases: [{ vars: { question: "1 + 1?" }, expected: "2" }] });
  form.set("cases", new Blob(["question,expected\n1 + 1?\n"]), "cases.csv");
  await assert.rejects(client.readOptions("prompt-optimizer-v1", form), { code: "invalid_input", message: /^cases\.csv, line 2/ });
  const events = await collect(client.run("echo-v1", "hello", { options: { stages: 2 } }));
  const { executionId } = events.at(-1);
  const given = await client.stageInput(executionId, "stage_1");
  assert.deepEqual([given.kind, given.call, given.total, given.items.length], ["call", "echo", 1, 1]);
  assert.equal(given.items[0].arguments.text, "hello");
  assert.match((await client.stageInput(executionId, "stage_6")).reason, /^It was skipped: only 2 stages/);
});

test("an error has the gateway's code and status", TIMEOUT, async () => {
  const client = new Client(url);
  const of = (code, status) => (error) =>
    error instanceof StagecastError && error.code === code && error.status === status && error.message !== "";
  await assert.rejects(client.submit("nothing-v1", "x"), of("pipeline_not_found", 404));
  await assert.rejects(client.submit("echo-v1", " "), of("invalid_input", 400));
  await assert.rejects(client.execution("../../healthz"), of("execution_not_found", 404));
  await assert.rejects(collect(client.follow("exec_1703187600000_abcdefghijklmnop")), of("execution_not_found", 404));
  const gone = new Client("http://127.0.0.1:1/", { patienceMs: 0 });
  await assert.rejects(gone.submit("echo-v1", "x"), of("gateway_unreachable", null));
  await assert.rejects(collect(gone.follow("exec_1703187600000_abcdefghijklmnop")), of("gateway_unreachable", null));
  assert.throws(() => new Client("no address"), TypeError);
});

test("what users type comes back as it was, whatever it looks like", TIMEOUT, async () => {
  const text = "<script>alert(1)</script> {{ inputs.text }} \u2028 \u{1F600} \\u0000 ]]> --> %s 中文";
  const items = await collect(new Client(url).run("echo-v1", text));
  assert.equal(items.at(-1).result.input.prompt, text);
});

test("a result of megabytes comes whole", TIMEOUT, async () => {
  const items = await collect(new Client(url).run("echo-v1", "x", { options: { payload_bytes: 2_000_000, stages: 2 } }));
  const sizes = items.filter((item) => item.type === "stage:completed").map((item) => item.result.output.padding.length);
  assert.deepEqual(sizes, [2_000_000, 2_000_000]);
});

test("a client that is closed throws to whoever still reads", TIMEOUT, async () => {
  const client = new Client(url);
  const following = collect(client.run("echo-v1", "hello", { options: { delay_ms: 200 } }));
  client.addEventListener("state", ({ detail }) => detail.name === "open" && client.close());
  await assert.rejects(following, { code: "client_closed" });
  await assert.rejects(collect(client.run("echo-v1", "hello")), { code: "client_closed" });
});
