// Follows what happens to all executions, and asks how things stand where something may be missing. Shows nothing.

import { InProgress } from "./in_progress.js";
import { excerptOf, isWanted, rowOf } from "./output_rows.js";

/** @import { LifecycleEvent, LifecycleItem, Page, PageRequest } from "../../client/types.d.ts" */
/** @import { ExecutionCompleted } from "../../client/wire.d.ts" */
/** @import { Filters } from "./output_rows.js" */
/** @import { Run } from "./in_progress.js" */
/** @import { ExecutionListing, OutputListing } from "../../client/wire.d.ts" */

const PAGE = 100;
const MOST_PAGES = 200; // of a list that goes on and on; what is older is then not shown
const MOST_ROWS = 1000;
const MOST_FRESH = 100;
const RELOAD_AFTER = 50; // results that came while a page stood
const MOST_ENDED = 3;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;

/**
 * @typedef {object} Live how things stand
 * @property {Run[]} runs
 * @property {boolean} isKnown they were told at least once
 * @property {boolean} isMore there are more than are known
 * @property {{id: string, name: string, status: string}[]} ended the last ones, newest first
 * @property {ExecutionCompleted[]} completed the last ends, newest first, without what they delivered
 * @property {number} reloads rises whenever a list of results should be read anew
 * @property {unknown} trouble why the list cannot be read just now; it is tried again
 */

/** @type {Live} */
export const NOTHING_KNOWN = { runs: [], isKnown: false, isMore: false, ended: [], completed: [], reloads: 0, trouble: null };

/**
 * @typedef {object} Source the part of the client that is needed
 * @property {(how: {signal: AbortSignal}) => AsyncIterable<LifecycleItem>} lifecycle
 * @property {(asked: PageRequest<ExecutionListing["status"]>) => Promise<Page<ExecutionListing>>} executions
 */

export class LiveRuns {
  #source;
  #changed;
  #pause;
  #known = new InProgress();
  #live = NOTHING_KNOWN;
  #since = 0; // results since the last reload
  /** @type {AbortController | null} */
  #listing = null;

  /**
   * @param {Source} source
   * @param {() => void} changed called with each change of `live`
   * @param {(ms: number) => Promise<void>} [pause]
   */
  constructor(source, changed, pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))) {
    this.#source = source;
    this.#changed = changed;
    this.#pause = pause;
  }

  /** How things stand. Made anew each time: ask as often as it is shown. @returns {Live} */
  get live() {
    return { ...this.#live, runs: this.#known.runs };
  }

  /**
   * Follow until aborted; throws what ends the following.
   * @param {AbortSignal} signal
   */
  async follow(signal) {
    try {
      for await (const item of this.#source.lifecycle({ signal })) {
        if (item.type === "gap") this.#missed(signal);
        else this.#told(item);
      }
    } finally {
      this.#listing?.abort();
    }
  }

  /** @param {AbortSignal} signal */
  #missed(signal) {
    this.#listing?.abort();
    this.#listing = new AbortController();
    this.#known.began();
    this.#reload();
    void this.#list(AbortSignal.any([signal, this.#listing.signal]));
  }

  /** @param {LifecycleEvent} event */
  #told(event) {
    this.#known.told(event);
    if (event.type === "execution:completed") this.#completed(event);
    this.#show({});
  }

  /** @param {ExecutionCompleted} event */
  #completed(event) {
    const { result, filename } = event;
    const note = { id: event.executionId, name: excerptOf(result.input.prompt) || result.pipelineId, status: result.status };
    this.#live = { ...this.#live, ended: [note, ...this.#live.ended].slice(0, MOST_ENDED) };
    if (filename === null) return;
    const kept = { ...event, result: { ...result, stages: [], output: verdictOnly(result.output) } };
    this.#live = { ...this.#live, completed: [kept, ...this.#live.completed].slice(0, MOST_FRESH) };
    this.#since += 1;
    if (this.#since >= RELOAD_AFTER) this.#reload();
  }

  #reload() {
    this.#since = 0;
    this.#live = { ...this.#live, reloads: this.#live.reloads + 1 };
  }

  /** @param {AbortSignal} signal */
  async #list(signal) {
    for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        const areWhole = [await this.#read("running", signal), await this.#read("queued", signal)];
        if (signal.aborted) return;
        const isWhole = areWhole.every(Boolean);
        if (isWhole) this.#known.settled();
        this.#show({ isKnown: true, isMore: !isWhole, trouble: null });
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#show({ trouble: error });
        await this.#pause(pauseMs);
      }
    }
  }

  /**
   * @param {"running" | "queued"} status
   * @param {AbortSignal} signal
   * @returns {Promise<boolean>} whether the list was read to its end
   */
  async #read(status, signal) {
    /** @type {string | null} */
    let before = null;
    let count = 0;
    for (let pages = 0; pages < MOST_PAGES && count < MOST_ROWS; pages++) {
      const page = /** @type {Page<ExecutionListing>} */ (await this.#source.executions({ status, limit: PAGE, before, signal }));
      if (signal.aborted) return false;
      this.#known.listed(page.rows);
      count += page.rows.length;
      if (page.next === null) return true;
      if (page.rows.length > 0) this.#show({ isKnown: true });
      before = page.next;
    }
    return false;
  }

  /** @param {Partial<Live>} change */
  #show(change) {
    this.#live = { ...this.#live, ...change };
    this.#changed();
  }
}

/**
 * The rows of results that came since, as the list filtered so would have them.
 * @param {Live} live
 * @param {Filters} filters
 * @returns {OutputListing[]}
 */
export function freshRows({ completed }, filters) {
  return completed
    .filter((event) => isWanted(filters, event.result))
    .map(rowOf)
    .filter((row) => row !== null);
}

/** Ends are kept a while; what they delivered may be large. @param {unknown} output */
function verdictOnly(output) {
  return output !== null && typeof output === "object" && "verdict" in output ? { verdict: output.verdict } : null;
}
