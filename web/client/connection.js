// The way to the gateway: one WebSocket at a time, opened when a feed needs it, got back when it is lost, closed when
// nobody needs it. What the messages mean is cursor.js's affair.

import { unreachable } from "./errors.js";
import { keyOf } from "./feed.js";
import { pauseBefore, refusalOf } from "./pace.js";
import { Socket } from "./socket.js";

/** @import { Feed } from "./feed.js" */
/** @import { State, Timing } from "./types.d.ts" */

const ABNORMAL = 1006;

export class Connection {
  #options;
  /** @type {Map<string, Feed>} */
  #feeds = new Map();
  /**
   * How many answers to `unsubscribe` are on their way, by subject. What comes before them was meant for the feed that
   * has left, not for one that came after it.
   * @type {Map<string, number>}
   */
  #fences = new Map();
  /** @type {Socket | null} */
  #socket = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #idleTimer;
  /** @type {AbortController | null} */
  #surroundings = null;
  #failures = 0;
  /** @type {number | null} */
  #openedAt = null;
  /** @type {number | null} */
  #lostAt = null;
  #trial = 0;

  /**
   * @param {object} options
   * @param {string} options.url of the gateway, without a slash at its end
   * @param {typeof globalThis.WebSocket} options.WebSocket
   * @param {() => Promise<string | undefined>} options.token
   * @param {number} options.patienceMs how long a lost connection is tried again
   * @param {Timing} options.timing
   * @param {number} options.capacity subscriptions that it takes
   * @param {boolean} options.isAlone for one feed, which gets every message whatever it is about
   * @param {(connection: Connection) => void} options.changed told of each new state
   */
  constructor(options) {
    this.#options = options;
    /** @type {State} */
    this.state = { name: "closed" };
  }

  /** @param {Feed} feed */
  accepts(feed) {
    const { isAlone, capacity } = this.#options;
    return !isAlone && !this.#feeds.has(feed.key) && this.#feeds.size < capacity;
  }

  get isOver() {
    return this.state.name === "closed" && this.#feeds.size === 0;
  }

