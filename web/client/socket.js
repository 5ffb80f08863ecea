// One WebSocket from its opening to its end: it says who one is, reads JSON, and finds out when nobody is there any more.
// Opening the next one is connection.js's affair.

/** @import { Timing } from "./types.d.ts" */
/** @import { ClientMessage } from "./wire.d.ts" */

/** An id that no execution has: `unsubscribe` is answered all the same, and that is how to ask whether anybody hears. */
const NOBODY = "exec_0000000000000_0000000000000000";

const GONE = 1006; // what browsers call an end without a close frame
const NOT_JSON = 1007;

/**
 * @typedef {object} Ears
 * @property {() => void} opened it may be used now
 * @property {(message: any, size: number) => void} received any JSON object, with the length of its text
 * @property {(code: number, reason: string) => void} ended told once, and nothing after it
 */

export class Socket {
  #ws;
  #ears;
  #timing;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #heardAt = 0;
  #isOpen = false;

  /**
   * @param {string} url
   * @param {object} options
   * @param {typeof globalThis.WebSocket} options.WebSocket
   * @param {string | undefined} options.token sent as the first message; the socket is open when it was accepted
   * @param {Timing} options.timing
   * @param {Ears} ears
   */
  constructor(url, { WebSocket, token, timing }, ears) {
    this.#ears = ears;
    this.#timing = timing;
    this.#ws = new WebSocket(url);
    this.#ws.onopen = () => (token === undefined ? this.#open() : this.send({ type: "auth", token }));
    this.#ws.onmessage = (event) => this.#hear(event.data);
    this.#ws.onclose = (event) => this.#end(event.code, event.reason);
    this.#ws.onerror = () => this.#end(GONE, "the connection failed"); // not every WebSocket tells of a close then
    this.#timer = setTimeout(() => this.#end(GONE, "nobody answered in time"), timing.connectMs);
  }

  /** @param {ClientMessage} message */
  send(message) {
    this.#ws.send(JSON.stringify(message));
  }

  /** Ask whether anybody is there: whatever comes within `answerMs` is an answer. */
  check() {
    if (!this.#isOpen) return;
    clearTimeout(this.#timer);
    const askedAt = performance.now();
    this.send({ type: "unsubscribe", executionId: NOBODY });
    this.#timer = setTimeout(() => {
      if (this.#heardAt >= askedAt) this.#listen();
      else this.#end(GONE, "nobody is there any more");
    }, this.#timing.answerMs);
  }

  /** Close it; nothing is told after that. */
  close() {
    this.#isOpen = false;
    clearTimeout(this.#timer);
    // Who leaves does not wait for the other side's close frame: on a dead line none comes.
    this.#ws.onopen = this.#ws.onmessage = this.#ws.onclose = this.#ws.onerror = null;
    this.#ws.close(1000);
  }

  #open() {
    this.#isOpen = true;
    this.#heardAt = performance.now();
    clearTimeout(this.#timer);
    this.#listen();
    this.#ears.opened();
  }

  /** Ask after a silence. One timer runs, however many messages come. */
  #listen() {
    const restMs = this.#heardAt + this.#timing.silenceMs - performance.now();
    this.#timer = setTimeout(() => {
      if (performance.now() - this.#heardAt >= this.#timing.silenceMs) this.check();
      else this.#listen();
    }, Math.max(restMs, 0));
  }

  /** @param {unknown} text */
  #hear(text) {
    this.#heardAt = performance.now();
    let message;
    try {
      message = JSON.parse(String(text));
    } catch {
      // An event may have been in it: the next connection asks for it again.
      this.#end(NOT_JSON, "what came is no JSON");
      return;
    }
    if (message === null || typeof message !== "object") return;
    if (this.#isOpen) this.#ears.received(message, String(text).length);
    // A gateway that asks nobody for a token may answer `auth` with an error: it is open all the same.
    else if (message.type === "authenticated" || message.type === "error") this.#open();
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #end(code, reason) {
    this.close();
    this.#ears.ended(code, reason);
  }
}
