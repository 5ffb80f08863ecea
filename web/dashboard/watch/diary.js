// What happened, event by event, for who wants to know exactly.

import { html } from "../html.js";
import { counted, duration, timeOfDay } from "../parts/format.js";

/** @import { Item } from "../../client/types.d.ts" */
/** @import { Execution } from "./types.d.ts" */

/** @param {{execution: Execution}} props */
export function Diary({ execution: { diary, told } }) {
  if (diary.length === 0) return null;
  return html`<details class="card folded">
    <summary><h2>Events</h2> <span class="soft">${counted(told, "event")}</span></summary>
    ${told > diary.length && html`<p class="soft">The last ${diary.length} of them.</p>`}
    <div class="scroll" tabindex="0" role="group" aria-label="Events">
      <table>
        <thead><tr><th>Time</th><th class="number">No.</th><th>Event</th><th>Stage</th><th>What it says</th></tr></thead>
        <tbody>
          ${diary.map((item, index) => html`<${Entry} key=${"seq" in item ? item.seq : `at ${index}`} item=${item} />`)}
        </tbody>
      </table>
    </div>
  </details>`;
}

/** @param {{item: Item}} props */
function Entry({ item }) {
  return html`<tr>
    <td>${"at" in item && timeOfDay(item.at)}</td>
    <td class="number">${"seq" in item && item.seq}</td>
    <td><code>${item.type}</code></td>
    <td>${"stage" in item && item.stage.name}</td>
    <td><bdi>${said(item)}</bdi></td>
  </tr>`;
}

/** @param {Item} item */
function said(item) {
  switch (item.type) {
    case "execution:started":
      return `${item.runner}, ${counted(item.total, "stage")}`;
    case "execution:resumed":
      return `attempt ${item.attempt}, ${item.runner}`;
    case "execution:released":
    case "stage:skipped":
      return item.reason;
    case "execution:completed":
      return item.result.error ?? item.result.status;
    case "stage:failed":
      return item.error;
    case "stage:progress":
      return item.message;
    case "stage:retrying":
      return `attempt ${item.attempt} in ${duration(item.delay)}: ${item.error}`;
    case "stage:completed":
      return duration(item.result.duration);
    default:
      return "";
  }
}
