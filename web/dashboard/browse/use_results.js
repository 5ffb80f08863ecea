// One page of saved results, as a component shows it: filled by as many requests as it takes, and told how far they are.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { StagecastError } from "../../client.js";
import { client, noticeRefusal } from "../gateway.js";
import { gather } from "./gathering.js";

/** @import { Filters } from "./output_rows.js" */
/** @import { OutputListing } from "../../client/wire.d.ts" */
/** @import { PageRequest } from "../../client/types.d.ts" */

export const PAGE_SIZE = 50;

/**
 * @typedef {object} Results
 * @property {OutputListing[]} rows
 * @property {string | null} next where to go on
 * @property {boolean} isKnown `rows` belong to what is asked for now, not to what was before
 * @property {boolean} isLooking
 * @property {unknown} error
 */

/** @type {Results} */
const NONE = { rows: [], next: null, isKnown: false, isLooking: true, error: null };

/**
 * @param {Filters & {before: string | null}} asked
 * @param {number} reloads the page is read anew whenever it rises, and what is shown stays meanwhile
 */
export function useResults({ pipeline, status, q, before }, reloads) {
  const [results, setResults] = useState(NONE);
  const running = useRef(/** @type {AbortController | null} */ (null));
  const is = useRef({ busy: false, stale: false, stopped: false });

  /** @param {{rows?: OutputListing[], before: string | null, isQuiet?: boolean}} from */
  const look = async ({ rows, before: start, isQuiet = false }) => {
    running.current?.abort();
    const abort = (running.current = new AbortController());
    is.current = { busy: true, stale: false, stopped: false };
    if (!isQuiet) setResults((shown) => ({ ...shown, isLooking: true, error: null }));
    try {
      const wanted = /** @type {PageRequest<OutputListing["status"]>} */ ({ pipeline, status, q }); // as the address says; the gateway judges it
      const ask = (/** @type {PageRequest<OutputListing["status"]>} */ page) => patiently(() => client.outputs({ ...wanted, ...page, signal: abort.signal }), abort.signal);
      for await (const found of gather(ask, { size: PAGE_SIZE, before: start, rows })) {
        if (abort.signal.aborted) return;
        // Read anew: what is shown stays until all that takes its place is there.
        if (isQuiet && !found.isDone) continue;
        setResults({ rows: found.rows, next: found.next, isKnown: true, isLooking: !found.isDone, error: null });
      }
    } catch (error) {
      if (abort.signal.aborted || noticeRefusal(error)) return;
      setResults((shown) => ({ ...shown, isLooking: false, error: isQuiet && shown.isKnown ? null : error }));
    }
    is.current.busy = false;
    if (is.current.stale) void look({ before, isQuiet: true });
  };

  useEffect(() => {
    setResults((shown) => ({ ...shown, isKnown: false }));
    void look({ before });
    return () => running.current?.abort();
  }, [pipeline, status, q, before]);

  useEffect(() => {
    if (reloads === 0 || before !== null || is.current.stopped) return;
    if (is.current.busy) is.current.stale = true;
    else void look({ before, isQuiet: true });
  }, [reloads]);

  const stop = useCallback(() => {
    running.current?.abort();
    is.current = { busy: false, stale: false, stopped: true };
    setResults((shown) => ({ ...shown, isLooking: false }));
  }, []);
  const goOn = () => look({ rows: results.rows, before: results.next });
  return { ...results, stop, goOn, again: () => look({ before }) };
}

/**
 * Ask, and wait as long as the gateway says where it was asked too often.
 * @template T
 * @param {() => Promise<T>} ask
 * @param {AbortSignal} signal
 * @returns {Promise<T>}
 */
async function patiently(ask, signal) {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof StagecastError) || error.status !== 429) throw error;
      await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs ?? 1000));
      signal.throwIfAborted();
    }
  }
}
