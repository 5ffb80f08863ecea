// Runs an execution again, as a new one, and goes there: asked first where it costs something.

import { useEffect, useRef, useState } from "preact/hooks";

import { client, noticeRefusal } from "../gateway.js";
import { html } from "../html.js";
import { Dialog } from "../parts/dialog.js";
import { sentence } from "../parts/notice.js";
import { go, to } from "../router.js";
import { refusal, rerunQuestion } from "./rerun_question.js";

/** @import { PipelineResult } from "../../client/wire.d.ts" */

/** @typedef {{name: "ready"} | {name: "busy"} | {name: "asking", question: string} | {name: "failed", fault: string}} Rerun */

/** @param {{result: PipelineResult, fromStage?: string, label: string}} props */
export function RerunButton({ result, fromStage, label }) {
  const { state, begin, rerun, leave } = useRerun(result, fromStage);
  const isBusy = state.name === "busy";
  return html`<span class="rerun">
    <button class=${fromStage === undefined ? "" : "small"} aria-disabled=${isBusy ? "true" : undefined} onClick=${begin}>${label}</button>
    <span class="fault" role="status" dir="auto">${state.name === "failed" && state.fault}</span>
    ${state.name === "asking" &&
    html`<${Dialog} title="Run it again?" close=${leave}
      actions=${html`<button onClick=${leave}>Not now</button><button class="main" onClick=${rerun}>${label}</button>`}>
      <p>${state.question}</p>
    <//>`}
  </span>`;
}

/** @param {PipelineResult} result @param {string | undefined} fromStage */
function useRerun({ executionId, pipelineId, input, status }, fromStage) {
  const [state, setState] = useState(/** @type {Rerun} */ ({ name: "ready" }));
  const abort = useRef(/** @type {AbortController | null} */ (null));
  // Whoever went elsewhere meanwhile is not brought back: what was started shows under Runs.
  useEffect(() => () => abort.current?.abort(), []);

  /** @param {(signal: AbortSignal) => Promise<void>} ask */
  const attempt = async (ask) => {
    const { signal } = (abort.current = new AbortController());
    setState({ name: "busy" });
    try {
      await ask(signal);
    } catch (error) {
      if (signal.aborted) return;
      setState(noticeRefusal(error) ? { name: "ready" } : { name: "failed", fault: refusal(error, sentence(error)) });
    }
  };

  const rerun = () =>
    attempt(async (signal) => {
      const started = await client.rerun(executionId, { ...(fromStage !== undefined && { fromStage }), signal });
      if (!signal.aborted) go(to.execution(started.executionId));
    });

  const begin = () => {
    if (state.name === "busy") return;
    void attempt(async (signal) => {
      const { prompt, options } = input;
      const estimate = await client.estimate(pipelineId, prompt, { options, signal }).catch((error) => {
        if (signal.aborted || noticeRefusal(error)) throw error;
        return null;
      });
      if (signal.aborted) return;
      const question = rerunQuestion(estimate, fromStage !== undefined || status === "failed" || status === "cancelled");
      if (question === null) await rerun();
      else setState({ name: "asking", question });
    });
  };

  return { state, begin, rerun, leave: () => setState({ name: "ready" }) };
}
