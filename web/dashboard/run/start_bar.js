// The Run button, what a refused start says, and the question before one that costs something.

import { useEffect, useState } from "preact/hooks";

import { StagecastError } from "../../client.js";
import { html } from "../html.js";
import { Dialog } from "../parts/dialog.js";
import { Notice, sentence } from "../parts/notice.js";
import { useNow } from "../parts/now.js";
import { to } from "../router.js";
import { limit, question } from "./outlook.js";
import { PATIENCE_MS } from "./use_start.js";

/** @import { Start } from "./use_start.js" */

const IS_APPLE = /Mac|iP(hone|ad|od)/.test(navigator.platform);

/** @type {Record<string, string>} */
const TITLES = {
  queue_full: "The queue is full",
  rate_limited: "Too many requests",
  missing_setting: "A setting is missing",
  forbidden: "You may not run pipelines here",
  gateway_unreachable: "The gateway does not answer",
  log_unavailable: "The gateway cannot store the run just now",
};

/** @param {{state: Start, isWaiting: boolean, run: () => void, submit: () => void, leave: () => void, isPlaced: boolean}} props
 *   `isWaiting`: until what was pasted is read; `isPlaced`: the error is told at a field */
export function StartBar({ state, isWaiting, run, submit, leave, isPlaced }) {
  const isStarting = isWaiting || state.name === "starting";
  const isSlow = useSlow(isWaiting) || (state.name === "starting" && state.isSlow);
  const isSubmitted = state.name === "starting" && state.isSubmitted;
  return html`<div class="run-bar">
    ${state.name === "failed" && !isPlaced && html`<${Refused} error=${state.error} at=${state.at} />`}
    ${isSlow &&
    html`<p class="run-care" role="status">
      The gateway does not answer; it is asked again until it does.
      ${isSubmitted ? html` If you stop, the run may be among the <a href=${to.runs()}>runs</a> already.` : " Nothing was started yet."}
      <button type="button" class="small" onClick=${leave}>Stop</button>
    </p>`}
    <button type="button" class="main run-start" aria-disabled=${isStarting ? "true" : undefined} aria-keyshortcuts=${IS_APPLE ? "Meta+Enter" : "Control+Enter"} onClick=${run}>
      ${isWaiting ? "Reading the rows…" : isStarting ? "Starting…" : "Run"} ${!isStarting && html`<kbd aria-hidden="true">${IS_APPLE ? "⌘" : "Ctrl"}</kbd><kbd aria-hidden="true">Enter</kbd>`}
    </button>
    ${state.name === "asking" &&
    html`<${Dialog} title="Run it?" close=${leave}
      actions=${html`<button type="button" onClick=${leave}>Not now</button><button type="button" class="main" onClick=${submit}>Run</button>`}>
      <p>${question(state.estimate)} ${limit(state.estimate)}</p>
    <//>`}
  </div>`;
}

/** Whether it has been so for longer than one waits without a word. @param {boolean} isWaiting */
function useSlow(isWaiting) {
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    setSlow(false);
    if (!isWaiting) return undefined;
    const timer = setTimeout(() => setSlow(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [isWaiting]);
  return isWaiting && isSlow;
}

/** @param {{error: unknown, at: number}} props */
function Refused({ error, at }) {
  const { code = "", retryAfterMs = null } = error instanceof StagecastError ? error : {};
  const action = code === "missing_setting" ? html`<a class="button" href=${to.models()}>See the models</a>` : undefined;
  return html`<${Notice} kind="error" title=${TITLES[code] ?? "The run was not started"} action=${action}>
    <span dir="auto">${sentence(error)}</span>${retryAfterMs !== null && html` <${Wait} until=${at + retryAfterMs} />`}
  <//>`;
}

/** @param {{until: number}} props milliseconds since 1970 */
function Wait({ until }) {
  const seconds = Math.ceil((until - useNow()) / 1000);
  return html`<span aria-live="off">${seconds > 0 ? `Try again in ${seconds} s.` : "You can try again now."}</span>`;
}