  /** @param {Feed} feed */
  join(feed) {
    clearTimeout(this.#idleTimer);
    this.#feeds.set(feed.key, feed);
    if (this.state.name === "open") this.#socket?.send(feed.request());
    else if (this.state.name === "closed") this.#start();
  }

  /**
   * Unsubscribe, if it is still here.
   * @param {Feed} feed
   */
  leave(feed) {
    if (this.#feeds.get(feed.key) !== feed) return;
    this.#feeds.delete(feed.key);
    this.#unsubscribe(feed);
    this.#closeIfIdle();
  }

  close() {
    this.#trial += 1;
    this.#socket?.close();
    this.#socket = null;
    this.#fences.clear();
    this.#failures = 0;
    this.#openedAt = this.#lostAt = null;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#idleTimer);
    this.#surroundings?.abort();
    this.#surroundings = null;
    if (this.state.name !== "closed") this.#become({ name: "closed" });
  }

  /**
   * Close, and throw this to every reader.
   * @param {unknown} error
   */
  fail(error) {
    const feeds = [...this.#feeds.values()];
    this.#feeds.clear();
    this.close();
    for (const feed of feeds) feed.fail(error);
  }

  #start() {
    this.#surroundings = new AbortController();
    const { signal } = this.#surroundings;
    const { document } = globalThis;
    // What is not a browser has none of these.
    globalThis.addEventListener?.("online", () => this.#lookUp(), { signal });
    globalThis.addEventListener?.("offline", () => this.#socket?.check(), { signal });
    document?.addEventListener("visibilitychange", () => document.hidden || this.#lookUp(), { signal });
    void this.#connect();
  }

  /** Something happened around us: do not wait any longer, or find out whether the line still holds. */
  #lookUp() {
    if (this.state.name === "waiting") void this.#connect();
    else this.#socket?.check();
  }

  async #connect() {
    clearTimeout(this.#retryTimer);
    const trial = ++this.#trial;
    this.#become({ name: "connecting" });
    const { url, WebSocket, timing } = this.#options;
    try {
      const token = await this.#options.token();
      if (trial !== this.#trial) return;
      this.#socket = new Socket(`ws${url.slice("http".length)}/ws`, { WebSocket, token, timing }, {
        opened: () => this.#opened(),
        received: (message, size) => this.#received(message, size),
        ended: (code, reason) => this.#lost(code, reason),
      });
    } catch (error) {
      // No token could be had, or the page may not connect there at all.
      if (trial === this.#trial) this.#lost(ABNORMAL, error);
    }
  }

  #opened() {
    this.#openedAt = performance.now();
    this.#become({ name: "open" });
    for (const feed of this.#feeds.values()) this.#socket?.send(feed.request());
  }

  /**
   * @param {any} message
   * @param {number} size
   */
  #received(message, size) {
    const key = keyOf(message);
    const fence = this.#fences.get(key);
    if (fence !== undefined) {
      if (message.type !== "unsubscribed") return;
      if (fence > 1) this.#fences.set(key, fence - 1);
      else this.#fences.delete(key);
      return;
    }
    const feed = this.#options.isAlone ? [...this.#feeds.values()][0] : this.#feeds.get(key);
    if (feed === undefined) return;
    const step = feed.take(message, size);
    if (feed.failures === 0) this.#lostAt = null;
    if (step === "again") this.#subscribeLater(feed);
    if (step === "leave") this.leave(feed);
    if (step === "forget") this.#feeds.delete(feed.key);
    if (step === "leave" || step === "forget") {
      feed.released();
      this.#closeIfIdle();
    }
  }

  /** @param {Feed} feed */
  #subscribeLater(feed) {
    const socket = this.#socket;
    const pauseMs = pauseBefore(feed.failures - 1, ABNORMAL, this.#options.timing);
    const timer = setTimeout(() => {
      if (this.#socket !== socket || this.#feeds.get(feed.key) !== feed) return;
      this.#unsubscribe(feed);
      this.#socket?.send(feed.request());
    }, pauseMs);
    this.#surroundings?.signal.addEventListener("abort", () => clearTimeout(timer));
  }

  /** @param {Feed} feed */
  #unsubscribe(feed) {
    if (this.state.name !== "open") return;
    this.#socket?.send({ type: "unsubscribe", ...feed.subject });
    this.#fences.set(feed.key, (this.#fences.get(feed.key) ?? 0) + 1);
  }

  #closeIfIdle() {
    if (this.#feeds.size > 0) return;
    clearTimeout(this.#idleTimer);
    if (this.#options.isAlone) this.close();
    else this.#idleTimer = setTimeout(() => this.close(), this.#options.timing.idleMs);
  }

  /**
   * @param {number} closeCode
   * @param {unknown} reason
   */
  #lost(closeCode, reason) {
    const { timing, patienceMs, url } = this.#options;
    const now = performance.now();
    this.#socket = null;
    this.#fences.clear();
    if (this.#openedAt !== null && now - this.#openedAt >= timing.stableMs) {
      this.#failures = 0;
      this.#lostAt = null;
    }
    this.#openedAt = null;
    this.#lostAt ??= now;
    const refusal = refusalOf(closeCode);
    if (refusal) return this.fail(refusal);
    if (this.#feeds.size === 0) return this.close();
    const retryInMs = pauseBefore(this.#failures++, closeCode, timing);
    if (now + retryInMs - this.#lostAt > patienceMs) return this.fail(unreachable(url, reason));
    this.#retryTimer = setTimeout(() => void this.#connect(), retryInMs);
    this.#become({ name: "waiting", retryInMs, closeCode });
  }

  /** @param {State} state */
  #become(state) {
    this.state = state;
    this.#options.changed(this);
  }
}
