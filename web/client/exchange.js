// HTTP: one request and its answer, or as many as it takes where a key makes that safe. Which there are: requests.js.

import { StagecastError, unreachable } from "./errors.js";
import { pauseBefore } from "./pace.js";

/** @import { Page, PageRequest, Timing } from "./types.d.ts" */

const ANSWER_MS = 30_000;
const AWAY = [502, 503, 504]; // nobody behind the address can answer just now
const NORMAL_END = 1000;

/**
 * @typedef {object} Request
 * @property {unknown} [body] sent as JSON, a FormData as the form that it is
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]
 * @property {boolean} [isText] the answer is no JSON
 */

export class Exchange {
  #options;

  /**
   * @param {object} options
   * @param {string} options.url without a slash at its end
   * @param {() => Promise<string | undefined>} options.token
   * @param {typeof globalThis.fetch} options.fetch
   * @param {number} options.patienceMs for how long a submission is repeated
   * @param {Timing} options.timing
   */
  constructor(options) {
    this.#options = options;
  }

  /**
   * Return what the answer holds; throw a StagecastError where it is an error or does not come.
   * @param {"GET" | "POST"} method
   * @param {string} path
   * @param {Request} [request]
   * @returns {Promise<any>} checked by nobody: the types are the gateway's promise
   */
  async request(method, path, request = {}) {
    return (await this.#send(method, path, request)).content;
  }

  /**
   * Return one page of a list, and what leads to the next one.
   * @param {string} path
   * @param {PageRequest<string>} page
   * @returns {Promise<Page<any>>}
   */
  async page(path, { signal, ...asked }) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(asked)) if (value != null && value !== "") query.set(name, String(value));
    const { content, reply } = await this.#send("GET", `${path}?${query}`, { signal });
    const [, link] = /<([^>]*)>; *rel="next"/.exec(reply.headers.get("Link") ?? "") ?? [];
    const next = link === undefined ? null : new URL(link, this.#options.url).searchParams.get("before");
    return { rows: content, next };
  }

  /**
   * Post with a fresh Idempotency-Key, and repeat that while it is not known what became of it: it is done once.
   * @param {string} path
   * @param {unknown} body
   * @param {AbortSignal} [signal]
   */
  async submit(path, body, signal) {
    const { patienceMs, timing } = this.#options;
    const headers = { "Idempotency-Key": randomKey() };
    const beganAt = performance.now();
    for (let failures = 0; ; failures++) {
      try {
        return await this.request("POST", path, { body, headers, signal });
      } catch (error) {
        const pauseMs = Math.max(pauseBefore(failures, NORMAL_END, timing), retryAfterOf(error));
        if (!isPassing(error) || performance.now() + pauseMs - beganAt > patienceMs) throw error;
        await pause(pauseMs, signal);
      }
    }
  }

  /**
   * @param {"GET" | "POST"} method
   * @param {string} path
   * @param {Request} request
   */
  async #send(method, path, { body, headers, signal, isText = false }) {
    signal?.throwIfAborted();
    const isForm = body instanceof FormData; // fetch says then how its parts are told apart
    const token = await this.#options.token();
    const { fetch, url } = this.#options;
    const limit = new AbortController();
    const abort = () => limit.abort(signal?.reason);
    const timer = setTimeout(() => limit.abort(), ANSWER_MS);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      const reply = await fetch(url + path, {
        method,
        headers: {
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
          ...(body === undefined || isForm ? {} : { "Content-Type": "application/json" }),
          ...headers,
        },
        body: isForm ? body : body === undefined ? null : JSON.stringify(body),
        cache: "no-store",
        signal: limit.signal,
      });
      if (!reply.ok) throw await refusedBy(reply);
      return { reply, content: await (isText ? reply.text() : reply.json()) };
    } catch (error) {
      signal?.throwIfAborted();
      throw error instanceof StagecastError ? error : unreachable(url, error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }
}

/** @param {Response} reply */
async function refusedBy(reply) {
  const fields = await reply.json().catch(() => ({}));
  const seconds = Number(reply.headers.get("Retry-After") ?? NaN);
  return new StagecastError(fields?.error ?? `The gateway answered ${reply.status} ${reply.statusText}.`, {
    code: fields?.code ?? "request_refused",
    status: reply.status,
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : null,
  });
}

/**
 * Tell whether what was asked for may have been done, or may be done soon.
 * @param {unknown} error
 */
function isPassing(error) {
  if (!(error instanceof StagecastError)) return false;
  return error.status === null || AWAY.includes(error.status) || error.code === "log_unavailable";
}

/** @param {unknown} error */
function retryAfterOf(error) {
  return error instanceof StagecastError ? (error.retryAfterMs ?? 0) : 0;
}

/** Not crypto.randomUUID: browsers have that only on https and loopback, and a gateway may be neither. */
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * @param {number} ms
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const abort = () => (clearTimeout(timer), reject(signal?.reason));
    const timer = setTimeout(() => (signal?.removeEventListener("abort", abort), resolve()), ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
