// What happens to all executions, as a component shows it: drawn anew a few times a second at most, however much happens.

import { useCallback, useEffect, useState } from "preact/hooks";

import { client, noticeRefusal } from "../gateway.js";
import { LiveRuns, NOTHING_KNOWN } from "./live_runs.js";

const DRAWN_EVERY_MS = 200;

/** @returns {{live: import("./live_runs.js").Live, error: unknown, again: () => void}} `error`: why nothing is followed any more */
export function useLiveRuns() {
  const [live, setLive] = useState(NOTHING_KNOWN);
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const [round, setRound] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    let drawnAt = 0;
    const draw = () => {
      timer = undefined;
      drawnAt = performance.now();
      if (!abort.signal.aborted) setLive(runs.live);
    };
    const changed = () => {
      timer ??= setTimeout(draw, Math.max(0, drawnAt + DRAWN_EVERY_MS - performance.now()));
    };
    const runs = new LiveRuns({ lifecycle: (how) => client.lifecycle(how), executions: (asked) => client.executions(asked) }, changed);
    setError(null);
    runs.follow(abort.signal).catch((problem) => {
      if (!abort.signal.aborted && !noticeRefusal(problem)) setError(problem);
    });
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [round]);
  const again = useCallback(() => setRound((before) => before + 1), []);
  return { live, error, again };
}
