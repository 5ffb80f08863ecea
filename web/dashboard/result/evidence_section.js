// What the evidence measured, as charts with their numbers: criteria, use, the judge, and what the optimization took.

import { html } from "../html.js";
import { cost, count, duration, tokens } from "../parts/format.js";
import { Bars, Dots, Gauge, Legend } from "./charts.js";
import { criterionRows, isKnown, trusts, useRows, wordPayback } from "./comparison.js";
import { isCompared } from "./verdict.js";

/** @import { Evidence, JudgeEvidence } from "../../client/wire.d.ts" */
/** @import { Pair } from "./comparison.js" */

/** @param {{evidence: Evidence}} props */
export function Measures({ evidence }) {
  const criteria = criterionRows(evidence);
  return html`<div class="beside">
    ${criteria.length > 0 &&
    html`<section class="card">
      <div class="head"><h2>Score by criterion</h2><${Legend} /></div>
      <p class="soft">On held-out cases: for a check the share that passed, for the judge the share preferred.</p>
      <${Pairs} head="Criterion" rows=${criteria} chart=${Dots} />
    </section>`}
    ${isCompared(evidence) &&
    html`<section class="card">
      <div class="head"><h2>Using it</h2><${Legend} /></div>
      <p class="soft">As measured on the held-out cases.</p>
      <${Pairs} head="Measure" rows=${useRows(evidence)} chart=${Bars} />
    </section>`}
  </div>`;
}

/** @param {{head: string, rows: Pair[], chart: typeof Dots}} props */
function Pairs({ head, rows, chart }) {
  return html`<table class="pairs">
    <thead>
      <tr><th scope="col">${head}</th><th scope="col">Before and after</th><th scope="col" class="number">In numbers</th></tr>
    </thead>
    <tbody>
      ${rows.map(
        (row, place) => html`<tr key=${place}>
          <th scope="row" dir="auto">${row.label}</th>
          <td><${chart} row=${row} /></td>
          <td class="number">
            ${row.before}${isKnown(row) && html`<span class="soft"> → </span>${row.after}`}
            ${row.change && html`<span class="about">${row.change}</span>`}
          </td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

/** @param {{judge: JudgeEvidence}} props */
export function JudgeTrust({ judge }) {
  return html`<section class="card">
    <h2>How far the judge can be trusted</h2>
    <p>
      <bdi>${judge.model}</bdi> was asked about ${count(judge.pairs)} ${judge.pairs === 1 ? "pair" : "pairs"} of answers, about each
      twice, in both orders, without being told which prompt was which.
    </p>
    <table class="pairs trust">
      <thead>
        <tr><th scope="col">Sign</th><th scope="col">Found (dot), and fair (dashes)</th><th scope="col" class="number">Share</th></tr>
      </thead>
      <tbody>
        ${trusts(judge).map(
          (trust) => html`<tr key=${trust.label}>
            <th scope="row">${trust.label}<span class="about">${trust.means}</span></th>
            <td><${Gauge} trust=${trust} /></td>
            <td class="number">${trust.share}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}

/** @param {{evidence: Evidence}} props */
export function OptimizationTook({ evidence }) {
  const spent = evidence.optimization;
  const payback = wordPayback(evidence);
  const { supplied, drafted, tuning, heldOut, heldOutTried } = evidence.cases;
  return html`<section class="card">
    <h2>What the optimization took</h2>
    <dl class="figures">
      <div><dt>Cost</dt><dd>${cost(spent.cost)}</dd></div>
      <div><dt>Time</dt><dd>${duration(spent.duration)}</dd></div>
      <div><dt>Model calls</dt><dd>${count(spent.calls)}</dd></div>
      <div><dt>Tokens, read → written</dt><dd>${tokens(spent.inputTokens, spent.outputTokens) || "none"}</dd></div>
    </dl>
    ${payback && html`<p>${payback}</p>`}
    ${spent.stoppedBy !== null && html`<p><strong>It was stopped early:</strong> <bdi>${spent.stoppedBy}</bdi></p>`}
    <details>
      <summary>To do it again</summary>
      <dl class="terms">
        <div><dt>Cases</dt><dd>${supplied} supplied, ${drafted} drafted by a model; ${tuning} tuned on, ${heldOut} held out, ${heldOutTried} of those compared</dd></div>
        <div><dt>Seed</dt><dd><code>${evidence.seed}</code></dd></div>
        ${Object.entries(evidence.models).map(
          ([alias, model]) => html`<div key=${alias}><dt>Model <bdi>${alias}</bdi></dt><dd><code>${model}</code></dd></div>`,
        )}
        ${evidence.testedDigest !== null &&
        html`<div><dt>SHA-256 of the prompt that was tested</dt><dd><code>${evidence.testedDigest}</code></dd></div>`}
      </dl>
    </details>
  </section>`;
}
