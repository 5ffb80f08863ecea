// What a run would take, as far as it can be told before.

import { StagecastError } from "../../client.js";
import { html } from "../html.js";
import { costRange, countRange } from "../parts/format.js";
import { sentence } from "../parts/notice.js";
import { to } from "../router.js";
import { expected, figures, limit } from "./outlook.js";

/** @import { Estimate, StageEstimate } from "../../client/wire.d.ts" */
/** @import { FormRequest } from "./request.js" */
/** @import { Outlook } from "./use_estimate.js" */

/** @param {{outlook: Outlook & {again: () => void}, request: FormRequest, isPlaced: boolean}} props `isPlaced`: its error is told at a field */
export function EstimateCard({ outlook, request, isPlaced }) {
  return html`<section class="card run-estimate" aria-labelledby="run-estimate" aria-busy=${outlook.isStale && outlook.estimate !== null}>
    <h2 id="run-estimate">Estimate</h2>
    <${Content} ...${{ outlook, request, isPlaced }} />
  </section>`;
}

/** @param {{outlook: Outlook & {again: () => void}, request: FormRequest, isPlaced: boolean}} props */
function Content({ outlook: { estimate, error, isStale, again }, request, isPlaced }) {
  if (Object.keys(request.faults).length > 0) return html`<p class="soft">There is one once the marked fields are right.</p>`;
  if (request.missing.includes("primary")) return html`<p class="soft">Calls, tokens and cost appear here as you type.</p>`;
  if (request.missing.length > 0) return html`<p class="soft">There is one once what is required is filled in.</p>`;
  if (request.waiting.length > 0) return html`<p class="soft">There is one once the rows are read.</p>`;
  if (error && isPlaced) return html`<p class="soft">There is one once the marked field is right.</p>`;
  if (error) {
    return html`<p class="fault" role="status" dir="auto">${sentence(error)}</p>
      <div class="actions"><button type="button" class="small" onClick=${again}>Ask again</button>
        ${error instanceof StagecastError && error.code === "missing_setting" && html`<a href=${to.models()}>See the models</a>`}
      </div>`;
  }
  if (estimate === null) return html`<p class="soft">Estimating…</p>`;
  return html`<${Numbers} estimate=${estimate} isStale=${isStale} />`;
}

/** @param {{estimate: Estimate, isStale: boolean}} props */
function Numbers({ estimate, isStale }) {
  const end = limit(estimate);
  return html`<div class=${`run-numbers ${isStale ? "stale" : ""}`}>
    <p class="run-expected" role="status">${expected(estimate)}</p>
    <dl class="run-facts">
      ${figures(estimate).map(({ label, value }) => html`<dt key=${label}>${label}</dt><dd>${value}</dd>`)}
    </dl>
    <p class="about">In brackets: at least, and at most. ${end}</p>
    <details>
      <summary>Each stage</summary>
      <div class="scroll" tabindex="0" role="region" aria-label="Estimate of each stage">
        <table class="run-each">
          <thead><tr><th scope="col">Stage</th><th scope="col" class="number">Calls</th><th scope="col" class="number">Cost</th></tr></thead>
          <tbody>${estimate.stages.map((stage) => html`<${StageRow} key=${stage.stageId} stage=${stage} />`)}</tbody>
        </table>
      </div>
    </details>
    <details>
      <summary>What the numbers stand on</summary>
      <ul class="run-assumptions">${estimate.assumptions.map((one) => html`<li key=${one} dir="auto">${one}</li>`)}</ul>
    </details>
  </div>`;
}

/** @param {{stage: StageEstimate}} props */
function StageRow({ stage }) {
  return html`<tr>
    <th scope="row"><bdi>${stage.stageName}</bdi><span class="about" dir="auto">${stage.reason ?? stage.model ?? "asks no model"}</span></th>
    <td class="number">${countRange(stage.calls)}${stage.isComplete ? "" : " or more"}</td>
    <td class="number">${costRange(stage.cost)}</td>
  </tr>`;
}
