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

export { StagecastError };

/** @import { Abortable, ClientOptions, Item, LifecycleItem, Page, PageRequest, State } from "./client/types.d.ts" */
/** @import { Estimate, ExecutionListing, ExecutionView, OutputListing, PipelineListing, PipelineResult, RerunReply, RunReply } from "./client/wire.d.ts" */

/**
 * Talks to one gateway, or to any number of them behind one address.
 *
 * All subscriptions share one WebSocket, which is there while it is needed. (Life-cycle subscriptions, and an execution
 * that is followed twice at the same time, have one of their own: on the wire their events could not be told apart.)
 *
 * Dispatches `state` when the connection changes; `event.detail` is the new `state`.
 */
export class Client extends EventTarget {
  #options;
  #exchange;
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
    super();
    const address = new URL(url, globalThis.location?.href).href.replace(/[?#].*$/, "").replace(/\/+$/, "");
    const { token, patienceMs = 30_000 } = options;
    this.#options = {
      url: address,
      token: async () => (typeof token === "function" ? token() : token),
      patienceMs,
      fetch: options.fetch ?? globalThis.fetch.bind(globalThis),
      WebSocket: options.WebSocket,
      timing: { ...TIMING, ...options.timing },
      limits: { ...LIMITS, ...options.limits },
    };
    this.#exchange = new Exchange(this.#options);
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
   * Start an execution, once, however often an answer is lost on the way.
   * @param {string} pipelineId
   * @param {string} input
   * @param {{options?: Record<string, unknown>} & Abortable} [how]
   * @returns {Promise<RunReply>}
   */
  submit(pipelineId, input, { options = {}, signal } = {}) {
    return this.#exchange.submit(`/api/pipelines/${encodeURIComponent(pipelineId)}/run`, { input, options }, signal);
  }

  /**
   * Tell what a run would take, in calls, tokens and dollars; nothing is started.
   * @param {string} pipelineId
   * @param {string} input
   * @param {{options?: Record<string, unknown>} & Abortable} [how]
   * @returns {Promise<Estimate>}
   */
  estimate(pipelineId, input, { options = {}, signal } = {}) {
    const path = `/api/pipelines/${encodeURIComponent(pipelineId)}/estimate`;
    return this.#exchange.request("POST", path, { body: { input, options }, signal });
  }

  /**
   * Run an execution that has ended again, as a new one. What is left out is as it was.
   * @param {string} executionId
   * @param {{fromStage?: string, input?: string, options?: Record<string, unknown>} & Abortable} [changes]
   * @returns {Promise<RerunReply>}
   */
  rerun(executionId, { signal, ...changes } = {}) {
    return this.#exchange.submit(`/api/executions/${encodeURIComponent(executionId)}/rerun`, changes, signal);
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

  /**
   * Ask to stop an execution; false when there was nothing to stop.
   * @param {string} executionId
   * @param {Abortable} [how]
   * @returns {Promise<boolean>}
   */
  async cancel(executionId, how) {
    const path = `/api/executions/${encodeURIComponent(executionId)}/cancel`;
    return (await this.#exchange.request("POST", path, how)).cancelled;
  }

  /**
   * Ask an execution to stop here and keep the best that it has; false when there was nothing to finish.
   * @param {string} executionId
   * @param {Abortable} [how]
   * @returns {Promise<boolean>}
   */
  async finish(executionId, how) {
    const path = `/api/executions/${encodeURIComponent(executionId)}/finish`;
    return (await this.#exchange.request("POST", path, how)).finishing;
  }

  /**
   * @param {string} executionId
   * @param {Abortable} [how]
   * @returns {Promise<ExecutionView>}
   */
  execution(executionId, how) {
    return this.#exchange.request("GET", `/api/executions/${encodeURIComponent(executionId)}`, how);
  }

  /**
   * Newest first.
   * @param {PageRequest} [page]
   * @returns {Promise<Page<ExecutionListing>>}
   */
  executions(page = {}) {
    return this.#exchange.page("/api/executions", page);
  }

  /**
   * @param {Abortable} [how]
   * @returns {Promise<PipelineListing[]>}
   */
  pipelines(how) {
    return this.#exchange.request("GET", "/api/pipelines", how);
  }

  /**
   * @param {string} pipelineId
   * @param {Abortable} [how]
   * @returns {Promise<{pipeline: Record<string, unknown>, stages: Record<string, unknown>[]}>}
   */
  pipeline(pipelineId, how) {
    return this.#exchange.request("GET", `/api/pipelines/${encodeURIComponent(pipelineId)}`, how);
  }

  /**
   * Saved results, newest first, like `executions`.
   * @param {PageRequest} [page]
   * @returns {Promise<Page<OutputListing>>}
   */
  outputs(page = {}) {
    return this.#exchange.page("/api/outputs", page);
  }

  /**
   * @param {string} filename
   * @param {Abortable} [how]
   * @returns {Promise<PipelineResult>}
   */
  output(filename, how) {
    return this.#exchange.request("GET", `/api/outputs/${encodeURIComponent(filename)}`, how);
  }

  /**
   * A saved result as people read it: one HTML page that needs no other file, or Markdown.
   * @param {string} filename
   * @param {"html" | "md"} [format]
   * @param {Abortable} [how]
   * @returns {Promise<string>}
   */
  report(filename, format = "html", how) {
    const path = `/api/outputs/${encodeURIComponent(filename)}?format=${format}`;
    return this.#exchange.request("GET", path, { ...how, isText: true });
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
