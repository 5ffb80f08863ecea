// One saved result in the history: a link as wide as the row, and a tick to compare it.

import { html } from "../html.js";
import { Badge } from "../parts/badge.js";
import { cost, count, counted, duration } from "../parts/format.js";
import { to } from "../router.js";
import { When } from "../parts/when.js";

/** @import { OutputListing } from "../../client/wire.d.ts" */

/**
 * @param {{row: OutputListing, isChosen: boolean, canChoose: boolean, isFresh: boolean, choose: (row: OutputListing, isChosen: boolean) => void}} props
 */
export function ResultRow({ row, isChosen, canChoose, isFresh, choose }) {
  const name = row.excerpt || row.executionId;
  return html`<li class=${`row result ${isFresh ? "fresh" : ""} ${isChosen ? "chosen" : ""}`}>
    <label class="row-tick">
      <input type="checkbox" checked=${isChosen} disabled=${!isChosen && !canChoose}
        onChange=${(/** @type {any} */ event) => choose(row, event.target.checked)} />
      <span class="unseen">Compare <bdi>${name}</bdi></span>
    </label>
    <div class="row-main">
      <a class="row-link" href=${to.execution(row.executionId)} dir="auto">${name}</a>
      <p class="row-about"><span><bdi>${row.pipelineId}</bdi></span><span>${stages(row)}</span></p>
    </div>
    <div class="row-status"><${Badge} status=${row.status} />${row.verdict && html`<${Badge} status=${row.verdict} />`}</div>
    <div class="row-when"><${When} at=${row.timestamp} /></div>
    <div class="row-took"><span class="unit">took </span>${duration(row.duration)}</div>
    <div class="row-cost"><span class="unit">cost </span>${cost(row.cost)}</div>
  </li>`;
}

/** @param {OutputListing} row */
function stages({ stagesRun, stagesSkipped, stagesFailed }) {
  const parts = [counted(stagesRun, "stage run", "stages run")];
  if (stagesSkipped > 0) parts.push(`${count(stagesSkipped)} skipped`);
  if (stagesFailed > 0) parts.push(`${count(stagesFailed)} failed`);
  return parts.join(", ");
}
