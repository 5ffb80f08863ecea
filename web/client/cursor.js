// Where a reader stands: what to ask the gateway for, and what to do with what it says. Pure: no socket, no clock.

/** @import { ErrorMessage, Subscribe, Subscribed } from "./wire.d.ts" */
/** @import { Judgement } from "./types.d.ts" */

const EVERYTHING = "*";
const TERMINAL = "execution:completed";

/** @type {Judgement} */
const IGNORE = { verdict: "ignore" };

class Cursor {
  #hasBegun = false;

  /** @param {{executionId: string} | {pipelineId: string}} subject as on the wire */
  constructor(subject) {
    this.subject = subject;
  }

  /**
   * Say what to ask for. What comes until the answer belongs to an earlier question.
   * @returns {Subscribe}
   */
  request() {
    this.#hasBegun = false;
    return { type: "subscribe", ...this.subject };
  }

  /**
   * | message | judgement |
   * |---|---|
   * | `subscribed` | it begins |
   * | the same without success | unknown |
   * | `error` | again |
   * | anything before `subscribed`, or `unsubscribed` | ignore |
   * | all else | see `begin` and `place` |
   *
   * @param {any} message
   * @returns {Judgement}
   */
  judge(message) {
    if (message.type === "subscribed") {
      this.#hasBegun = message.success;
      return message.success ? this.begin(message) : { verdict: "unknown" };
    }
    const isOutOfPlace = message.type === "unsubscribed" || !this.#hasBegun;
    const judgement =
      message.type === "error" ? this.again(message) : isOutOfPlace ? IGNORE : this.place(message);
    if (judgement.verdict === "again") this.#hasBegun = false;
    return judgement;
  }

  /**
   * @param {Subscribed} _message
   * @returns {Judgement}
   */
  begin(_message) {
    return IGNORE;
  }

  /**
   * @param {any} message
   * @returns {Judgement}
   */
  place(message) {
    return { verdict: "deliver", item: message };
  }

  /**
   * @param {ErrorMessage | null} why
   * @returns {Judgement}
   */
  again(why) {
    return { verdict: "again", why };
  }
}

/** One execution's events, in order, each once. */
export class ExecutionCursor extends Cursor {
  #wantsAll;
  #last;

  /**
   * @param {string} executionId
   * @param {object} [options]
   * @param {number} [options.after] the last `seq` seen
   * @param {"default" | "all"} [options.events]
   */
  constructor(executionId, { after = -1, events = "default" } = {}) {
    super({ executionId });
    this.#wantsAll = events === "all";
    this.#last = after;
  }

  request() {
    const request = super.request();
    if (this.#last >= 0) request.after = this.#last;
    if (this.#wantsAll) request.events = "all";
    return request;
  }

  /**
   * Where what was asked for is not kept any more, it goes on after `to`.
   * @param {Subscribed} message
   * @returns {Judgement}
   */
  begin(message) {
    if (message.recovered !== false) return IGNORE;
    this.#last = message.to ?? this.#last;
    return { verdict: "deliver", item: message };
  }

  /**
   * | message | judgement |
   * |---|---|
   * | a notice, live text: no `seq` | deliver |
   * | an event with a later `seq` | deliver; those between were not for us |
   * | the same with a number left out where all were asked for | again: it was lost |
   * | an event with an earlier `seq`, or the same | ignore: told twice |
   * | the terminal event | end, also when told again to who resumes behind it, or without `seq` |
   *
   * @param {any} message
   * @returns {Judgement}
   */
  place(message) {
    const isNumbered = typeof message.seq === "number" && message.type !== "caught_up";
    if (isNumbered && this.#wantsAll && message.seq > this.#last + 1) return this.again(null);
    if (message.type === TERMINAL) return { verdict: "end", item: message };
    if (isNumbered && message.seq <= this.#last) return IGNORE;
    if (isNumbered) this.#last = message.seq;
    return super.place(message);
  }
}

/** The life cycle of all executions, or of one pipeline's. */
export class LifecycleCursor extends Cursor {
  /** @param {string} [pipelineId] */
  constructor(pipelineId) {
    super(pipelineId === undefined ? { executionId: EVERYTHING } : { pipelineId });
  }

  /**
   * What happened before may have been missed, each time.
   * @returns {Judgement}
   */
  begin() {
    return { verdict: "deliver", item: { type: "gap", ...this.subject } };
  }
}
