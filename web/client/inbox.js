// What waits for one reader, bounded: live text is left out first, and told; when it is full, nothing more may be put.

/** @import { Limits } from "./types.d.ts" */

/** @type {Limits} */
export const LIMITS = { liveText: 256, items: 1024, characters: 8 * 1024 * 1024, subscriptions: 100 };

const LIVE_TEXT = "stage:output";
const DROPPED = "dropped";

export class Inbox {
  #limits;
  /** @type {Array<{item: any, size: number}>} */
  #waiting = [];
  #characters = 0;
  /** @type {{error: unknown} | "end" | null} */
  #ending = null;
  /** @type {(() => void) | null} */
  #wake = null;

  /** @param {Limits} limits */
  constructor(limits) {
    this.#limits = limits;
  }

  get isFull() {
    return this.#waiting.length >= this.#limits.items || this.#characters >= this.#limits.characters;
  }

  /** Whether so much was read that it pays to ask for more. */
  get isLow() {
    return this.#waiting.length <= this.#limits.items / 2 && this.#characters <= this.#limits.characters / 2;
  }

  get isOver() {
    return this.#ending !== null;
  }

  /**
   * @param {any} item
   * @param {number} size length of its text
   */
  put(item, size) {
    if (item.type === LIVE_TEXT && this.#waiting.length >= this.#limits.liveText) {
      this.#leaveOut({ type: DROPPED, executionId: item.executionId, dropped: 1 });
    } else if (item.type === DROPPED) {
      this.#leaveOut({ ...item });
    } else {
      this.#push(item, size);
    }
  }

  /** Nothing comes after what waits. */
  end() {
    this.#ending ??= "end";
    this.#wake?.();
  }

  /**
   * Throw this after what waits; or at once, and forget what waits.
   * @param {unknown} error
   * @param {{atOnce?: boolean}} [how]
   */
  fail(error, { atOnce = false } = {}) {
    if (atOnce) this.#waiting = [];
    if (atOnce || this.#ending === null) this.#ending = { error };
    this.#wake?.();
  }

  /**
   * Wait for the next item; undefined at the end. For one reader at a time.
   * @returns {Promise<any>}
   */
  async next() {
    while (this.#waiting.length === 0 && this.#ending === null) {
      await /** @type {Promise<void>} */ (new Promise((resolve) => (this.#wake = resolve)));
      this.#wake = null;
    }
    const first = this.#waiting.shift();
    if (first !== undefined) {
      this.#characters -= first.size;
      return first.item;
    }
    if (this.#ending !== "end") throw this.#ending?.error;
    return undefined;
  }

  /**
   * @param {any} item
   * @param {number} size
   */
  #push(item, size) {
    this.#waiting.push({ item, size });
    this.#characters += size;
    this.#wake?.();
  }

  /** @param {{type: string, executionId: string, dropped: number}} notice */
  #leaveOut(notice) {
    const last = this.#waiting.at(-1)?.item;
    if (last?.type === DROPPED) last.dropped += notice.dropped;
    else this.#push(notice, 0);
  }
}
