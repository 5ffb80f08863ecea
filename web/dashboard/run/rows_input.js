// The rows of an option, brought along as CSV, JSONL or JSON: dropped, chosen, pasted. The gateway reads them, by the
// rules by which it reads an upload; here they are only shown.

import { useEffect, useRef, useState } from "preact/hooks";

import { client, noticeRefusal } from "../gateway.js";
import { html } from "../html.js";
import { counted, count } from "../parts/format.js";
import { sentence } from "../parts/notice.js";
import { asJson } from "./entries.js";
import { preview } from "./rows_preview.js";

/** @import { Entry, Rows } from "./reading.js" */

/** @param {{place: string, label: string, name: string, entry: Rows, change: (entry: Entry | undefined) => void, pipelineId: string}} props */
export function RowsInput({ place, label, name, entry, change, pipelineId }) {
  const [isReplacing, setReplacing] = useState(false);
  const isText = "text" in entry;
  const rows = isText ? [] : entry.rows;
  if (isText) {
    return html`<label class="unseen" for=${`run-${place}-json`}>${label} as JSON</label>
      <textarea id=${`run-${place}-json`} class="mono" rows="10" spellcheck=${false} value=${entry.text}
        onInput=${(/** @type {{currentTarget: HTMLTextAreaElement}} */ event) => change({ text: event.currentTarget.value })}></textarea>
      <div class="actions">
        <button type="button" class="small" onClick=${() => change(asRows(entry.text))}>Show as a table</button>
        <button type="button" class="small" onClick=${() => change({ rows: [], source: "" })}>Remove<span class="unseen"> ${label}</span></button>
      </div>`;
  }
  const take = (/** @type {unknown[]} */ read, /** @type {string} */ source) => {
    setReplacing(false);
    change({ rows: read, source });
  };
  if (rows.length === 0 || isReplacing) {
    return html`<${Reader} ...${{ place, label, name, pipelineId, take }} />
      <div class="actions">
        <button type="button" class="small quiet" onClick=${() => change({ text: asJson(rows) })}>Write JSON instead</button>
        ${isReplacing && html`<button type="button" class="small quiet" onClick=${() => setReplacing(false)}>Keep the rows</button>`}
      </div>`;
  }
  return html`<${Preview} rows=${rows} label=${label} source=${entry.source} />
    <div class="actions">
      <button type="button" class="small" onClick=${() => setReplacing(true)}>Replace<span class="unseen"> ${label}</span></button>
      <button type="button" class="small" onClick=${() => change({ text: asJson(rows) })}>Edit as JSON<span class="unseen">: ${label}</span></button>
      <button type="button" class="small" onClick=${() => change({ rows: [], source: "" })}>Remove<span class="unseen"> ${label}</span></button>
    </div>`;
}

/** @param {{place: string, label: string, name: string, pipelineId: string, take: (rows: unknown[], source: string) => void}} props */
function Reader({ place, label, name, pipelineId, take }) {
  const [isOver, setOver] = useState(false);
  const [state, setState] = useState(/** @type {{isReading: boolean, fault: string}} */ ({ isReading: false, fault: "" }));
  const [pasted, setPasted] = useState("");
  const abort = useRef(/** @type {AbortController | null} */ (null));
  useEffect(() => () => abort.current?.abort(), []);
  const read = async (/** @type {Blob} */ content, /** @type {string} */ file, /** @type {string} */ source) => {
    abort.current?.abort();
    const { signal } = (abort.current = new AbortController());
    setState({ isReading: true, fault: "" });
    try {
      const form = new FormData();
      form.set("options", "{}");
      form.set(name, content, file);
      const { options } = await client.readOptions(pipelineId, form, { signal });
      const rows = options[name];
      take(Array.isArray(rows) ? rows : [], source);
    } catch (error) {
      if (!signal.aborted && !noticeRefusal(error)) setState({ isReading: false, fault: sentence(error) });
    }
  };
  const readFile = (/** @type {File | undefined} */ file) => file && read(file, file.name, file.name);
  const readText = (/** @type {string} */ text) => text.trim() !== "" && read(new Blob([text]), "pasted", "what was pasted");
  const drop = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    event.stopPropagation();
    setOver(false);
    const { files = null } = event.dataTransfer ?? {};
    if (files?.[0]) readFile(files[0]);
    else readText(event.dataTransfer?.getData("text/plain") ?? "");
  };
  const id = `run-${place}`;
  return html`<div class=${`run-drop ${isOver ? "over" : ""}`} aria-busy=${state.isReading} onDrop=${drop} onDragLeave=${() => setOver(false)}
    onDragOver=${(/** @type {DragEvent} */ event) => (event.preventDefault(), setOver(true))}>
    <label for=${`${id}-file`}>Drop a CSV, JSONL or JSON file here, or choose one</label>
    <input id=${`${id}-file`} type="file" accept=".csv,.tsv,.json,.jsonl,.ndjson" aria-describedby=${`${id}-about`}
      onChange=${(/** @type {{currentTarget: HTMLInputElement}} */ { currentTarget }) => (readFile(currentTarget.files?.[0]), (currentTarget.value = ""))} />
    <label for=${`${id}-paste`}>or paste the rows</label>
    <textarea id=${`${id}-paste`} class="mono" rows="2" spellcheck=${false} value=${pasted} placeholder="input,expected"
      onInput=${(/** @type {{currentTarget: HTMLTextAreaElement}} */ event) => setPasted(event.currentTarget.value)}></textarea>
    ${pasted.trim() !== "" && html`<button type="button" class="small" onClick=${() => readText(pasted)}>Read the rows</button>`}
    <p class="about" role="status">${state.isReading ? `Reading ${label.toLowerCase()}…` : ""}</p>
    ${state.fault && html`<p class="fault" role="alert" dir="auto">${state.fault}</p>`}
  </div>`;
}

/** @param {{rows: unknown[], label: string, source: string}} props */
function Preview({ rows, label, source }) {
  const { columns, more, cells } = preview(rows);
  const beyond = more > 0 ? `, ${counted(more, "more column")}` : "";
  return html`<p role="status">${counted(rows.length, "row")}${source && html` from <bdi>${source}</bdi>`}${beyond}</p>
    <div class="scroll" tabindex="0" role="region" aria-label=${`First rows of ${label}`}>
      <table class="run-rows">
        ${columns.length > 0 && html`<thead><tr>${columns.map((column) => html`<th key=${column} scope="col" dir="auto">${column}</th>`)}</tr></thead>`}
        <tbody>
          ${cells.map((row, index) => html`<tr key=${index}>${row.map((cell, at) => html`<td key=${at} dir="auto">${cell}</td>`)}</tr>`)}
        </tbody>
      </table>
    </div>
    ${rows.length > cells.length && html`<p class="about">and ${count(rows.length - cells.length)} more</p>`}`;
}

/** JSON that is a list becomes rows again; what is none stays, and its fault is shown. @param {string} text @returns {Entry} */
function asRows(text) {
  try {
    const rows = JSON.parse(text.trim() === "" ? "[]" : text);
    return Array.isArray(rows) ? { rows, source: "" } : { text };
  } catch {
    return { text };
  }
}
