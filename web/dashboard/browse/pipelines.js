// Pipelines: all files with what is in them or wrong with them, or one file with its source.

import { StagecastError } from "../../client.js";
import { client } from "../gateway.js";
import { html } from "../html.js";
import { useAnswer } from "../parts/answer.js";
import { Failure, Notice } from "../parts/notice.js";
import { counted } from "../parts/format.js";
import { to } from "../router.js";
import { entriesOf, placeOf } from "./pipeline_list.js";
import { PipelineFileView } from "./pipeline_file.js";
import { useReturn } from "./use_return.js";

/** @import { Entry } from "./pipeline_list.js" */

const MOST_TOLD = 3; // problems of one file in the list; its own page has all

/** @param {{filename: string | null}} props */
export function PipelinesView({ filename }) {
  return filename === null ? html`<${AllFiles} />` : html`<${PipelineFileView} filename=${filename} />`;
}

function AllFiles() {
  const { value, error, again } = useAnswer(readAll, []);
  useReturn(again, error);
  const broken = value?.entries.filter((entry) => entry.problems.length > 0).length ?? 0;
  return html`
    <div class="head">
      <h1>Pipelines</h1>
      <button onClick=${again}>Check again</button>
    </div>
    <p class="soft intro">
      Each is one YAML file in the gateway's pipelines directory. Change it there with any editor: it is read again at the next request,
      without a restart. <code>stagecast init my-pipeline</code> writes a commented file to begin with.
    </p>
    ${error !== undefined && html`<${Failure} title="The pipelines cannot be read" error=${error} again=${again} />`}
    ${value?.isPartial &&
    html`<${Notice} title="Only the pipelines that can be run are shown">
      Files with their source and problems are for tokens with the scope <code>run</code>, which this one does not have.
    <//>`}
    ${broken > 0 && html`<p class="fault" role="status">${counted(broken, "file has", "files have")} problems and cannot be run.</p>`}
    ${value?.entries.length === 0 &&
    html`<${Notice} kind="empty" title="There is no pipeline file">
      Write one with <code>stagecast init my-pipeline</code> into the gateway's pipelines directory (<code>STAGECAST_PIPELINES_DIR</code>).
    <//>`}
    ${value && html`<ul class="files">${value.entries.map((entry) => html`<${FileCard} key=${entry.filename} entry=${entry} isPartial=${value.isPartial} />`)}</ul>`}
  `;
}

/** @param {AbortSignal} signal */
async function readAll(signal) {
  const [files, pipelines] = await Promise.all([filesOrNull(signal), client.pipelines({ signal })]);
  return { entries: entriesOf(files, pipelines), isPartial: files === null };
}

/** @param {AbortSignal} signal */
async function filesOrNull(signal) {
  try {
    return await client.pipelineFiles({ signal });
  } catch (error) {
    if (error instanceof StagecastError && error.code === "forbidden") return null;
    throw error;
  }
}

/** @param {{entry: Entry, isPartial: boolean}} props */
function FileCard({ entry, isPartial }) {
  const { filename, id, problems, pipeline } = entry;
  const name = pipeline?.name || id || filename;
  return html`<li class="card file">
    <div class="head">
      <h2>${isPartial ? html`<bdi>${name}</bdi>` : html`<a href=${to.pipelines(filename)}><bdi>${name}</bdi></a>`}</h2>
      ${problems.length > 0
        ? html`<span class="badge failed"><span aria-hidden="true">✕</span> broken</span>`
        : html`<a class="button small main" href=${to.run(id)}>Run<span class="unseen"> <bdi>${name}</bdi></span></a>`}
    </div>
    ${pipeline?.description && html`<p dir="auto">${pipeline.description}</p>`}
    ${problems.length > 0 && html`<${Problems} problems=${problems} filename=${filename} />`}
    <dl class="facts">
      ${fact("File", html`<bdi><code>${filename}</code></bdi>`)}
      ${id !== name && fact("Id", html`<bdi><code>${id}</code></bdi>`)}
      ${pipeline?.version && fact("Version", html`<bdi>${pipeline.version}</bdi>`)}
      ${pipeline && fact("Stages", String(pipeline.stageCount))}
      ${pipeline && fact("Model provider", html`<bdi>${pipeline.defaultProvider ?? "none"}</bdi>`)}
    </dl>
  </li>`;
}

/** @param {{problems: Entry["problems"], filename: string}} props */
function Problems({ problems, filename }) {
  const more = problems.length - MOST_TOLD;
  return html`<ul class="problems">
    ${problems.slice(0, MOST_TOLD).map(
      (problem, index) => html`<li key=${index}>
        <span class="problem-place">${placeOf(problem)}${problem.path && html` <bdi><code>${problem.path}</code></bdi>`}</span>
        <span dir="auto">${problem.message}</span>
      </li>`,
    )}
    ${more > 0 && html`<li><a href=${to.pipelines(filename)}>${counted(more, "more problem")}</a></li>`}
  </ul>`;
}

/** @param {string} name @param {unknown} value */
function fact(name, value) {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}
