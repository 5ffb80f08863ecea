// Asks which result of the same pipeline to compare with.

import { client } from "../gateway.js";
import { html } from "../html.js";
import { useAnswer } from "../parts/answer.js";
import { Badge } from "../parts/badge.js";
import { Dialog } from "../parts/dialog.js";
import { ago, duration } from "../parts/format.js";
import { Failure } from "../parts/notice.js";
import { to } from "../router.js";
import { namedCost } from "./result_fields.js";

/** @import { OutputListing } from "../../client/wire.d.ts" */

const MOST = 50;

/** @param {{executionId: string, pipelineId: string, close: () => void}} props */
export function CompareDialog({ executionId, pipelineId, close }) {
  const { value, error, isLoading, again } = useAnswer(
    (signal) => client.outputs({ limit: MOST, pipeline: pipelineId, signal }),
    [pipelineId],
  );
  const rows = value?.rows.filter((row) => row.executionId !== executionId);
  return html`<${Dialog} title="Compare with" close=${close} actions=${html`<button onClick=${close}>Close</button>`}>
    <p class="soft">Recent results of <bdi>${pipelineId}</bdi>.</p>
    ${error !== undefined && html`<${Failure} title="The results cannot be listed" error=${error} again=${again} />`}
    ${rows === undefined && isLoading && html`<p class="soft" role="status">Reading …</p>`}
    ${rows?.length === 0 && html`<p>There is no other result of this pipeline yet. Run it again with changes, then compare.</p>`}
    ${rows !== undefined &&
    rows.length > 0 &&
    html`<ul class="picks">
      ${rows.map((row) => html`<li key=${row.filename}><${Pick} row=${row} executionId=${executionId} /></li>`)}
    </ul>`}
  <//>`;
}

/** @param {{row: OutputListing, executionId: string}} props */
function Pick({ row, executionId }) {
  return html`<a class="pick" href=${to.compare(executionId, row.executionId)}>
    <span class="pick-head"><${Badge} status=${row.verdict ?? row.status} /> <span>${ago(row.timestamp)}</span></span>
    ${row.excerpt && html`<span class="pick-text" dir="auto">${row.excerpt}</span>`}
    <span class="soft">${duration(row.duration)} · ${namedCost(row.cost)}</span>
  </a>`;
}
