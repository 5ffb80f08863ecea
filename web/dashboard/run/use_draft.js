// The form's content while it is shown: taken from the draft of before, or from an earlier run, and kept as it changes.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { forgetHere, keepHere, readHere } from "../storage.js";
import { EMPTY, forgetDraft, keepDraft, readDraft } from "./draft.js";
import { draftOf } from "./request.js";

/** @import { Draft } from "./draft.js" */
/** @import { Earlier } from "./earlier.js" */
/** @import { Form } from "./request.js" */

const KEPT_AFTER_MS = 250;
const TAB = { getItem: readHere, setItem: keepHere, removeItem: forgetHere };

/** @typedef {Partial<Draft> | ((draft: Draft) => Partial<Draft>)} Change a function where the answer came later, as rows do */

/**
 * @param {string} pipelineId
 * @param {Form} form
 * @param {Earlier | null} earlier
 * @returns {{draft: Draft, unknown: string[], change: (part: Change) => void, forget: () => void, pass: (executionId: string) => void}}
 *   `unknown`: options of the earlier run that have no place here; `pass`: from now on it is what was taken over from this run
 */
export function useDraft(pipelineId, form, earlier) {
  const from = earlier?.executionId ?? null;
  const [{ draft, unknown }, setState] = useState(() => {
    const taken = earlier === null ? { draft: EMPTY, unknown: [] } : draftOf(form, earlier);
    return { ...taken, draft: readDraft(TAB, pipelineId, from) ?? taken.draft };
  });
  const latest = useRef(/** @type {Draft | null} */ (null));
  const keep = useCallback(() => {
    if (latest.current !== null) keepDraft(TAB, pipelineId, from, latest.current);
    latest.current = null;
  }, []);
  useEffect(() => {
    const timer = setTimeout(keep, KEPT_AFTER_MS);
    return () => clearTimeout(timer);
  }, [draft]);
  useEffect(() => {
    addEventListener("pagehide", keep);
    return () => (removeEventListener("pagehide", keep), keep());
  }, []);
  const change = useCallback((/** @type {Change} */ part) => {
    setState((before) => {
      latest.current = { ...before.draft, ...(typeof part === "function" ? part(before.draft) : part) };
      return { ...before, draft: latest.current };
    });
  }, []);
  const forget = useCallback(() => {
    latest.current = null;
    forgetDraft(TAB, pipelineId, from);
  }, []);
  const pass = (/** @type {string} */ executionId) => {
    forget();
    keepDraft(TAB, pipelineId, executionId, draft);
  };
  return { draft, unknown, change, forget, pass };
}
