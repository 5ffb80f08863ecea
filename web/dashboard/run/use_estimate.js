// What a run would take, asked while one types: a moment after the last change, and only the last answer counts.

import { useEffect, useState } from "preact/hooks";

import { client, noticeRefusal } from "../gateway.js";

/** @import { Estimate } from "../../client/wire.d.ts" */
/** @import { FormRequest } from "./request.js" */

const PAUSE_MS = 600;

/**
 * @typedef {object} Outlook
 * @property {Estimate | null} estimate of this request, or of an earlier one while `isStale`
 * @property {unknown} error
 * @property {boolean} isStale it is being asked again, or about to be
 */

/**
 * @param {string} pipelineId
 * @param {FormRequest} request nothing is asked while something stands in its way
 * @returns {Outlook & {again: () => void}}
 */
export function useEstimate(pipelineId, request) {
  const [outlook, setOutlook] = useState(/** @type {Outlook} */ ({ estimate: null, error: null, isStale: true }));
  const [round, setRound] = useState(0);
  const isReady = request.missing.length === 0 && request.waiting.length === 0 && Object.keys(request.faults).length === 0;
  useEffect(() => {
    setOutlook((before) => ({ ...before, isStale: true }));
    if (!isReady) return undefined;
    const abort = new AbortController();
    const { prompt, options } = request;
    const timer = setTimeout(() => {
      client.estimate(pipelineId, prompt, { options, signal: abort.signal }).then(
        (estimate) => !abort.signal.aborted && setOutlook({ estimate, error: null, isStale: false }),
        (error) => !abort.signal.aborted && !noticeRefusal(error) && setOutlook({ estimate: null, error, isStale: false }),
      );
    }, PAUSE_MS);
    return () => (clearTimeout(timer), abort.abort());
  }, [request, round]);
  return { ...outlook, again: () => setRound((before) => before + 1) };
}
