// Which pipeline will run, and the way to another one: links, found by typing, however many there are.

import { useState } from "preact/hooks";

import { html } from "../html.js";
import { Dialog } from "../parts/dialog.js";
import { counted } from "../parts/format.js";
import { go, to } from "../router.js";
import { budgetInWords } from "./outlook.js";
import { found } from "./pipeline_choice.js";

/** @import { PipelineDetail, PipelineListing } from "../../client/wire.d.ts" */

/** @param {{title: string, id: string, detail?: PipelineDetail, pipelines: PipelineListing[] | undefined}} props */
export function Chooser({ title, id, detail, pipelines }) {
  const [isOpen, setOpen] = useState(false);
  return html`<header class="run-head">
    <div>
      <p class="eyebrow">Run a pipeline</p>
      <h1><bdi>${title}</bdi> ${detail && html`<span class="run-version">${detail.pipeline.version}</span>`}</h1>
      ${detail && html`<${Facts} detail=${detail} />`}
    </div>
    ${pipelines && html`<button class="run-choose" aria-haspopup="dialog" onClick=${() => setOpen(true)}>Choose another pipeline</button>`}
    ${isOpen && html`<${Choice} id=${id} pipelines=${pipelines ?? []} close=${() => setOpen(false)} />`}
  </header>`;
}

/** @param {{detail: PipelineDetail}} props */
function Facts({ detail: { pipeline, stages } }) {
  const budget = budgetInWords(pipeline.budget);
  return html`${pipeline.description && html`<p class="run-description" dir="auto">${pipeline.description}</p>`}
    <p class="about">${counted(stages.length, "stage")} · ${budget === "" ? "no budget" : `budget ${budget}`}</p>`;
}

/** @param {{id: string, pipelines: PipelineListing[], close: () => void}} props */
function Choice({ id, pipelines, close }) {
  const [search, setSearch] = useState("");
  const shown = found(pipelines, search);
  const first = shown[0];
  const pick = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" || event.isComposing || first === undefined) return;
    event.preventDefault();
    close();
    go(to.run(first.id));
  };
  return html`<${Dialog} title="Choose a pipeline" close=${close} actions=${html`<button onClick=${close}>Cancel</button>`}>
    <div class="field">
      <label for="pipeline-search">Search by name or description</label>
      <input id="pipeline-search" type="search" autocomplete="off" value=${search} onKeyDown=${pick}
        onInput=${(/** @type {{currentTarget: HTMLInputElement}} */ event) => setSearch(event.currentTarget.value)} />
      <p class="about" role="status">${search === "" ? counted(pipelines.length, "pipeline") : `${shown.length} of ${counted(pipelines.length, "pipeline")}`}</p>
    </div>
    <ul class="run-choices">
      ${shown.map(
        ({ id: one, name, description, stageCount }) =>
          html`<li key=${one}>
            <a href=${to.run(one)} aria-current=${one === id ? "true" : undefined} onClick=${close}>
              <span class="run-choice-name"><bdi>${name}</bdi> <span class="soft">${counted(stageCount, "stage")}</span></span>
              <span class="about" dir="auto">${description || one}</span>
            </a>
          </li>`,
      )}
    </ul>
    ${shown.length === 0 && html`<p class="soft">No pipeline has this in its name or description.</p>`}
  <//>`;
}
