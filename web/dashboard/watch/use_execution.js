// Follows an execution for as long as a component shows it, and has it drawn anew once a frame at most.
//
// What is drawn is a copy: components whose props are the same objects as before are not drawn again.

import { useEffect, useReducer, useRef, useState } from "preact/hooks";

import { client, noticeRefusal } from "../gateway.js";
import { noteTime } from "../parts/now.js";
import { apply, begin } from "./fold.js";

/** @import { Execution } from "./types.d.ts" */

/**
 * @param {string} executionId
 * @returns {{execution: Execution, heardAt: {readonly current: number}, error: unknown, again: () => void}} `heardAt`: when the
 *   last item came, in milliseconds since 1970 by this machine's clock
 */
export function useExecution(executionId) {
  const execution = useRef(begin(executionId));
  const heardAt = useRef(Date.now());
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const [round, again] = useReducer((/** @type {number} */ before) => before + 1, 0);
  const [, redraw] = useReducer((/** @type {number} */ before) => before + 1, 0);
  useEffect(() => {
    const abort = new AbortController();
    execution.current = begin(executionId);
    setError(null);
    let frame = 0;
    const soon = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        redraw(undefined);
      });
    };
    const follow = async () => {
      // The journal, too: it tells what calls cost while their stage runs.
      for await (const item of client.follow(executionId, { events: "all", signal: abort.signal })) {
        if ("at" in item) noteTime(item.at, execution.current.isCaughtUp);
        apply(execution.current, item);
        heardAt.current = Date.now();
        soon();
      }
    };
    follow().catch((reason) => {
      if (!abort.signal.aborted && !noticeRefusal(reason)) setError(reason);
    });
    return () => {
      abort.abort();
      cancelAnimationFrame(frame);
    };
  }, [executionId, round]);
  return { execution: copyOf(execution.current), heardAt, error, again: () => again(undefined) };
}

/** @param {Execution} execution @returns {Execution} */
function copyOf(execution) {
  return { ...execution, stages: execution.stages.map((stage) => ({ ...stage, texts: new Map(stage.texts) })) };
}
