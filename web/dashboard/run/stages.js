// The stages of the pipeline as a graph before it runs, as wide as the page; one that is selected is described.

import { useState } from "preact/hooks";

import { html } from "../html.js";
import { counted } from "../parts/format.js";
import { StageGraph } from "../parts/stage_graph.js";
import { forgetKept, keep, readKept } from "../storage.js";
import { own } from "./schema.js";

/** @import { PipelineDetail, StageDefinition } from "../../client/wire.d.ts" */

const CLOSED_KEY = "stagecast.stages.closed";
const WIDE = "(min-width: 60rem)"; // where a graph has room

/** @param {{detail: PipelineDetail, uses: Record<string, string>}} props `uses`: what the aliases stand for in this run */
export function Stages({ detail: { stages }, uses }) {
  const [selected, setSelected] = useState(/** @type {string | null} */ (null));
  const [isOpen, setOpen] = useState(() => matchMedia(WIDE).matches && readKept(CLOSED_KEY) === null);
  const shown = stages.find(({ id }) => id === selected);
  const drawn = stages.map(({ id, name, needs, model, conditions }) => ({
    id,
    name,
    needs,
    note: conditions.length > 0 ? "may be skipped" : (model ?? ""),
  }));
  const toggle = (/** @type {{currentTarget: HTMLDetailsElement}} */ { currentTarget: { open } }) => {
    if (open === isOpen) return; // it was drawn so
    setOpen(open);
    if (!matchMedia(WIDE).matches) return;
    if (open) forgetKept(CLOSED_KEY);
    else keep(CLOSED_KEY, "true");
  };
  return html`<details class="card run-section run-stages" open=${isOpen} onToggle=${toggle}>
    <summary>
      <h2>Stages</h2>
      <span class="about">${isOpen ? "Select one to read what it does." : counted(stages.length, "stage")}</span>
    </summary>
    <div class="run-graph">
      <${StageGraph} stages=${drawn} selected=${selected} onSelect=${(/** @type {string} */ id) => setSelected(id === selected ? null : id)} label="Stages of the pipeline" />
      <div class="run-stage" aria-live="polite">${shown && html`<${Stage} stage=${shown} uses=${uses} />`}</div>
    </div>
  </details>`;
}

/** @param {{stage: StageDefinition, uses: Record<string, string>}} props */
function Stage({ stage, uses }) {
  const { name, description, kind, call, foreach, model, always, conditions } = stage;
  return html`<h3><bdi>${name}</bdi></h3>
    ${description && html`<p dir="auto">${description}</p>`}
    <dl class="run-facts">
      <dt>Kind</dt>
      <dd>
        ${kind === "call" ? html`calls the function <code>${call}</code>` : "asks a model"}${foreach ? ", once for each item" : ""}${always ? ", whatever happened before" : ""}
      </dd>
      ${model !== null && html`<dt>Model</dt><dd><code>${model}</code>: <bdi>${own(uses, model) ?? "unknown"}</bdi></dd>`}
      ${conditions.length > 0 && html`<dt>Skipped when</dt>${conditions.map((why) => html`<dd key=${why} dir="auto">${why}</dd>`)}`}
    </dl>`;
}
