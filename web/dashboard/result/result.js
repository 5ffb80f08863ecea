// The result of an execution that has ended. It asks for nothing but what is unfolded: the result is given.

import { useMemo } from "preact/hooks";

import { html } from "../html.js";
import { Notice } from "../parts/notice.js";
import { Actions } from "./actions.js";
import { ErrorHint } from "./error_hint.js";
import { Guarded } from "./guarded.js";
import { optimizationOf } from "./optimization.js";
import { OptimizationView } from "./optimization_view.js";
import { OutputView } from "./output_view.js";
import { filledIn } from "./result_fields.js";
import { Stages } from "./stages_section.js";
import { Submitted } from "./submitted.js";

/** @import { ExecutionView, PipelineResult } from "../../client/wire.d.ts" */

/** @param {{result: PipelineResult, filename: string | null, view: ExecutionView | null}} props */
export function ResultView({ result: given, filename, view }) {
  const result = useMemo(() => filledIn(given), [given]);
  const optimization = useMemo(() => optimizationOf(result.output), [result]);
  const isBare = result.output === null && result.error !== null; // then the error says it all
  const plain = isBare ? null : html`<${Output} value=${result.output} />`;
  return html`<div class="result">
    <div class="head result-head">
      <h2>Result</h2>
      <${Actions} result=${result} filename=${filename} />
    </div>
    ${result.error !== null &&
    html`<${Notice} kind="error" title="The run has an error">
      <p dir="auto">${result.error}</p>
      <${ErrorHint} code=${result.errorCode} />
    <//>`}
    ${optimization === null ? plain : html`<${Guarded} instead=${plain}><${OptimizationView} optimization=${optimization} /><//>`}
    <${Guarded} instead=${html`<${Unreadable} />`}>
      <${Stages} result=${result} view=${view} />
      <${Submitted} result=${result} />
    <//>
  </div>`;
}

/** @param {{value: unknown}} props */
function Output({ value }) {
  return html`<section class="card">
    <h2>Output</h2>
    <${Guarded} instead=${html`<${Unreadable} />`}><${OutputView} value=${value} label="Output" /><//>
  </section>`;
}

function Unreadable() {
  return html`<${Notice} title="This part cannot be shown">It is not of the form that is expected. The JSON download has it as it is.<//>`;
}
