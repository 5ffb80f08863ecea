// Two executions side by side: how they ended, what they took, what went in and what came out.

import { useMemo } from "preact/hooks";

import { client } from "../gateway.js";
import { html } from "../html.js";
import { useAnswer } from "../parts/answer.js";
import { Badge } from "../parts/badge.js";
import { moment } from "../parts/format.js";
import { Failure, Notice } from "../parts/notice.js";
import { DiffView } from "../result/diff_view.js";
import { Guarded } from "../result/guarded.js";
import { optimizationOf } from "../result/optimization.js";
import { OutputView } from "../result/output_view.js";
import { filledIn } from "../result/result_fields.js";
import { to } from "../router.js";
import { comparedOutputs, figureRows, optionRows } from "./comparing.js";
import { OptionsTable, StagesTable } from "./tables.js";

/** @import { ExecutionView, PipelineResult } from "../../client/wire.d.ts" */
/** @import { Answer } from "../parts/answer.js" */

/** @param {{one: string, other: string}} props ids of executions */
export function CompareView({ one, other }) {
  const first = useAnswer((signal) => client.execution(one, { signal }), [one]);
  const second = useAnswer((signal) => client.execution(other, { signal }), [other]);
  return html`<div class="compare">
    <div class="head">
      <h1>Compare two results</h1>
      ${first.value && second.value && html`<a class="button" href=${to.compare(other, one)}>Swap sides</a>`}
    </div>
    <${Refusal} id=${one} answer=${first} />
    <${Refusal} id=${other} answer=${second} />
    ${first.value && second.value && html`<${Both} first=${first.value} second=${second.value} />`}
  </div>`;
}

/** Why one of both cannot be compared. @param {{id: string, answer: Answer<ExecutionView>}} props */
function Refusal({ id, answer: { value, error, again } }) {
  if (/** @type {{code?: string} | undefined} */ (error)?.code === "execution_not_found") {
    const choose = html`<a class="button" href=${to.runs()}>Choose from the runs</a>`;
    return html`<${Notice} kind="error" title=${`There is no execution ${id}`} action=${choose}>It was never there, is not yours, or is not kept any more.<//>`;
  }
  if (error !== undefined) return html`<${Failure} title=${`${id} cannot be shown`} error=${error} again=${again} />`;
  if (value === undefined || value.result !== null) return null;
  const action = html`<a class="button" href=${to.execution(id)}>Watch it</a><button onClick=${again}>Look again</button>`;
  return html`<${Notice} kind="info" title=${`${id} has no result yet`} action=${action}>It can be compared once it has ended.<//>`;
}

/** @param {{first: ExecutionView, second: ExecutionView}} props */
function Both({ first, second }) {
  const one = useMemo(() => first.result && filledIn(first.result), [first]);
  const other = useMemo(() => second.result && filledIn(second.result), [second]);
  if (one === null || other === null) return null;
  const unreadable = html`<${Notice} title="This part cannot be compared">One of both is not of the form that is expected.<//>`;
  return html`
    ${one.pipelineId !== other.pipelineId && html`<${Notice} title="These are results of two pipelines">Figures and texts are compared all the same.<//>`}
    <${Guarded} instead=${unreadable}><${Figures} one=${one} other=${other} /><//>
    <${Guarded} instead=${unreadable}><${Outputs} one=${one} other=${other} /><//>
    <${Guarded} instead=${unreadable}><${Inputs} one=${one} other=${other} /><//>
    <${Guarded} instead=${unreadable}><${StagesTable} one=${one} other=${other} /><//>
  `;
}

/** @param {{one: PipelineResult, other: PipelineResult}} props */
function Figures({ one, other }) {
  const rows = figureRows(one, other);
  return html`<section class="card">
    <h2>At a glance</h2>
    <table class="versus">
      <thead>
        <tr><td></td><th scope="col">First</th><th scope="col">Second</th><th scope="col">Difference</th></tr>
      </thead>
      <tbody>
        <tr><th scope="row">Execution</th><${Origin} result=${one} side="First" /><${Origin} result=${other} side="Second" /><td></td></tr>
        <tr><th scope="row">Status</th><${Ending} result=${one} side="First" /><${Ending} result=${other} side="Second" /><td></td></tr>
        ${rows.map(
          ({ label, one: a, other: b, difference }) => html`<tr key=${label}>
            <th scope="row">${label}</th><td data-side="First">${a}</td><td data-side="Second">${b}</td><td class="soft" data-side="Difference">${difference}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}

/** @param {{result: PipelineResult, side: string}} props */
function Origin({ result: { executionId, pipelineId, pipelineVersion, timestamp }, side }) {
  const isDated = !Number.isNaN(Date.parse(timestamp));
  return html`<td data-side=${side}>
    <a href=${to.execution(executionId)}>${isDated ? moment(timestamp) : executionId}</a>
    <span class="about"><bdi>${pipelineId}</bdi> <bdi>${pipelineVersion}</bdi></span>
    <span class="about mono">${executionId}</span>
  </td>`;
}

/** @param {{result: PipelineResult, side: string}} props */
function Ending({ result, side }) {
  const verdict = optimizationOf(result.output)?.verdict;
  return html`<td data-side=${side}>
    <span class="badges"><${Badge} status=${result.status} />${verdict && html`<${Badge} status=${verdict} />`}</span>
    ${result.error !== null && html`<span class="about fault" dir="auto">${result.error}</span>`}
  </td>`;
}

/** @param {{one: PipelineResult, other: PipelineResult}} props */
function Outputs({ one, other }) {
  const compared = useMemo(() => comparedOutputs(one, other), [one, other]);
  if (compared === null) {
    return html`<section class="card">
      <h2>Outputs</h2>
      <p class="soft">Only where both have one is it compared word by word.</p>
      <div class="sides">
        <div class="side"><h3>First output</h3><${OutputView} value=${one.output} label="First output" /></div>
        <div class="side"><h3>Second output</h3><${OutputView} value=${other.output} label="Second output" /></div>
      </div>
    </section>`;
  }
  const { title, noun, one: before, other: after } = compared;
  return html`<${Texts} title=${title} noun=${noun} before=${before} after=${after} />`;
}

/** @param {{one: PipelineResult, other: PipelineResult}} props */
function Inputs({ one, other }) {
  const options = optionRows(one.input.options, other.input.options);
  return html`<${Texts} title="Inputs" noun="input" before=${one.input.prompt} after=${other.input.prompt} />
    <section class="card">
      <h2>Options that differ</h2>
      ${options.length === 0 ? html`<p class="soft">None: both have the same options.</p>` : html`<${OptionsTable} rows=${options} />`}
    </section>`;
}

/** @param {{title: string, noun: string, before: string, after: string}} props */
function Texts({ title, noun, before, after }) {
  const isSame = before === after;
  const diff = html`<${DiffView} before=${before} after=${after} labels=${[`First ${noun}`, `Second ${noun}`]} />`;
  return html`<section class="card">
    <div class="head"><h2>${title}</h2>${isSame && html`<span class="soft">both are the same</span>`}</div>
    ${isSame
      ? html`<details><summary>Show it</summary><div class="inside"><${OutputView} value=${before} label=${`The ${noun} of both`} /></div></details>`
      : html`<p><del>Only in the first</del>, <ins>only in the second</ins>.</p>${diff}`}
  </section>`;
}
