// The stages of the pipeline as a graph before it runs; one that is selected is described.

import { useState } from "preact/hooks";

import { html } from "../html.js";
import { StageGraph } from "../parts/stage_graph.js";
import { own } from "./schema.js";

/** @import { PipelineDetail, StageDefinition } from "../../client/wire.d.ts" */

/** @param {{detail: PipelineDetail, uses: Record<string, string>}} props `uses`: what the aliases stand for in this run */
export function Stages({ detail: { stages }, uses }) {
  const [selected, setSelected] = useState(/** @type {string | null} */ (null));
  const shown = stages.find(({ id }) => id === selected);
  const drawn = stages.map(({ id, name, needs, model, conditions }) => ({
    id,
    name,
    needs,
    note: conditions.length > 0 ? "may be skipped" : (model ?? ""),
  }));
  return html`<section class="card run-stages" aria-labelledby="run-stages">
    <h2 id="run-stages">Stages</h2>
    <div class="run-stage" aria-live="polite">
      ${shown ? html`<${Stage} stage=${shown} uses=${uses} />` : html`<p class="about">Select a stage to read what it does.</p>`}
    </div>
    <${StageGraph} stages=${drawn} selected=${selected} onSelect=${(/** @type {string} */ id) => setSelected(id === selected ? null : id)} label="Stages of the pipeline" />
  </section>`;
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
