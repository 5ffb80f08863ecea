// The stages over time: which ran side by side, and where the time went. The same as numbers is in the graph.

import { html } from "../html.js";
import { duration } from "../parts/format.js";
import { useServiceNow } from "../parts/now.js";
import { isOver } from "./fold.js";

/** @import { Execution, Stage } from "./types.d.ts" */

/** @param {{execution: Execution}} props */
export function Timeline({ execution }) {
  const stages = execution.stages.filter(({ startedAt }) => startedAt !== null);
  if (stages.length === 0) return null;
  return isOver(execution) ? html`<${Bars} stages=${stages} now=${0} />` : html`<${LiveBars} stages=${stages} />`;
}

/** @param {{stages: Stage[]}} props */
function LiveBars({ stages }) {
  return html`<${Bars} stages=${stages} now=${useServiceNow()} />`;
}

/** @param {{stages: Stage[], now: number}} props */
function Bars({ stages, now }) {
  // A tick may lie before the latest event: what runs is never shown shorter than what has ended.
  const latest = Math.max(now, ...stages.map(({ endedAt }) => (endedAt === null ? 0 : Date.parse(endedAt))));
  const spans = stages.map((stage) => spanOf(stage, latest));
  const first = Math.min(...spans.map(({ from }) => from));
  const whole = Math.max(1, Math.max(...spans.map(({ until }) => until)) - first);
  return html`<div class="timeline" role="img" aria-label=${`Timeline over ${duration(whole)}`}>
    ${stages.map((stage, index) => {
      const { from, until } = spans[index] ?? { from: first, until: first };
      const place = { left: `${((from - first) / whole) * 100}%`, width: `${Math.max(0.4, ((until - from) / whole) * 100)}%` };
      return html`<div class="timeline-row" key=${stage.id}>
        <span class="timeline-name">${stage.name}</span>
        <span class="timeline-track"><span class=${`timeline-bar ${stage.status}`} style=${place}></span></span>
        <span class="timeline-end soft">${duration(until - from)}</span>
      </div>`;
    })}
  </div>`;
}

/** @param {Stage} stage @param {number} now */
function spanOf({ startedAt, endedAt, duration: took }, now) {
  const from = Date.parse(startedAt ?? "");
  const until = endedAt === null ? (took === null ? now : from + took) : Date.parse(endedAt);
  return { from, until: Math.max(from, until) };
}
