// The JavaScript client of a stagecast gateway, for browsers and Node: it reconnects and resumes by itself.
//
//     import { Client } from "http://127.0.0.1:8000/client.js";
//     const client = new Client();
//     for await (const event of client.run("echo-v1", "hello")) console.log(event.type);
//
// No dependency, no build. docs/javascript.md has more; types are in client/types.d.ts and client/wire.d.ts.

import { Connection } from "./client/connection.js";
import { ExecutionCursor, LifecycleCursor } from "./client/cursor.js";
import { StagecastError } from "./client/errors.js";
import { Exchange } from "./client/exchange.js";
import { Feed } from "./client/feed.js";
import { LIMITS } from "./client/inbox.js";
import { TIMING } from "./client/pace.js";
import { Requests } from "./client/requests.js";

export { StagecastError };

/** @import { Abortable, ClientOptions, Item, LifecycleItem, State } from "./client/types.d.ts" */

/**
 * Talks to one gateway, or to any number of them behind one address. What it asks over HTTP is in client/requests.js.
 *
 * All subscriptions share one WebSocket, which is there while it is needed. (Life-cycle subscriptions, and an execution
 * that is followed twice at the same time, have one of their own: on the wire their events could not be told apart.)
 *
 * Dispatches `state` when the connection changes; `event.detail` is the new `state`.
 */
export class Client extends Requests {
  #options;
  /** @type {Connection[]} */
  #connections = [];
  /** @type {State} */
  #state = { name: "closed" };
  /** @type {StagecastError | null} */
  #closed = null;

  /**
   * @param {string | URL} [url] address of the gateway; left out: where this module was loaded from
   * @param {ClientOptions} [options]
   */
  constructor(url = ownOrigin(), options = {}) {
    const address = new URL(url, globalThis.location?.href).href.replace(/[?#].*$/, "").replace(/\/+$/, "");
    const { token, patienceMs = 30_000 } = options;
    const settled = {
      url: address,
      token: async () => (typeof token === "function" ? token() : token),
      patienceMs,
      fetch: options.fetch ?? globalThis.fetch.bind(globalThis),
      WebSocket: options.WebSocket,
      timing: { ...TIMING, ...options.timing },
      limits: { ...LIMITS, ...options.limits },
    };
    super(new Exchange(settled));
    this.#options = settled;
  }

  /**
   * How the connection is; of several the one that is worst off.
   * @returns {State}
   */
  get state() {
    return this.#state;
  }

  /**
   * Submit, and give the execution's events as `follow` does. Leaving the loop, or aborting, stops the watching and not
   * the execution: that is what `cancel` is for.
   * @param {string} pipelineId
   * @param {string} input
   * @param {{options?: Record<string, unknown>, events?: "default" | "all"} & Abortable} [how]
   * @returns {AsyncGenerator<Item, void, void>}
   */
  async *run(pipelineId, input, { options, events, signal } = {}) {
    const { executionId } = await this.submit(pipelineId, input, { options, signal });
    yield* this.follow(executionId, { events, signal });
  }

  /**
   * Give an execution's events in order, each once, whatever becomes of the connection; ends after `execution:completed`.
   * @param {string} executionId
   * @param {{after?: number, events?: "default" | "all"} & Abortable} [how] `after`: the last `seq` seen
   * @returns {AsyncGenerator<Item, void, void>}
   */
  follow(executionId, { after, events, signal } = {}) {
    return this.#feed(new ExecutionCursor(executionId, { after, events }), signal);
  }

  /**
   * Give what happens to all executions from now on, or to those of one pipeline; never ends by itself. First comes
   * `gap`, and again where something may be missing: `executions()`, asked after that, tells how things stand.
   * @param {{pipelineId?: string} & Abortable} [which]
   * @returns {AsyncGenerator<LifecycleItem, void, void>}
   */
  lifecycle({ pipelineId, signal } = {}) {
    return this.#feed(new LifecycleCursor(pipelineId), signal, { isAlone: true });
  }

  /** Close the connections for good: loops throw `client_closed`. Nothing on the server is touched. */
  close() {
    this.#closed = new StagecastError("The client was closed.", { code: "client_closed" });
    for (const connection of [...this.#connections]) connection.fail(this.#closed);
  }

  /**
   * @param {ExecutionCursor | LifecycleCursor} cursor
   * @param {AbortSignal} [signal]
   * @param {{isAlone?: boolean}} [how]
   */
  #feed(cursor, signal, { isAlone = false } = {}) {
    const { limits, patienceMs } = this.#options;
    /** @param {Feed} feed */
    const place = (feed) => {
      if (this.#closed !== null) throw this.#closed;
      const found = isAlone ? undefined : this.#connections.find((connection) => connection.accepts(feed));
      return found ?? this.#addConnection(isAlone);
    };
    return new Feed(cursor, { place, limits, patienceMs, signal }).items();
  }

  /** @param {boolean} isAlone */
  #addConnection(isAlone) {
    const { url, token, patienceMs, timing, limits } = this.#options;
    const WebSocket = this.#options.WebSocket ?? globalThis.WebSocket;
    if (WebSocket === undefined) {
      throw new StagecastError("There is no WebSocket here: take Node 22, `node --experimental-websocket`, or give one.", {
        code: "no_websocket",
      });
    }
    const connection = new Connection({
      url,
      WebSocket,
      token,
      patienceMs,
      timing,
      capacity: limits.subscriptions,
      isAlone,
      changed: () => this.#tell(),
    });
    this.#connections.push(connection);
    return connection;
  }

  #tell() {
    this.#connections = this.#connections.filter((connection) => !connection.isOver);
    const states = this.#connections.map((connection) => connection.state);
    /** @param {State["name"]} name */
    const first = (name) => states.find((state) => state.name === name);
    const state = first("waiting") ?? first("connecting") ?? first("open") ?? { name: "closed" };
    if (state === this.#state || (state.name === this.#state.name && state.name !== "waiting")) return;
    this.#state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }
}

/** The gateway that served this file; read from a disk it is this machine's. */
function ownOrigin() {
  return import.meta.url.startsWith("http") ? new URL(".", import.meta.url) : "http://127.0.0.1:8000";
}
