// Every rewrite that was made, what became of it, and why.

import { html } from "../html.js";
import { candidatesOf, FATES, wordTuning } from "./comparison.js";
import { DiffView } from "./diff_view.js";
import { Unfolding } from "./unfolding.js";

/** @import { CandidateEvidence, Evidence } from "../../client/wire.d.ts" */

/** @param {{evidence: Evidence}} props */
export function Candidates({ evidence }) {
  const candidates = candidatesOf(evidence);
  return html`<section class="card">
    <h2>Every rewrite</h2>
    ${candidates.length === 0
      ? html`<p class="soft">No rewrite was made.</p>`
      : html`<ol class="folds">
          ${candidates.map(
            (candidate, place) => html`<li key=${place}><${Candidate} candidate=${candidate} original=${evidence.originalPrompt} /></li>`,
          )}
        </ol>`}
    ${evidence.refinement && html`<p>Refinement: <bdi>${evidence.refinement}</bdi></p>`}
  </section>`;
}

/** @param {{candidate: CandidateEvidence, original: string}} props */
function Candidate({ candidate, original }) {
  const { strategy, fate, reason, prompt, model } = candidate;
  const tuned = wordTuning(candidate);
  const summary = html`<span class=${`fate ${fate}`}><span aria-hidden="true">${FATES[fate].sign}</span> ${FATES[fate].word}</span>
    <span class="which"><bdi>${strategy}</bdi></span>
    <span class="why"><bdi>${reason}</bdi>${tuned && html` <span class="soft">On tuning cases it ${tuned}.</span>`}</span>`;
  /** Made when it is unfolded. */
  const contents = () => html`
    ${prompt === null
      ? html`<p class="soft">No prompt was written.</p>`
      : html`<${DiffView} before=${original} after=${prompt} labels=${["Original prompt", "This rewrite"]} />`}
    ${model && html`<p class="about">Written by <bdi>${model}</bdi>.</p>`}
  `;
  return html`<${Unfolding} class="fold" summary=${summary} contents=${contents} />`;
}
