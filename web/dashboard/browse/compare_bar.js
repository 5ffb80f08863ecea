// Which results are ticked, whether or not the page shows them, and the way to see them side by side.

import { html } from "../html.js";
import { moment } from "../parts/format.js";
import { to } from "../router.js";

/** @import { OutputListing } from "../../client/wire.d.ts" */

/** @param {{chosen: OutputListing[], untick: (row: OutputListing) => void}} props */
export function CompareBar({ chosen, untick }) {
  const [older, newer] = chosen.map(({ executionId }) => executionId).sort(); // ids sort by time
  const isPair = older !== undefined && newer !== undefined;
  return html`<div class=${`compare-bar ${chosen.length > 0 ? "shown" : ""}`}>
    <p role="status">
      ${chosen.length === 1 && "One result is ticked. Tick another one to compare them, on this page or another."}${isPair && "Two results are ticked."}
    </p>
    ${isPair && html`<a class="button main" href=${to.compare(older, newer)}>Compare</a>`}
    ${chosen.length > 0 &&
    html`<ul class="ticked" aria-label="Ticked results">
      ${chosen.map(
        (row) => html`<li key=${row.executionId}>
          <span class="ticked-name" dir="auto">${nameOf(row)}</span>
          <span class="soft">${moment(row.timestamp)}</span>
          <button class="small" onClick=${() => untick(row)}>Untick<span class="unseen"> <bdi>${nameOf(row)}</bdi></span></button>
        </li>`,
      )}
    </ul>`}
  </div>`;
}

/** @param {OutputListing} row */
function nameOf({ excerpt, executionId }) {
  return excerpt || executionId;
}
