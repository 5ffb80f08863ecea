// What was typed, kept in the tab: a reload loses nothing, nor does the way back from a run. Where it is kept is passed in.

import { NO_LIMITS } from "./overrides.js";
import { isObject } from "./schema.js";

/** @import { Entry } from "./reading.js" */
/** @import { Limits, Models } from "./overrides.js" */

/**
 * @typedef {object} Draft all that stands in a form
 * @property {string} prompt
 * @property {Record<string, Entry>} entries
 * @property {Models} models
 * @property {Limits} limits
 */

/** @type {Draft} */
export const EMPTY = { prompt: "", entries: {}, models: {}, limits: NO_LIMITS };

/**
 * @param {Pick<Storage, "getItem">} storage
 * @param {string} pipelineId
 * @param {string | null} from the execution that it was taken over from
 * @returns {Draft | null}
 */
export function readDraft(storage, pipelineId, from) {
  try {
    const kept = JSON.parse(storage.getItem(keyOf(pipelineId, from)) ?? "null");
    if (!isObject(kept) || typeof kept.prompt !== "string") return null;
    const { prompt, entries, models, limits } = kept;
    return {
      prompt,
      entries: /** @type {Draft["entries"]} */ (isObject(entries) ? entries : {}),
      models: /** @type {Models} */ (isObject(models) ? models : {}),
      limits: { ...NO_LIMITS, ...(isObject(limits) ? limits : {}) },
    };
  } catch {
    return null; // not ours, or not allowed
  }
}

/**
 * Keep a draft. One that is too large for the store is kept without its rows and JSON.
 * @param {Pick<Storage, "getItem" | "setItem">} storage
 * @param {string} pipelineId
 * @param {string | null} from
 * @param {Draft} draft
 */
export function keepDraft(storage, pipelineId, from, draft) {
  const small = Object.fromEntries(Object.entries(draft.entries).filter(([, entry]) => JSON.stringify(entry).length < 10_000));
  const key = keyOf(pipelineId, from);
  for (const entries of [draft.entries, small]) {
    const text = JSON.stringify({ ...draft, entries });
    storage.setItem(key, text);
    if (storage.getItem(key) === text) return; // else it is too large, or not allowed: the form works without
  }
}

/**
 * @param {Pick<Storage, "removeItem">} storage
 * @param {string} pipelineId
 * @param {string | null} from
 */
export function forgetDraft(storage, pipelineId, from) {
  storage.removeItem(keyOf(pipelineId, from));
}

/** @param {string} pipelineId @param {string | null} from */
function keyOf(pipelineId, from) {
  return `stagecast.draft.${pipelineId}${from === null ? "" : `.${from}`}`;
}
