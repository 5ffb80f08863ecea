// Numbers that change while it runs: elapsed time, cost, tokens, stages done.

import { html } from "../html.js";
import { clock, cost, count, duration, tokens } from "../parts/format.js";
import { useServiceNow } from "../parts/now.js";
import { spentOf } from "./fold.js";

/** @import { Execution, Stage } from "./types.d.ts" */

const SETTLED = ["completed", "skipped", "failed", "cancelled", "not_run"];

/** @param {{execution: Execution}} props */
export function Figures({ execution }) {
  const spent = spentOf(execution);
  const done = execution.stages.filter(({ status }) => SETTLED.includes(status)).length;
  return html`<dl class="figures">
    <div><dt>Elapsed</dt><dd><${Elapsed} from=${execution.startedAt} until=${execution.endedAt} /></dd></div>
    <div><dt>Cost so far</dt><dd>${spent.isCostComplete ? cost(spent.cost) : spent.cost > 0 ? `≥ ${cost(spent.cost)}` : "unknown"}</dd></div>
    <div><dt>Tokens</dt><dd>${tokens(spent.inputTokens, spent.outputTokens) || "0"}</dd></div>
    <div><dt>Model calls</dt><dd>${count(spent.calls)}</dd></div>
    <div><dt>Stages</dt><dd>${done} of ${execution.stages.length}</dd></div>
  </dl>`;
}

/** @param {{from: string | null, until: string | null}} props */
function Elapsed({ from, until }) {
  const now = useServiceNow();
  if (from === null) return html`<span aria-hidden="true">–</span><span class="unseen">not started</span>`;
  return html`<span role="timer">${until === null ? clock(now - Date.parse(from)) : duration(Date.parse(until) - Date.parse(from))}</span>`;
}

/** How long a stage took, or takes so far. @param {{stage: Stage}} props */
export function StageClock({ stage }) {
  if (stage.status === "skipped" || stage.status === "not_run") return null;
  if (stage.reusedFrom !== null) return html`reused`;
  if (stage.duration !== null) return duration(stage.duration);
  if (stage.startedAt === null) return null;
  return html`<${Elapsed} from=${stage.startedAt} until=${stage.endedAt} />`;
}
