// Starting the run: asked first where it costs something, submitted once, then to where it can be watched.

import { useEffect, useRef, useState } from "preact/hooks";

import { client, noticeRefusal } from "../gateway.js";
import { go, to } from "../router.js";
import { isWorthAsking } from "./outlook.js";

/** @import { Estimate } from "../../client/wire.d.ts" */
/** @import { FormRequest } from "./request.js" */
/** @import { Outlook } from "./use_estimate.js" */

export const PATIENCE_MS = 5000; // then it is said that the gateway does not answer

/**
 * @typedef {{name: "ready"} | {name: "asking", estimate: Estimate} | {name: "starting", isSlow: boolean, isSubmitted: boolean}
 *   | {name: "failed", error: unknown, at: number}} Start `isSubmitted`: the run may have begun; `at`: milliseconds since 1970
 */

/**
 * @param {string} pipelineId
 * @param {(executionId: string) => void} started called before the view is left
 */
export function useStart(pipelineId, started) {
  const [state, setState] = useState(/** @type {Start} */ ({ name: "ready" }));
  const abort = useRef(/** @type {AbortController | null} */ (null));
  useEffect(() => () => abort.current?.abort(), []);

  /** Begin to wait, and say so once it takes long. @param {boolean} isSubmitted */
  const patiently = (isSubmitted) => {
    const { signal } = (abort.current = new AbortController());
    setState({ name: "starting", isSlow: false, isSubmitted });
    const timer = setTimeout(() => signal.aborted || setState({ name: "starting", isSlow: true, isSubmitted }), PATIENCE_MS);
    return { signal, done: () => clearTimeout(timer) };
  };

  /** @param {FormRequest} request */
  const submit = async ({ prompt, options }) => {
    const { signal, done } = patiently(true);
    try {
      const { executionId } = await client.submit(pipelineId, prompt, { options, signal });
      if (signal.aborted) return;
      started(executionId);
      history.replaceState(null, "", to.run(pipelineId, executionId)); // Back leads to what was run, not to an empty form
      go(to.execution(executionId));
    } catch (error) {
      if (!signal.aborted && !noticeRefusal(error)) setState({ name: "failed", error, at: Date.now() });
    } finally {
      done();
    }
  };

  /** As the command line: where there is no estimate, the run itself tells what there is to tell. */
  const begin = async (/** @type {FormRequest} */ request, /** @type {Outlook} */ outlook) => {
    let estimate = outlook.isStale ? null : outlook.estimate;
    if (outlook.isStale) {
      const { signal, done } = patiently(false);
      const { prompt, options } = request;
      estimate = await client.estimate(pipelineId, prompt, { options, signal }).catch(() => null);
      done();
      if (signal.aborted) return;
    }
    if (estimate !== null && isWorthAsking(estimate)) setState({ name: "asking", estimate });
    else await submit(request);
  };

  const leave = () => {
    abort.current?.abort();
    setState({ name: "ready" });
  };
  return { state, begin, submit, leave };
}
