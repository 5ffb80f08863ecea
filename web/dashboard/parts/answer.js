// What a request is answered, as a component shows it: nothing yet, the answer, or why there is none.

import { useCallback, useEffect, useState } from "preact/hooks";

import { noticeRefusal } from "../gateway.js";

/**
 * @template T
 * @typedef {{value: T | undefined, error: unknown, isLoading: boolean, again: () => void}} Answer
 *   `value` stays while it is asked again
 */

/**
 * Ask when the component is first shown, and anew whenever an input changes; what is not needed any more is aborted.
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} ask
 * @param {unknown[]} inputs
 * @returns {Answer<T>}
 */
export function useAnswer(ask, inputs) {
  const [answer, setAnswer] = useState(/** @type {{value?: T, error?: unknown, isLoading: boolean}} */ ({ isLoading: true }));
  const [round, setRound] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    setAnswer((before) => ({ ...before, isLoading: true }));
    ask(abort.signal).then(
      (value) => {
        if (!abort.signal.aborted) setAnswer({ value, isLoading: false });
      },
      (error) => {
        if (abort.signal.aborted || noticeRefusal(error)) return;
        setAnswer((before) => ({ ...before, error, isLoading: false }));
      },
    );
    return () => abort.abort();
  }, [...inputs, round]);
  const again = useCallback(() => setRound((before) => before + 1), []);
  return { value: answer.value, error: answer.error, isLoading: answer.isLoading, again };
}
