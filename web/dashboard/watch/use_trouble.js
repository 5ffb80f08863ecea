// Why nothing happens, where nothing happens for a while: the broker is away, or there is no runner.

import { useEffect, useState } from "preact/hooks";

import { readiness } from "../gateway.js";

/** @import { Execution } from "./types.d.ts" */

const SILENCE_MS = 8000;
const ASK_EVERY_MS = 5000;

/**
 * @param {Execution} execution which has not ended
 * @param {{readonly current: number}} heardAt when the last item came
 * @returns {string | null} a sentence or two
 */
export function useTrouble({ status }, heardAt) {
  const [trouble, setTrouble] = useState(/** @type {string | null} */ (null));
  useEffect(() => {
    const abort = new AbortController();
    const look = async () => {
      if (Date.now() - heardAt.current < SILENCE_MS) return setTrouble(null);
      const found = await readiness(abort.signal).catch(() => null); // nobody answers: the banner says so
      return abort.signal.aborted || setTrouble(troubleOf(found, status === "queued"));
    };
    const timer = setInterval(look, ASK_EVERY_MS);
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, [status]);
  return trouble;
}

/** @param {{broker: boolean, runners: number} | null} found @param {boolean} isQueued */
function troubleOf(found, isQueued) {
  if (found === null) return null;
  if (!found.broker) return "The broker is away, and nothing moves until it is back. The services connect again by themselves.";
  if (found.runners > 0) return null;
  return isQueued
    ? "No runner is connected, so nobody takes it yet. Whoever runs the service starts one with stagecast up or python -m runner."
    : "No runner is connected. As soon as one is, it goes on; finished stages are kept.";
}
