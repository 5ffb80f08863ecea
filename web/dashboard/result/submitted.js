// What was submitted, and where the result comes from.

import { html } from "../html.js";
import { CopyButton } from "../parts/copy_button.js";
import { moment, tokens } from "../parts/format.js";
import { ValueView } from "../parts/value_view.js";
import { to } from "../router.js";
import { totalCost } from "./result_fields.js";
import { TextBox } from "./text_box.js";

/** @import { PipelineResult } from "../../client/wire.d.ts" */

/** @param {{result: PipelineResult}} props */
export function Submitted({ result }) {
  const { input, executionId, pipelineId, pipelineVersion, timestamp, rerunOf, owner, summary } = result;
  const isDated = !Number.isNaN(Date.parse(timestamp));
  return html`<section class="card">
    <div class="head">
      <h2>What was submitted</h2>
      <${CopyButton} text=${input.prompt} label="Copy input" />
    </div>
    <${TextBox} text=${input.prompt} label="Input" />
    ${Object.keys(input.options).length > 0 && html`<h3>Options</h3><${ValueView} value=${input.options} label="Options" />`}
    <dl class="terms">
      <div><dt>Execution</dt><dd><code>${executionId}</code></dd></div>
      <div><dt>Pipeline</dt><dd><bdi>${pipelineId}</bdi> <bdi>${pipelineVersion}</bdi></dd></div>
      ${isDated && html`<div><dt>Submitted</dt><dd>${moment(timestamp)}</dd></div>`}
      ${owner && html`<div><dt>By</dt><dd><bdi>${owner}</bdi></dd></div>`}
      <div><dt>Cost</dt><dd>${totalCost(result)}</dd></div>
      <div><dt>Tokens, read → written</dt><dd>${tokens(summary.totalInputTokens, summary.totalOutputTokens) || "none"}</dd></div>
      ${rerunOf && html`<div><dt>Runs again</dt><dd><a href=${to.execution(rerunOf)}>${rerunOf}</a></dd></div>`}
    </dl>
  </section>`;
}
