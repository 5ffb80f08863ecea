// The rows of an option, brought along as CSV, JSONL or JSON: dropped, chosen, pasted. The gateway reads them, by the
// rules by which it reads an upload; here they are only shown.

import { useEffect, useRef, useState } from "preact/hooks";

import { client, noticeRefusal } from "../gateway.js";
import { html } from "../html.js";
import { counted, count } from "../parts/format.js";
import { sentence } from "../parts/notice.js";
import { asJson } from "./entries.js";
import { isUnread } from "./reading.js";
import { preview } from "./rows_preview.js";
import { own } from "./schema.js";

/** @import { Entry, Rows, Table } from "./reading.js" */

const PAUSE_MS = 700;
const PASTED = "what was pasted";

/**
 * @typedef {{place: string, label: string, name: string, fault?: string, change: (entry: Entry | undefined) => void, pipelineId: string}} Props
 * @typedef {(content: Blob, file: string) => Promise<{rows: unknown[]} | {fault: string} | null>} Read null: it is not wanted any more
 */

/** @param {Props & {entry: Rows}} props */
export function RowsInput({ place, label, name, fault, entry, change, pipelineId }) {
  const [isReplacing, setReplacing] = useState(false);
  const isText = "text" in entry;
  const remove = () => (setReplacing(false), change({ rows: [], source: "" }));
  if (isText) {
    return html`<label class="unseen" for=${`run-${place}-json`}>${label} as JSON</label>
      <textarea id=${`run-${place}-json`} class="mono" rows="10" spellcheck=${false} value=${entry.text}
        onInput=${(/** @type {{currentTarget: HTMLTextAreaElement}} */ event) => change({ text: event.currentTarget.value })}></textarea>
      <div class="actions">
        <button type="button" class="small" onClick=${() => change(asRows(entry.text))}>Show as a table</button>
        <button type="button" class="small" onClick=${remove}>Remove<span class="unseen"> ${label}</span></button>
      </div>`;
  }
  const { rows, source, pasted = "" } = entry;
  const asText = () => change({ text: isUnread(entry) ? pasted : asJson(rows) });
  const keep = () => (setReplacing(false), change({ rows, source }));
  const isOpen = rows.length === 0 || isReplacing || pasted !== "";
  const take = (/** @type {Table} */ table) => {
    if (table.pasted === undefined) setReplacing(false);
    change(table);
  };
  const shown = rows.length > 0 && !isUnread(entry) && html`<${Preview} rows=${rows} label=${label} source=${source} />`;
  if (isOpen) {
    return html`<${Reader} ...${{ place, label, name, fault, pipelineId, take }} table=${entry} />
      ${pasted !== "" && shown}
      <div class="actions">
        <button type="button" class="small quiet" onClick=${asText}>${isUnread(entry) || rows.length === 0 ? "Write JSON instead" : "Edit as JSON"}</button>
        ${rows.length > 0 && html`<button type="button" class="small quiet" onClick=${keep}>Keep the rows</button>`}
        ${pasted !== "" && html`<button type="button" class="small quiet" onClick=${remove}>Remove<span class="unseen"> ${label}</span></button>`}
      </div>`;
  }
  return html`${shown}
    <div class="actions">
      <button type="button" class="small" onClick=${() => setReplacing(true)}>Replace<span class="unseen"> ${label}</span></button>
      <button type="button" class="small" onClick=${asText}>Edit as JSON<span class="unseen">: ${label}</span></button>
      <button type="button" class="small" onClick=${remove}>Remove<span class="unseen"> ${label}</span></button>
    </div>`;
}

