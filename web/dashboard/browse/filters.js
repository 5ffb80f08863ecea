// What of the history is shown: pipeline, status and text. The address holds it, so that a search can be shared.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { client } from "../gateway.js";
import { html } from "../html.js";
import { useAnswer } from "../parts/answer.js";
import { go, replace, to } from "../router.js";

const TYPING_MS = 300;

/** @type {[string, string][]} */
export const STATUSES = [
  ["success", "Success"],
  ["early_exit", "Ended early"],
  ["failed", "Failed"],
  ["cancelled", "Cancelled"],
];

/** @param {{asked: {pipeline: string | null, status: string | null, q: string | null}}} props */
export function Filters({ asked }) {
  const { pipeline, status, q } = asked;
  const [text, setText] = useState(q ?? "");
  const pipelines = useAnswer((signal) => client.pipelines({ signal }), []);
  const ids = (pipelines.value ?? []).map((one) => one.id);
  const choices = pipeline && !ids.includes(pipeline) ? [pipeline, ...ids] : ids; // of a file that is not there any more
  const sent = useRef(q ?? "");
  // Only what another changed is taken over (Back, a link): what was sent from here is older than what is typed by now.
  useLayoutEffect(() => {
    if ((q ?? "") === sent.current) return;
    sent.current = q ?? "";
    setText(q ?? "");
  }, [q]);
  useEffect(() => {
    const timer = setTimeout(search, TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, pipeline, status, q]);
  function search() {
    if (text.trim() !== (q ?? "")) replace(address({ pipeline, status }));
  }
  /** @param {{pipeline: string | null, status: string | null}} chosen */
  function address(chosen) {
    sent.current = text.trim();
    return to.runs({ ...chosen, q: sent.current });
  }
  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault();
    search();
  };
  return html`<form class="filters" role="search" aria-label="History" onSubmit=${submit}>
    <label class="field">
      <span>Pipeline</span>
      <select value=${pipeline ?? ""} onChange=${(/** @type {any} */ event) => go(address({ pipeline: event.target.value, status }))}>
        <option value="">All pipelines</option>
        ${choices.map((id) => html`<option key=${id} dir="auto" value=${id} selected=${id === pipeline}>${id}</option>`)}
      </select>
    </label>
    <label class="field">
      <span>Status</span>
      <select value=${status ?? ""} onChange=${(/** @type {any} */ event) => go(address({ pipeline, status: event.target.value }))}>
        <option value="">Any status</option>
        ${STATUSES.map(([value, label]) => html`<option key=${value} value=${value} selected=${value === status}>${label}</option>`)}
      </select>
    </label>
    <label class="field wide">
      <span>Text</span>
      <input type="search" value=${text} placeholder="In prompt, id or error" maxlength="200" autocomplete="off"
        onInput=${(/** @type {any} */ event) => setText(event.target.value)} />
    </label>
    ${(pipeline || status || q) && html`<a class="button" href=${to.runs()} onClick=${() => setText("")}>Clear filters</a>`}
  </form>`;
}
