// One pipeline file: its source with numbered lines, and what is wrong beside the line where it is.

import { useMemo, useRef } from "preact/hooks";

import { StagecastError } from "../../client.js";
import { html } from "../html.js";
import { useAnswer } from "../parts/answer.js";
import { CopyButton } from "../parts/copy_button.js";
import { count, counted } from "../parts/format.js";
import { Failure, Notice } from "../parts/notice.js";
import { to } from "../router.js";
import { placeOf, problemsByLine } from "./pipeline_list.js";
import { client } from "../gateway.js";
import { useReturn } from "./use_return.js";
import { tokenize } from "./yaml.js";

/** @import { FileProblem } from "../../client/wire.d.ts" */
/** @import { Token } from "./yaml.js" */

const MOST_LINES = 5000; // beyond, a browser only suffers

/** @param {{filename: string}} props */
export function PipelineFileView({ filename }) {
  const { value, error, again } = useAnswer((signal) => client.pipelineFile(filename, { signal }), [filename]);
  useReturn(again, error);
  const isValid = value?.problems.length === 0;
  return html`
    <nav aria-label="Where this is"><a href=${to.pipelines()}>← All pipelines</a></nav>
    <div class="head">
      <h1><bdi>${filename}</bdi></h1>
      <div class="actions">
        ${value && html`<${CopyButton} text=${value.source} label="Copy source" />`}
        <button class="small" onClick=${again}>Check again</button>
        ${value && isValid && html`<a class="button small main" href=${to.run(value.id)}>Run<span class="unseen"> <bdi>${value.id}</bdi></span></a>`}
      </div>
    </div>
    ${error !== undefined ? html`<${Refused} error=${error} again=${again} />` : value && html`<${Source} key=${value.source} ...${value} />`}
  `;
}

/** @param {{error: unknown, again: () => void}} props */
function Refused({ error, again }) {
  if (error instanceof StagecastError && error.code === "forbidden") {
    return html`<${Notice} kind="error" title="The source is not shown with this token">
      It takes the scope <code>run</code>: prompts and addresses of servers are in the files. A token with it comes from whoever runs the
      gateway, who makes one with <code>stagecast token new NAME --scope read --scope run</code>.
    <//>`;
  }
  return html`<${Failure} title="This file cannot be shown" error=${error} again=${again} />`;
}

/** @param {{source: string, problems: FileProblem[], filename: string}} props */
function Source({ source, problems, filename }) {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const lines = useMemo(() => tokenize(source.replace(/\r?\n$/, "")), [source]);
  const shown = lines.slice(0, MOST_LINES);
  const byLine = problemsByLine(problems, shown.length);
  /** @param {number} line */
  const show = (line) => {
    const place = list.current?.children[Math.max(1, Math.min(line, shown.length)) - 1];
    if (!(place instanceof HTMLElement)) return;
    place.focus({ preventScroll: true });
    place.scrollIntoView({ block: "center" });
  };
  return html`
    ${problems.length === 0
      ? html`<p class="soft">This file is valid. It is changed in the gateway's pipelines directory, with any editor; a change is seen at once.</p>`
      : html`<section class="card" aria-labelledby="problems">
          <h2 id="problems">${counted(problems.length, "problem")}</h2>
          <ul class="problems">
            ${problems.map((problem, index) => html`<${Problem} key=${index} problem=${problem} show=${show} />`)}
          </ul>
          <p class="soft">
            Mend the file in the gateway's pipelines directory, with any editor: a change is seen at once. The
            command <code>stagecast validate <bdi>${filename}</bdi></code> tells the same.
          </p>
        </section>`}
    <section class="card source-card" aria-label="Source">
      <ol class="source" ref=${list}>
        ${shown.map((tokens, index) => html`<${Line} key=${index} number=${index + 1} tokens=${tokens} problems=${byLine.get(index + 1) ?? []} />`)}
      </ol>
      ${lines.length > shown.length && html`<p class="soft">${count(lines.length - shown.length)} more lines are not shown; Copy source has all.</p>`}
    </section>
  `;
}

/** @param {{problem: FileProblem, show: (line: number) => void}} props */
function Problem({ problem, show }) {
  const { line, path, message } = problem;
  return html`<li>
    <span class="problem-place">
      ${line !== null && html`<button class="small" onClick=${() => show(line)}>${placeOf(problem)}</button>`}
      ${path && html` <bdi><code>${path}</code></bdi>`}
    </span>
    <span dir="auto">${message}</span>
  </li>`;
}

/** @param {{number: number, tokens: Token[], problems: FileProblem[]}} props */
function Line({ number, tokens, problems }) {
  const isBad = problems.length > 0;
  return html`<li class=${isBad ? "bad" : undefined} tabindex=${isBad ? "-1" : undefined} value=${number}>
    <code>${tokens.map(({ kind, text }) => (kind === "text" ? text : html`<span class=${`y-${kind}`}>${text}</span>`))}${tokens.length === 0 && "\u200b"}</code>
    ${problems.map(({ message, column }, index) => html`<p key=${index} class="line-problem"><span aria-hidden="true">▲</span> ${column !== null && `Column ${column}: `}<bdi>${message}</bdi></p>`)}
  </li>`;
}
