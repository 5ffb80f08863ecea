// The prompt that is delivered, and the optimized beside the original: what changed, and which issue that answers.

import { html } from "../html.js";
import { CopyButton } from "../parts/copy_button.js";
import { counted } from "../parts/format.js";
import { DiffView } from "./diff_view.js";
import { TextBox } from "./text_box.js";
import { wordDelivered } from "./verdict.js";
import { isDiffOf } from "./word_diff.js";

/** @import { Evidence, Optimization, PromptChange } from "../../client/wire.d.ts" */

/** @param {{optimization: Optimization}} props */
export function DeliveredPrompt({ optimization: { optimizedPrompt, evidence } }) {
  return html`<section class="card">
    <div class="head">
      <h2>The prompt that is delivered</h2>
      <${CopyButton} text=${optimizedPrompt} label="Copy prompt" />
    </div>
    <p>${wordDelivered(evidence)}</p>
    <${TextBox} text=${optimizedPrompt} label="Delivered prompt" class="delivered" />
  </section>`;
}

/** @param {{evidence: Evidence}} props */
export function PromptChanges({ evidence }) {
  const { originalPrompt, bestPrompt, diff, changes, isOriginalDelivered } = evidence;
  if (originalPrompt === bestPrompt) return null;
  const isTheirs = diff.length > 0 && isDiffOf(diff, originalPrompt, bestPrompt);
  const labels = ["Original prompt", isOriginalDelivered ? "Best rewrite" : "Optimized prompt"];
  return html`<section class="card">
    <div class="head">
      <h2>${isOriginalDelivered ? "What was tried" : "What changed"}</h2>
      ${isTheirs && changes.length > 0 && html`<span class="soft">${counted(changes.length, "change")}</span>`}
    </div>
    <p>
      ${isOriginalDelivered
        ? "From the original to the best rewrite, which is not delivered. "
        : "From the original to the optimized prompt. "}
      <del>Left out</del>, <ins>put in</ins>${isTheirs && changes.length > 0 ? "; the numbers are those of the list." : "."}
    </p>
    <${DiffView} before=${originalPrompt} after=${bestPrompt} labels=${labels} parts=${isTheirs ? diff : null} isNumbered=${isTheirs} />
    ${isTheirs && changes.length > 0 && html`<${Issues} changes=${changes} />`}
  </section>`;
}

/** @param {{changes: PromptChange[]}} props */
function Issues({ changes }) {
  return html`<ol class="changes">
    ${changes.map(
      ({ number, issue }) => html`<li key=${number} value=${number} dir="auto">${issue || "No reason was given."}</li>`,
    )}
  </ol>`;
}
