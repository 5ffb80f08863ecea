// A program with a client in it that does what a test says, line by line, and tells what happens, line by line.
// A test in Python holds the other end: tests/web/node.py.

import { createInterface } from "node:readline";

import { Client } from "../../web/client.js";

const tell = (told) => process.stdout.write(`${JSON.stringify(told)}\n`);
const factsOf = ({ name, message, code, status, retryAfterMs }) => ({ name, message, code, status, retryAfterMs });

/** What a loop is told to do between its items: go on at once, or wait to be told. */
const loops = new Map();
let client;

async function loop(name, items, abort, isSlow) {
  const mine = { abort, mayRead: isSlow ? 0 : Infinity, wake: () => {} };
  loops.set(name, mine);
  try {
    for (;;) {
      while (mine.mayRead === 0) await new Promise((resolve) => (mine.wake = resolve));
      mine.mayRead -= 1;
      const { value, done } = await items.next();
      if (done) break;
      tell({ name, item: value });
    }
    tell({ name, isOver: true });
  } catch (error) {
    tell({ name, error: factsOf(error) });
  }
}

const actions = {
  client({ url, options }) {
    client = new Client(url, options);
    client.addEventListener("state", ({ detail }) => tell({ name: "state", state: detail }));
  },
  /** Run a generator of the client as a loop; `isSlow` reads only what `read` allows. */
  loop({ name, method, args = [], how = {}, isSlow = false }) {
    const abort = new AbortController();
    loop(name, client[method](...args, { ...how, signal: abort.signal }), abort, isSlow);
  },
  read({ name, count }) {
    const mine = loops.get(name);
    mine.mayRead += count;
    mine.wake();
  },
  abort({ name }) {
    loops.get(name).abort.abort();
  },
  call({ name, method, args = [] }) {
    client[method](...args).then(
      (value) => tell({ name, value }),
      (error) => tell({ name, error: factsOf(error) }),
    );
  },
  /** Call a method with a form as its last argument: a part is a text, or a file with `name` and `text`. */
  form({ name, method, args = [], parts }) {
    const form = new FormData();
    for (const [key, part] of Object.entries(parts)) {
      if (typeof part === "string") form.append(key, part);
      else form.append(key, new Blob([part.text], { type: "text/csv" }), part.name);
    }
    actions.call({ name, method, args: [...args, form] });
  },
  close() {
    client.close();
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: action, ...rest } = JSON.parse(line);
  actions[action](rest);
}
