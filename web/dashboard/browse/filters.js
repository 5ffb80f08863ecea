// What of the history is shown: pipeline, status and text. The address holds it, so that a search can be shared.

import { useEffect, useState } from "preact/hooks";

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
  useEffect(() => {
    if ((q ?? "") !== text.trim()) setText(q ?? "");
  }, [q]);
  useEffect(() => {
    const timer = setTimeout(search, TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, pipeline, status, q]);
  function search() {
    if (text.trim() !== (q ?? "")) replace(to.runs({ pipeline, status, q: text.trim() }));
  }
  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault();
    search();
  };
  return html`<form class="filters" role="search" aria-label="History" onSubmit=${submit}>
    <label class="field">
      <span>Pipeline</span>
      <select value=${pipeline ?? ""} onChange=${(/** @type {any} */ event) => go(to.runs({ pipeline: event.target.value, status, q: text.trim() }))}>
        <option value="">All pipelines</option>
        ${choices.map((id) => html`<option key=${id} value=${id} selected=${id === pipeline}>${id}</option>`)}
      </select>
    </label>
    <label class="field">
      <span>Status</span>
      <select value=${status ?? ""} onChange=${(/** @type {any} */ event) => go(to.runs({ pipeline, status: event.target.value, q: text.trim() }))}>
        <option value="">Any status</option>
        ${STATUSES.map(([value, label]) => html`<option key=${value} value=${value} selected=${value === status}>${label}</option>`)}
      </select>
    </label>
    <label class="field wide">
      <span>Text</span>
      <input type="search" value=${text} placeholder="In prompt, id or error" maxlength="200" autocomplete="off"
        onInput=${(/** @type {any} */ event) => setText(event.target.value)} />
    </label>
    ${(pipeline || status || q) && html`<a class="button" href=${to.runs()}>Clear filters</a>`}
  </form>`;
}
