// One stage close up, while it runs: what it writes, how far its function is, why it failed or was skipped.

import { useEffect, useRef } from "preact/hooks";

import { html } from "../html.js";
import { Badge } from "../parts/badge.js";
import { cost, counted, duration, timeOfDay, tokens } from "../parts/format.js";
import { useServiceNow } from "../parts/now.js";
import { ValueView } from "../parts/value_view.js";
import { ErrorHint } from "../result/error_hint.js";
import { to } from "../router.js";
import { Items } from "./items.js";

/** @import { Execution, Stage } from "./types.d.ts" */

/** @param {{execution: Execution, stage: Stage}} props */
export function StagePanel({ execution, stage }) {
  const { name, status, model, spent, reason, error, reusedFrom, retry } = stage;
  const facts = [
    model,
    spent.calls > 0 && counted(spent.calls, "model call"),
    tokens(spent.inputTokens, spent.outputTokens) && `${tokens(spent.inputTokens, spent.outputTokens)} tokens`,
    (spent.calls > 0 || spent.cost !== 0) && cost(spent.cost),
    stage.duration !== null && duration(stage.duration),
  ].filter(Boolean);
  return html`<article class="stage-panel" aria-label=${name}>
    <h3><bdi>${name}</bdi> <${Badge} status=${status} /></h3>
    ${facts.length > 0 && html`<p class="soft">${facts.join(" · ")}</p>`}
    ${status === "pending" && html`<p>${waitingFor(execution, stage)}</p>`}
    ${reason && html`<p>Skipped: <bdi>${reason}</bdi></p>`}
    ${error && html`<p class="stage-error">${error}</p><${ErrorHint} code=${stage.errorCode} />`}
    ${reusedFrom && html`<p>Its result was taken over from <a href=${to.execution(reusedFrom)}>an earlier run</a>, which paid for it.</p>`}
    ${retry && html`<${Retry} retry=${retry} />`}
    ${stage.answered.size > 0 && stage.endedAt === null && html`<${Items} executionId=${execution.id} stage=${stage} />`}
    ${stage.notes.length > 0 && html`<${Notes} stage=${stage} />`}
    ${[...stage.texts].slice(-3).map(([item, { text }]) => html`<${LiveText} key=${item} item=${item} text=${text} />`)}
    ${stage.output != null && html`<${ValueView} value=${stage.output} label="Output" />`}
  </article>`;
}

/** @param {Execution} execution @param {Stage} stage */
function waitingFor({ stages }, stage) {
  const names = stages.filter(({ id, endedAt }) => stage.needs.includes(id) && endedAt === null).map(({ name }) => name);
  return names.length === 0 ? "It has not begun." : html`It waits for <bdi>${names.join(" and ")}</bdi>.`;
}

/** @param {{retry: NonNullable<Stage["retry"]>}} props */
function Retry({ retry: { attempt, delay, error, item, at } }) {
  const left = Date.parse(at) + delay - useServiceNow();
  const where = item === null ? "" : ` of item ${item + 1}`;
  return html`<p class="stage-retry">
    ${left > 500 ? `Attempt ${attempt}${where} begins in ${Math.ceil(left / 1000)} s.` : `Attempt ${attempt}${where} is under way.`} The one before:
    <bdi>${error}</bdi>
  </p>`;
}

/** @param {{stage: Stage}} props */
function Notes({ stage: { notes, status } }) {
  const list = html`<ol class="notes" tabindex="0" aria-label="Progress">
    ${notes.toReversed().map(({ message, at }, index) => html`<li key=${notes.length - index}><time class="soft">${timeOfDay(at)}</time> <bdi>${message}</bdi></li>`)}
  </ol>`;
  return status === "running" || status === "retrying" ? list : html`<details><summary>${counted(notes.length, "note")} of progress</summary>${list}</details>`;
}

/** The text as the model writes it; its end stays in view. @param {{item: number | null, text: string}} props */
function LiveText({ item, text }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const element = box.current;
    // Who has scrolled up to read is left there.
    if (element !== null && element.scrollHeight - element.scrollTop - element.clientHeight < 120) element.scrollTop = element.scrollHeight;
  }, [text]);
  return html`<figure class="live">
    <figcaption class="soft">${item === null ? "Writing" : `Writing item ${item + 1}`}</figcaption>
    <pre class="value" role="group" ref=${box} tabindex="0" aria-label="Text as it is written">${text}<span class="caret" aria-hidden="true"></span></pre>
  </figure>`;
}
