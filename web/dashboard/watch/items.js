// How far a stage is that goes through a list. How long the list is, its input tells.

import { client } from "../gateway.js";
import { html } from "../html.js";
import { useAnswer } from "../parts/answer.js";
import { count, counted } from "../parts/format.js";

/** @import { Stage } from "./types.d.ts" */

/** @param {{executionId: string, stage: Stage}} props of a stage that runs */
export function Items({ executionId, stage: { id, answered } }) {
  const input = useAnswer((signal) => client.stageInput(executionId, id, { signal }), [executionId, id]).value;
  if (!input || input.total < answered.size) return html`<p class="soft">${counted(answered.size, "item")} answered</p>`;
  return html`<label class="items">
    <progress max=${input.total} value=${answered.size}></progress>
    <span>${count(answered.size)} of ${counted(input.total, "item")} answered</span>
  </label>`;
}
