// Every stage of a run: what it took, why it did not run or failed and what to do, and unfolded what went in and came out.

import { html } from "../html.js";
import { Badge } from "../parts/badge.js";
import { duration, tokens } from "../parts/format.js";
import { to } from "../router.js";
import { ErrorHint } from "./error_hint.js";
import { fraction } from "./figures.js";
import { OutputView } from "./output_view.js";
import { RerunButton } from "./rerun.js";
import { hasCost, namedCost } from "./result_fields.js";
import { StageInputView } from "./stage_input.js";
import { Unfolding } from "./unfolding.js";

/** @import { ExecutionView, PipelineResult, StageResult } from "../../client/wire.d.ts" */

/** @param {{result: PipelineResult, view: ExecutionView | null}} props */
export function Stages({ result, view }) {
  const { stages } = result;
  const longest = Math.max(0, ...stages.map(({ duration: took }) => took ?? 0));
  const told = new Set(stages.map(({ stageId }) => stageId));
  const others = (view?.stages ?? []).filter(({ id }) => !told.has(id));
  return html`<section class="card">
    <div class="head">
      <h2>Stages</h2>
      <span class="soft">bars compare the times, tokens are read → written</span>
    </div>
    ${stages.length + others.length === 0 && html`<p class="soft">No stage was reached.</p>`}
    <ol class="folds stages">
      ${stages.map(
        (stage) => html`<li key=${stage.stageId}><${Stage} stage=${stage} longest=${longest} result=${result} /></li>`,
      )}
      ${others.map(
        ({ id, name }) => html`<li key=${id} class="fold unreached"><span class="which" dir="auto">${name}</span> <${Badge} status="not_run" /></li>`,
      )}
    </ol>
  </section>`;
}

/** @param {{stage: StageResult, longest: number, result: PipelineResult}} props */
function Stage({ stage, longest, result }) {
  const hasRun = stage.status !== "skipped";
  const width = `${(fraction(stage.duration, longest) * 100).toFixed(2)}%`;
  const spent = [tokensOf(stage), hasCost(stage) ? namedCost(stage.cost) : ""].filter((part) => part !== "");
  const summary = html`<span class="which" dir="auto">${stage.stageName || stage.stageId}</span>
    <${Badge} status=${stage.status} />
    <span class="spent soft">${stage.model && html`<bdi>${stage.model}</bdi>${spent.length > 0 && " · "}`}${spent.join(" · ")}</span>
    <span class="time">
      ${hasRun && html`<span class="time-bar" aria-hidden="true"><span style=${{ width }}></span></span><span>${duration(stage.duration)}</span>`}
    </span>
    ${(stage.error ?? stage.reason) && html`<span class=${`why ${stage.error ? "fault" : "soft"}`} dir="auto">${stage.error ?? stage.reason}</span>`}
    ${stage.reusedFrom && html`<span class="why soft">reused from an earlier run</span>`}`;
  return html`<${Unfolding} class="fold stage" summary=${summary} contents=${() => html`<${Contents} stage=${stage} result=${result} />`} />`;
}

/** @param {{stage: StageResult, result: PipelineResult}} props */
function Contents({ stage, result }) {
  const { stageId, errorCode, reusedFrom, status } = stage;
  return html`
    <${ErrorHint} code=${errorCode} />
    ${reusedFrom && html`<p>Reused from <a href=${to.execution(reusedFrom)}>${reusedFrom}</a>, which paid for it.</p>`}
    <div class="stage-part">
      <h3>Output</h3>
      <${OutputView} value=${stage.output} label="Output of the stage" />
    </div>
    <div class="stage-part">
      <h3>Input</h3>
      ${status === "skipped"
        ? html`<p class="soft">It was skipped, so it was given nothing.</p>`
        : html`<${StageInputView} executionId=${result.executionId} stageId=${stageId} />`}
    </div>
    ${status !== "skipped" && html`<${RerunButton} result=${result} fromStage=${stageId} label="Run again from here" />`}
  `;
}

/** @param {StageResult} stage */
function tokensOf({ inputTokens, outputTokens }) {
  const said = tokens(inputTokens ?? 0, outputTokens ?? 0);
  return said === "" ? "" : `${said} tokens`;
}
