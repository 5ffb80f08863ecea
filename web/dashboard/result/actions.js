// What can be done with a result: run it again, compare it, take it away.

import { useState } from "preact/hooks";

import { html } from "../html.js";
import { to } from "../router.js";
import { CompareDialog } from "./compare_dialog.js";
import { Downloads } from "./downloads.js";
import { RerunButton } from "./rerun.js";

/** @import { PipelineResult } from "../../client/wire.d.ts" */

/** @param {{result: PipelineResult, filename: string | null}} props */
export function Actions({ result, filename }) {
  const { executionId, pipelineId, status } = result;
  const [isComparing, setComparing] = useState(false);
  const isKept = status === "failed" || status === "cancelled";
  return html`<div class="result-actions">
    <div class="actions">
      <a class="button main" href=${to.run(pipelineId, executionId)}>Run again with changes</a>
      <${RerunButton} result=${result} label="Run again" />
      <button onClick=${() => setComparing(true)}>Compare with…</button>
    </div>
    ${filename === null ? html`<p class="soft">It was not saved, so there is nothing to download.</p>` : html`<${Downloads} filename=${filename} />`}
    ${isKept && html`<p class="soft kept">Run again keeps the stages that were completed, so they are not paid twice.</p>`}
    ${isComparing &&
    html`<${CompareDialog} executionId=${executionId} pipelineId=${pipelineId} close=${() => setComparing(false)} />`}
  </div>`;
}
