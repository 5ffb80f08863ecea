// Which executions are in progress: what a list said, with the life-cycle events that follow it. Nothing is asked here.

import { excerptOf } from "./output_rows.js";

/** @import { LifecycleEvent } from "../../client/types.d.ts" */
/** @import { ExecutionListing } from "../../client/wire.d.ts" */

/**
 * @typedef {object} Run one that has not ended
 * @property {string} id
 * @property {string | null} pipelineId null while only an event that does not tell it was heard
 * @property {"queued" | "running"} status
 * @property {boolean} cancelRequested
 * @property {number} attempt
 * @property {string | null} queuedAt
 * @property {string | null} startedAt
 * @property {string | null} excerpt
 */

const MOST_OVER = 5000; // ended executions that are remembered: a list read before their end may still name them

/** @type {Omit<Run, "id">} */
const UNKNOWN = {
  pipelineId: null,
  status: "queued",
  cancelRequested: false,
  attempt: 0,
  queuedAt: null,
  startedAt: null,
  excerpt: null,
};

/**
 * After a gap: `began()`, then `listed` with each page of the list and `settled()`, and `told` with each event as it comes.
 * In whatever order these interleave, what is known is never set back to what was before.
 */
export class InProgress {
  /** @type {Map<string, {run: Run, heard: Partial<Run> | null, isListed: boolean}>} */
  #entries = new Map();
  /** @type {Set<string>} */
  #over = new Set();

  /** Those that run first, then those that wait, newest first. @returns {Run[]} */
  get runs() {
    const runs = [...this.#entries.values()].map(({ run }) => run).filter((run) => run.pipelineId !== null);
    return runs.sort((one, other) => {
      if (one.status !== other.status) return one.status === "running" ? -1 : 1;
      return one.id < other.id ? 1 : -1;
    });
  }

  /** Something may have been missed: all is to be told anew. */
  began() {
    for (const entry of this.#entries.values()) Object.assign(entry, { heard: null, isListed: false });
  }

  /** @param {ExecutionListing[]} rows */
  listed(rows) {
    for (const row of rows) {
      if ((row.status !== "queued" && row.status !== "running") || this.#over.has(row.id)) continue;
      const { id, pipelineId, status, cancelRequested, attempt, queuedAt, startedAt } = row;
      const listed = { id, pipelineId, status, cancelRequested, attempt, queuedAt, startedAt, excerpt: row.excerpt ?? null };
      const heard = this.#entries.get(id)?.heard ?? null;
      this.#entries.set(id, { run: { ...listed, ...heard }, heard, isListed: true });
    }
  }

  /** The list was read to its end: what it does not have, and of which nothing was heard since, is not in progress any more. */
  settled() {
    for (const [id, { heard, isListed }] of this.#entries) if (!isListed && heard === null) this.#entries.delete(id);
  }

  /**
   * @param {LifecycleEvent} event
   * @returns {Run | null} how it was known, if it has ended with this event
   */
  told(event) {
    const id = event.executionId;
    const entry = this.#entries.get(id);
    if (event.type === "execution:completed") {
      this.#entries.delete(id);
      this.#over.add(id);
      for (const oldest of this.#over) {
        if (this.#over.size <= MOST_OVER) break;
        this.#over.delete(oldest);
      }
      return entry?.run ?? { id, ...UNKNOWN };
    }
    if (this.#over.has(id)) return null;
    const heard = { ...entry?.heard, ...changeBy(event) };
    const run = { ...UNKNOWN, ...entry?.run, ...heard, id };
    this.#entries.set(id, { run, heard, isListed: entry?.isListed ?? false });
    return null;
  }
}

/** @param {LifecycleEvent} event @returns {Partial<Run>} */
function changeBy(event) {
  switch (event.type) {
    case "execution:queued":
      return { pipelineId: event.pipelineId, status: "queued", queuedAt: event.at, excerpt: excerptOf(event.input) };
    case "execution:started":
      return { pipelineId: event.pipelineId, status: "running", startedAt: event.at, attempt: event.attempt };
    case "execution:resumed":
      return { status: "running", attempt: event.attempt };
    case "execution:released":
      return { status: "queued" };
    case "execution:cancel_requested":
      return { cancelRequested: true };
    default:
      return {};
  }
}
