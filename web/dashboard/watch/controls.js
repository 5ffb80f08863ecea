// Stop it here, or cancel it. Escape asks, too.

import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { client, noticeRefusal } from "../gateway.js";
import { html } from "../html.js";
import { Dialog } from "../parts/dialog.js";
import { sentence } from "../parts/notice.js";

/** @import { Execution } from "./types.d.ts" */

/** @param {{execution: Execution}} props */
export function Controls({ execution }) {
  const [question, setQuestion] = useState(0); // its number; 0 while none is asked
  const asked = useRef(0);
  const pose = () => setQuestion((asked.current += 1));
  const [fault, setFault] = useState("");
  const isAsked = execution.isCancelRequested;
  useLayoutEffect(() => {
    /** @param {KeyboardEvent} event */
    const onKey = (event) => {
      if (event.key === "Escape" && !isAsked && !event.defaultPrevented && document.querySelector("dialog[open]") === null) {
        event.preventDefault();
        pose(); // also over one that the browser has closed and not yet told so
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [isAsked]);
  /** @param {(id: string) => Promise<boolean>} wish */
  const ask = async (wish) => {
    setQuestion(0);
    setFault("");
    try {
      await wish(execution.id); // what comes of it, its events tell
    } catch (error) {
      if (!noticeRefusal(error)) setFault(sentence(error));
    }
  };
  const finish = () => ask((id) => client.finish(id));
  const cancel = () => ask((id) => client.cancel(id));
  return html`<div class="actions">
    ${fault && html`<p class="fault" role="alert">${fault}</p>`}
    <button onClick=${finish} disabled=${isAsked || execution.isFinishRequested} title="Stop here and keep the best that it has">Finish now</button>
    <button class="danger" onClick=${pose} disabled=${isAsked}>Cancel … <kbd>Esc</kbd></button>
    ${question > 0 &&
    html`<${Dialog}
      key=${question}
      title="Cancel this run?"
      close=${() => setQuestion((before) => (before === question ? 0 : before))}
      actions=${html`
        <button onClick=${() => setQuestion(0)}>Keep running</button>
        ${!execution.isFinishRequested && html`<button onClick=${finish}>Finish, keep the best</button>`}
        <button class="main danger" onClick=${cancel}>Cancel the run</button>
      `}
    >
      <p>The model call in flight is stopped. What was done so far stays to be read, and can be reused when it is run again.</p>
    <//>`}
  </div>`;
}
