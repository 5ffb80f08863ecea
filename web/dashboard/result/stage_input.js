// What a stage was given: its prompt as the model read it, or what its function was called with. Asked for when shown.

import { client } from "../gateway.js";
import { html } from "../html.js";
import { useAnswer } from "../parts/answer.js";
import { count, counted } from "../parts/format.js";
import { Failure } from "../parts/notice.js";
import { ValueView } from "../parts/value_view.js";
import { OutputView } from "./output_view.js";
import { TextBox } from "./text_box.js";
import { Unfolding } from "./unfolding.js";

/** @import { StageInputItem } from "../../client/wire.d.ts" */

/** @param {{executionId: string, stageId: string}} props */
export function StageInputView({ executionId, stageId }) {
  const { value, error, isLoading, again } = useAnswer(
    (signal) => client.stageInput(executionId, stageId, { signal }),
    [executionId, stageId],
  );
  if (error !== undefined) return html`<${Failure} title="What it was given cannot be told" error=${error} again=${again} />`;
  if (value === undefined) return html`<p class="soft" role="status">${isLoading && "Reading …"}</p>`;
  const { items, reason, call, total } = value;
  if (items.length === 0) return html`<p class="soft">${reason ?? "It was given nothing."}</p>`;
  const [first] = items;
  return html`
    ${call !== null && html`<p class="soft">Function <code>${call}</code></p>`}
    ${items.length === 1 && first !== undefined && first.item === null
      ? html`<${Item} given=${first} />`
      : html`<ol class="folds">
          ${items.map(
            (given, place) => html`<li key=${place}>
              <${Unfolding} summary=${`Item ${(given.item ?? place) + 1}`} contents=${() => html`<${Item} given=${given} />`} />
            </li>`,
          )}
        </ol>`}
    ${total > items.length && html`<p class="about">The first ${count(items.length)} of ${counted(total, "item")}.</p>`}
  `;
}

/** @param {{given: StageInputItem}} props */
function Item({ given: { item, value, system, user, arguments: named } }) {
  return html`
    ${item !== null && value != null && html`<${Part} title="Value"><${ValueView} value=${value} label="Value" /><//>`}
    ${system !== null && html`<${Part} title="System"><${TextBox} text=${system} label="System prompt" /><//>`}
    ${user !== null && html`<${Part} title="User"><${TextBox} text=${user} label="User prompt" /><//>`}
    ${named !== null && html`<${OutputView} value=${named} label="Arguments" />`}
  `;
}

/** @param {{title: string, children?: any}} props */
function Part({ title, children }) {
  return html`<div class="given"><h4 dir="auto">${title}</h4>${children}</div>`;
}
