// One subscription from its reader's side: it outlives connections, waits where the reader is slow, and ends once.

import { StagecastError } from "./errors.js";
import { Inbox } from "./inbox.js";

/** @import { ErrorMessage, Subscribe } from "./wire.d.ts" */
/** @import { ExecutionCursor, LifecycleCursor } from "./cursor.js" */
/** @import { Connection } from "./connection.js" */
/** @import { Limits } from "./types.d.ts" */

/**
 * Errors that a later try would get again, with the status that they have over HTTP.
 * @type {Record<string, number>}
 */
const LASTING = { unauthenticated: 401, forbidden: 403, output_unreadable: 500 };

/**
 * What the connection has to do after a message: nothing; subscribe again after a pause; unsubscribe, since the reader
 * is slow; or forget the feed, which has ended at the gateway's side.
 * @typedef {"stay" | "again" | "leave" | "forget"} Step
 */

export class Feed {
  #cursor;
  #options;
  #inbox;
  /** @type {Connection | null} */
  #connection = null;
  /** @type {number | null} */
  #refusedAt = null;
  /** How often in a row the gateway could not serve it. */
  failures = 0;

  /**
   * @param {ExecutionCursor | LifecycleCursor} cursor
   * @param {object} options
   * @param {(feed: Feed) => Connection} options.place finds a connection for it
   * @param {Limits} options.limits
   * @param {number} options.patienceMs
   * @param {AbortSignal | undefined} options.signal
   */
  constructor(cursor, options) {
    this.#cursor = cursor;
    this.#options = options;
    this.#inbox = new Inbox(options.limits);
  }

  /** What it is about, as on the wire. */
  get subject() {
    return this.#cursor.subject;
  }

  /** The name of its subject, for maps. */
  get key() {
    return keyOf(this.#cursor.subject);
  }

  /** @returns {Subscribe} */
  request() {
    return this.#cursor.request();
  }

  /**
   * Take a message about its subject.
   * @param {any} message
   * @param {number} size
   * @returns {Step}
   */
  take(message, size) {
    const judgement = this.#cursor.judge(message);
    switch (judgement.verdict) {
      case "ignore":
        return "stay";
      case "again":
        return this.#isRefused(judgement.why) ? "forget" : "again";
      case "unknown":
        this.#inbox.fail(new StagecastError("Execution not found", { code: "execution_not_found", status: 404 }));
        return "forget";
      case "end":
        this.#inbox.put(judgement.item, size);
        this.#inbox.end();
        return "forget";
      case "deliver":
        this.failures = 0;
        this.#refusedAt = null;
        this.#inbox.put(judgement.item, size);
        return this.#inbox.isFull ? "leave" : "stay";
    }
  }

  /** The connection holds it no longer; the reader gets a place again when it has read what waits. */
  released() {
    this.#connection = null;
  }

  /** @param {unknown} error thrown to the reader after what waits */
  fail(error) {
    this.#connection = null;
    this.#inbox.fail(error);
  }

  /**
   * Give what comes, until the end. Leaving the loop ends the subscription.
   * @returns {AsyncGenerator<any, void, void>}
   */
  async *items() {
    const { signal } = this.#options;
    const abort = () => this.#inbox.fail(signal?.reason, { atOnce: true });
    signal?.throwIfAborted();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      for (;;) {
        if (this.#connection === null && !this.#inbox.isOver && this.#inbox.isLow) this.#join();
        const item = await this.#inbox.next();
        if (item === undefined) return;
        yield item;
      }
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#connection?.leave(this);
      this.#connection = null;
    }
  }

  #join() {
    this.#connection = this.#options.place(this);
    this.#connection.join(this);
  }

  /**
   * Tell whether to give up. A number that was left out (no error) is worth another try like an error.
   * @param {ErrorMessage | null} why
   */
  #isRefused(why) {
    const now = performance.now();
    this.#refusedAt ??= now;
    this.failures += 1;
    const code = why?.code ?? "subscription_failed";
    const status = LASTING[code];
    if (status === undefined && now - this.#refusedAt < this.#options.patienceMs) return false;
    this.#inbox.fail(new StagecastError(why?.message ?? "The gateway leaves events out.", { code, status }));
    return true;
  }
}

/**
 * Name what a message is about.
 * @param {{executionId?: string, pipelineId?: string}} message
 */
export function keyOf({ executionId, pipelineId }) {
  return executionId ?? `pipeline ${pipelineId}`;
}
