// The Run view: a pipeline is picked, shown, given its input and options, and started.

import { client } from "../gateway.js";
import { html } from "../html.js";
import { useAnswer } from "../parts/answer.js";
import { Failure, Notice, sentence } from "../parts/notice.js";
import { to } from "../router.js";
import { readKept } from "../storage.js";
import { StagecastError } from "../../client.js";
import { Chooser } from "./chooser.js";
import { readEarlier } from "./earlier.js";
import { chosen, LAST_KEY } from "./pipeline_choice.js";
import { RunForm } from "./run_form.js";

/** @import { PipelineListing } from "../../client/wire.d.ts" */
/** @import { Earlier } from "./earlier.js" */

/** @param {{pipelineId: string | null, from: string | null}} props `from`: the execution whose input is taken over */
export function RunView({ pipelineId, from }) {
  const pipelines = useAnswer((signal) => client.pipelines({ signal }), []);
  const earlier = useAnswer(async (signal) => (from === null ? null : readEarlier(client, from, signal)), []);
  if (from !== null && earlier.isLoading) return html`<${Waiting} />`;
  const named = pipelineId ?? earlier.value?.pipelineId ?? null;
  if (named === null && pipelines.error) {
    return html`<h1>Run</h1>
      <${Failure} title="The pipelines cannot be listed" error=${pipelines.error} again=${pipelines.again} />`;
  }
  if (named === null && !pipelines.value) return html`<${Waiting} />`;
  const id = chosen(pipelines.value ?? [], named, readKept(LAST_KEY));
  if (id === null) return html`<${NoPipelines} />`;
  const failure = from !== null && !earlier.value ? html`<${NotTaken} from=${from} error=${earlier.error} />` : null;
  return html`<${Pipeline} id=${id} pipelines=${pipelines.value} earlier=${earlier.value ?? null} note=${failure} />`;
}

/** @param {{id: string, pipelines: PipelineListing[] | undefined, earlier: Earlier | null, note: unknown}} props */
function Pipeline({ id, pipelines, earlier, note }) {
  const detail = useAnswer((signal) => client.pipeline(id, { signal }), [id]);
  if (detail.error) {
    return html`<${Chooser} title="Run" id=${id} pipelines=${pipelines} />
      <${NotRunnable} id=${id} error=${detail.error} again=${detail.again} />`;
  }
  if (!detail.value) return html`<${Waiting} />`;
  return html`<${Chooser} title=${detail.value.pipeline.name} id=${id} detail=${detail.value} pipelines=${pipelines} />
    ${note}
    <${RunForm} detail=${detail.value} earlier=${earlier} />`;
}

/** Nothing that flashes: most answers are there at once. */
function Waiting() {
  return html`<h1 class="unseen">Run</h1>
    <div class="run-waiting" aria-busy="true"></div>`;
}

function NoPipelines() {
  return html`<h1>Run</h1>
    <${Notice} kind="empty" title="There is no pipeline to run" action=${html`<a class="button" href=${to.pipelines()}>See the files</a>`}>
      A pipeline is a YAML file in the gateway's directory of pipelines. <code>stagecast init my-pipeline</code> writes one to start from.
    <//>`;
}

/** @param {{id: string, error: unknown, again: () => void}} props */
function NotRunnable({ id, error, again }) {
  const code = error instanceof StagecastError ? error.code : "";
  if (code !== "invalid_pipeline" && code !== "pipeline_not_found") {
    return html`<${Failure} title="The pipeline cannot be shown" error=${error} again=${again} />`;
  }
  const title = code === "invalid_pipeline" ? "This pipeline's file is broken" : "There is no such pipeline";
  const action = html`<a class="button main" href=${to.pipelines()}>${code === "invalid_pipeline" ? "See what is wrong" : "See the pipelines"}</a>
    <button onClick=${again}>Try again</button>`;
  return html`<${Notice} kind="error" title=${title} action=${action}><bdi>${id}</bdi>: ${sentence(error)}<//>`;
}

/** @param {{from: string, error: unknown}} props */
function NotTaken({ from, error }) {
  const why = error ? sentence(error) : "Its input is not kept any more.";
  return html`<${Notice} title="The input of the earlier run could not be taken over">
    <a href=${to.execution(from)}>${from}</a>: ${why}
  <//>`;
}
