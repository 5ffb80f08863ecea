// What two results have many of, row by row: options and stages.

import { html } from "../html.js";
import { Badge } from "../parts/badge.js";
import { duration, tokens } from "../parts/format.js";
import { ValueView } from "../parts/value_view.js";
import { wordChange } from "../result/figures.js";
import { hasCost, namedCost } from "../result/result_fields.js";
import { isSame, stagePairs } from "./comparing.js";

/** @import { PipelineResult, StageResult } from "../../client/wire.d.ts" */
/** @import { OptionRow, StagePair } from "./comparing.js" */

/** @param {{rows: OptionRow[]}} props */
export function OptionsTable({ rows }) {
  return html`<table class="versus options">
    <thead><tr><th scope="col">Option</th><th scope="col">First</th><th scope="col">Second</th></tr></thead>
    <tbody>
      ${rows.map(
        ({ name, one, other, isInOne, isInOther }) => html`<tr key=${name}>
          <th scope="row" dir="auto">${name}</th>
          <td data-side="First"><${Option} isThere=${isInOne} value=${one} label=${`${name} of the first`} /></td>
          <td data-side="Second"><${Option} isThere=${isInOther} value=${other} label=${`${name} of the second`} /></td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

/** @param {{isThere: boolean, value: unknown, label: string}} props */
function Option({ isThere, value, label }) {
  if (!isThere) return html`<span class="soft">not given</span>`;
  const isPlain = value === null || ["number", "boolean"].includes(typeof value) || (typeof value === "string" && value.length <= 80);
  return isPlain ? html`<code class="short">${JSON.stringify(value)}</code>` : html`<${ValueView} value=${value} label=${label} />`;
}

/** @param {{one: PipelineResult, other: PipelineResult}} props */
export function StagesTable({ one, other }) {
  const pairs = stagePairs(one, other);
  if (pairs.length === 0) return null;
  return html`<section class="card">
    <h2>Stage by stage</h2>
    <table class="versus">
      <thead>
        <tr><th scope="col">Stage</th><th scope="col">First</th><th scope="col">Second</th><th scope="col">Difference</th></tr>
      </thead>
      <tbody>
        ${pairs.map(
          (pair) => html`<tr key=${pair.stageId}>
            <th scope="row" dir="auto">${pair.name}</th>
            <td data-side="First"><${Stage} stage=${pair.one} /></td>
            <td data-side="Second"><${Stage} stage=${pair.other} /></td>
            <td data-side="Difference" class="soft"><${Difference} pair=${pair} /></td>
          </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}

/** @param {{stage: StageResult | null}} props */
function Stage({ stage }) {
  if (stage === null) return html`<span class="soft">not reached</span>`;
  const read = tokens(stage.inputTokens ?? 0, stage.outputTokens ?? 0);
  const spent = [stage.status === "skipped" ? "" : duration(stage.duration), read && `${read} tokens`, hasCost(stage) ? namedCost(stage.cost) : ""];
  return html`<${Badge} status=${stage.status} />
    <span class="about">${spent.filter((part) => part !== "").join(" · ")}</span>
    ${stage.model && html`<span class="about"><bdi>${stage.model}</bdi></span>`}
    ${(stage.error ?? stage.reason) && html`<span class=${`about ${stage.error ? "fault" : ""}`} dir="auto">${stage.error ?? stage.reason}</span>`}
    ${stage.reusedFrom && html`<span class="about">reused</span>`}`;
}

/** @param {{pair: StagePair}} props */
function Difference({ pair: { one, other } }) {
  if (one === null || other === null || one.status === "skipped" || other.status === "skipped") return null;
  const said = [
    { label: "time", change: wordChange(one.duration, other.duration) },
    { label: "cost", change: hasCost(one) || hasCost(other) ? wordChange(one.cost, other.cost) : "" },
  ].filter(({ change }) => change !== "");
  return html`${said.map(({ label, change }) => html`<span key=${label} class="line">${label}: ${change}</span>`)}
    <span class="line">output: ${isSame(one.output, other.output) ? "the same" : "differs"}</span>`;
}
