// One execution: live while it runs, its result when it has ended. Reload, another tab, a shared link show the same.

import { useEffect, useRef, useState } from "preact/hooks";

import { StagecastError } from "../../client.js";
import { client } from "../gateway.js";
import { html } from "../html.js";
import { useAnswer } from "../parts/answer.js";
import { Failure, Notice } from "../parts/notice.js";
import { StageGraph } from "../parts/stage_graph.js";
import { When } from "../parts/when.js";
import { Badge } from "../parts/badge.js";
import { CopyButton } from "../parts/copy_button.js";
import { ResultView } from "../result/result.js";
import { to } from "../router.js";
import { Controls } from "./controls.js";
import { withDefinition } from "./definition.js";
import { Diary } from "./diary.js";
import { Figures, StageClock } from "./figures.js";
import { isOver } from "./fold.js";
import { StagePanel } from "./stage_panel.js";
import { Timeline } from "./timeline.js";
import { useExecution } from "./use_execution.js";
import { useTrouble } from "./use_trouble.js";

/** @import { Execution, Stage } from "./types.d.ts" */

/** @param {{executionId: string}} props */
export function ExecutionView({ executionId }) {
  const { execution: told, heardAt, error, again } = useExecution(executionId);
  const { isWhole, pipelineId } = told;
  const detail = useAnswer(async (signal) => (isWhole ? null : client.pipeline(pipelineId, { signal })), [isWhole, pipelineId]);
  const execution = withDefinition(told, detail.value);
  const { pipelineName, status } = execution;
  useEffect(() => {
    document.title = status === null ? "Run · stagecast" : `${pipelineName}: ${status} · stagecast`; // seen on the tab while one does something else
  }, [pipelineName, status]);
  if (error instanceof StagecastError && error.code === "execution_not_found") return html`<${Unknown} id=${executionId} />`;
  if (error) return html`<h1>Run</h1><${Failure} title="This run cannot be shown" error=${error} again=${again} />`;
  if (execution.status === null) return html`<h1 class="unseen">Run</h1><p class="soft" role="status">Looking for it …</p>`;
  return html`
    <${Heading} execution=${execution} heardAt=${heardAt} />
    ${execution.result && html`<${ResultView} result=${execution.result} filename=${execution.filename} view=${null} />`}
    <${Course} execution=${execution} />
    ${!execution.result && html`<${Submitted} execution=${execution} />`}
    <${Diary} execution=${execution} />
  `;
}

/** @param {{id: string}} props */
function Unknown({ id }) {
  return html`<h1>Run</h1>
    <${Notice} kind="error" title="There is no such run" action=${html`<a class="button" href=${to.runs()}>Show all runs</a>`}>
      <code>${id}</code> is not known here, belongs to somebody else, or is not kept any more.
    <//>`;
}

/** @param {{execution: Execution, heardAt: {readonly current: number}}} props */
function Heading({ execution, heardAt }) {
  const { id, pipelineId, pipelineName, status, queuedAt, owner, rerunOf } = execution;
  const isOpen = !isOver(execution);
  const title = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    if (!isOpen && document.activeElement === document.body) title.current?.focus({ preventScroll: true }); // what had the focus is gone
  }, [isOpen]);
  return html`<section class="card" aria-labelledby="execution-title">
    <div class="head">
      <h1 id="execution-title" tabindex="-1" ref=${title}><bdi>${pipelineName}</bdi> <${Badge} status=${status ?? ""} /></h1>
      ${isOpen && html`<${Controls} execution=${execution} />`}
    </div>
    <p class="soft about-execution">
      <code>${id}</code> <${CopyButton} text=${location.href} label="Copy link" />
      ${queuedAt && html`<span>submitted <${When} at=${queuedAt} /></span>`}
      ${owner && html`<span>by <bdi>${owner}</bdi></span>`}
      ${rerunOf && html`<span>runs <a href=${to.execution(rerunOf)}>another one</a> again</span>`}
      ${isOpen && html`<a href=${to.run(pipelineId, id)}>Run with changes</a>`}
    </p>
    ${isOpen && html`<${Figures} execution=${execution} />`} ${isOpen && html`<${State} execution=${execution} heardAt=${heardAt} />`}
  </section>`;
}

/** What it waits for, in a sentence. @param {{execution: Execution, heardAt: {readonly current: number}}} props */
function State({ execution, heardAt }) {
  const trouble = useTrouble(execution, heardAt);
  return html`<div role="status">
    <p class="state-sentence" dir="auto">${stateSentence(execution)}</p>
    ${trouble && html`<p class="trouble">${trouble}</p>`}
  </div>`;
}

/** @param {Execution} execution */
function stateSentence({ status, attempt, isCancelRequested, isFinishRequested, stages }) {
  if (isCancelRequested) return "It is being cancelled.";
  if (isFinishRequested) return "It is finishing: it stops here and keeps the best that it has.";
  if (status === "queued") {
    return attempt === 0 ? "It waits for a runner." : "It was given back, finished stages are kept. It waits for a runner.";
  }
  const names = stages.filter((stage) => stage.status === "running" || stage.status === "retrying").map(({ name }) => name);
  const again = attempt > 1 ? ` This is attempt ${attempt}: its runner was lost, finished stages are kept.` : "";
  return `${names.length === 0 ? "Between two stages." : `Now: ${names.join(", ")}.`}${again}`;
}

/** The stages: as a graph, over time, and one of them close up. @param {{execution: Execution}} props */
function Course({ execution }) {
  const [chosen, setChosen] = useState(/** @type {string | null} */ (null));
  const { stages } = execution;
  if (stages.length === 0) return null;
  const shown = stages.find(({ id }) => id === chosen) ?? (isOver(execution) ? null : atWork(stages));
  const drawn = stages.map((stage) => ({
    id: stage.id, name: stage.name, needs: stage.needs, status: stage.status, note: html`<${StageClock} stage=${stage} />`,
  })); // prettier-ignore
  const select = (/** @type {string} */ id) => setChosen((before) => (before === id ? null : id));
  return html`<section class="card" aria-labelledby="course-title">
    <h2 id="course-title">${isOver(execution) ? "How it ran" : "Stages"}</h2>
    ${!execution.isWhole && html`<p class="soft">Its earlier events are not kept any more; this is where it stands.</p>`}
    <${StageGraph} stages=${drawn} selected=${shown?.id ?? null} onSelect=${select} />
    ${shown && html`<${StagePanel} key=${shown.id} execution=${execution} stage=${shown} />`}
    <${Timeline} execution=${execution} />
  </section>`;
}

/** The stage to look at while nobody chose one: what runs, else what ended last. @param {Stage[]} stages */
function atWork(stages) {
  const running = stages.filter((stage) => stage.status === "running" || stage.status === "retrying");
  const writing = running.find((stage) => stage.texts.size > 0) ?? running[0];
  return writing ?? stages.filter((stage) => stage.endedAt !== null).at(-1) ?? null;
}

/** @param {{execution: Execution}} props */
function Submitted({ execution: { input, options } }) {
  if (input === null) return null;
  const hasOptions = Object.keys(options).length > 0;
  return html`<details class="card folded">
    <summary><h2>What was submitted</h2></summary>
    <pre class="value" role="group" tabindex="0" aria-label="The prompt">${input}</pre>
    ${hasOptions && html`<h3>Options</h3><pre class="value" role="group" tabindex="0" aria-label="The options">${JSON.stringify(options, null, 2)}</pre>`}
  </details>`;
}
