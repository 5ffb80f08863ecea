// Tells when somebody comes back to this window, who may have changed a file or a setting meanwhile, or when the network
// does. A view that no gateway answered asks again by itself, as long as somebody looks at it.

import { useEffect } from "preact/hooks";

const AGAIN_MS = 5000;

/**
 * @param {() => void} returned
 * @param {unknown} [error] why there is nothing newer to show, if there is not
 */
export function useReturn(returned, error) {
  useEffect(() => {
    const seen = () => document.visibilityState === "visible" && returned();
    addEventListener("focus", returned);
    addEventListener("online", returned);
    document.addEventListener("visibilitychange", seen);
    return () => {
      removeEventListener("focus", returned);
      removeEventListener("online", returned);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [returned]);
  // Once for each failure: an answer that takes its time is waited for.
  useEffect(() => {
    if (!isUnanswered(error)) return undefined;
    const timer = setTimeout(() => document.visibilityState === "visible" && returned(), AGAIN_MS);
    return () => clearTimeout(timer);
  }, [returned, error]);
}

/** Whether time may mend it: no gateway answered, or it lacks what it needs to. @param {unknown} error */
function isUnanswered(error) {
  const { code, status } = /** @type {{code?: string, status?: number | null}} */ (error ?? {});
  return code === "gateway_unreachable" || status === 503;
}