/** @param {Omit<Props, "change"> & {table: Table, take: (table: Table) => void}} props */
function Reader({ place, label, name, fault, pipelineId, table, take }) {
  const [isOver, setOver] = useState(false);
  const { isReading, read } = useReading(pipelineId, name);
  const [ofFile, setOfFile] = useState("");
  const { pasted = "" } = table;
  const latest = useRef({ pasted, readPasted: async () => {} });
  const readFile = async (/** @type {File | undefined} */ file) => {
    if (!file) return;
    setOfFile("");
    const answer = await read(file, file.name);
    if (answer !== null && "rows" in answer) take({ rows: answer.rows, source: file.name });
    else if (answer !== null) setOfFile(answer.fault);
  };
  const readPasted = async () => {
    if (!isUnread(table)) return;
    const answer = await read(new Blob([pasted]), "pasted");
    if (answer === null || latest.current.pasted !== pasted) return; // it was changed meanwhile
    if ("rows" in answer) take({ rows: answer.rows, source: PASTED, pasted, isRead: true });
    else take({ ...table, fault: answer.fault });
  };
  // What is pasted or typed is read by itself, as what is typed elsewhere is: nobody has to say so.
  latest.current = { pasted, readPasted };
  useEffect(() => {
    const timer = setTimeout(() => latest.current.readPasted(), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [pasted]);
  const paste = (/** @type {string} */ text) => {
    setOfFile("");
    const isFromHere = table.source === PASTED && table.isRead;
    take({ rows: isFromHere ? [] : table.rows, source: isFromHere ? "" : table.source, ...(text === "" ? {} : { pasted: text }) });
  };
  const drop = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    event.stopPropagation();
    setOver(false);
    const { files = null } = event.dataTransfer ?? {};
    if (files?.[0]) readFile(files[0]);
    else paste(event.dataTransfer?.getData("text/plain") ?? "");
  };
  const id = `run-${place}`;
  return html`<div class=${`run-drop ${isOver ? "over" : ""}`} aria-busy=${isReading} onDrop=${drop} onDragLeave=${() => setOver(false)}
    onDragOver=${(/** @type {DragEvent} */ event) => (event.preventDefault(), setOver(true))}>
    <label for=${`${id}-file`}>Drop a CSV, JSONL or JSON file here, or choose one</label>
    <input id=${`${id}-file`} type="file" accept=".csv,.tsv,.json,.jsonl,.ndjson" aria-describedby=${`${id}-about`}
      onChange=${(/** @type {{currentTarget: HTMLInputElement}} */ { currentTarget }) => (readFile(currentTarget.files?.[0]), (currentTarget.value = ""))} />
    <label for=${`${id}-paste`}>or paste the rows</label>
    <textarea id=${`${id}-paste`} class="mono" rows="2" spellcheck=${false} value=${pasted} placeholder="input,expected"
      aria-invalid=${table.fault ? "true" : "false"} aria-describedby=${fault ? `${id}-fault` : undefined} onBlur=${readPasted}
      onInput=${(/** @type {{currentTarget: HTMLTextAreaElement}} */ event) => paste(event.currentTarget.value)}></textarea>
    <p class="about" role="status">${isReading ? `Reading ${label.toLowerCase()}…` : ""}</p>
    ${table.fault && html`<button type="button" class="small" onClick=${readPasted}>Read the rows again</button>`}
    ${ofFile && html`<p class="fault" role="alert" dir="auto">${ofFile}</p>`}
  </div>`;
}

/**
 * Have the gateway read what is brought along; only the last counts.
 * @param {string} pipelineId
 * @param {string} name of the option
 * @returns {{isReading: boolean, read: Read}}
 */
function useReading(pipelineId, name) {
  const [isReading, setReading] = useState(false);
  const abort = useRef(/** @type {AbortController | null} */ (null));
  useEffect(() => () => abort.current?.abort(), []);
  /** @type {Read} */
  const read = async (content, file) => {
    abort.current?.abort();
    const { signal } = (abort.current = new AbortController());
    setReading(true);
    try {
      const form = new FormData();
      form.set("options", "{}");
      form.set(name, content, file);
      const { options } = await client.readOptions(pipelineId, form, { signal });
      const rows = own(options, name);
      return signal.aborted ? null : { rows: Array.isArray(rows) ? rows : [] };
    } catch (error) {
      return signal.aborted || noticeRefusal(error) ? null : { fault: sentence(error) };
    } finally {
      if (!signal.aborted) setReading(false);
    }
  };
  return { isReading, read };
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
