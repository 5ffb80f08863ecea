// Charts of evidence as inline SVG: widths are in percent, so they fit any width, and words keep their size. Each has a
// name and says in words what it shows.

import { useId } from "preact/hooks";

import { html } from "../html.js";
import { interval, tiles } from "./verdict.js";

/** @import { ComponentChildren } from "preact" */
/** @import { SignTest } from "../../client/wire.d.ts" */
/** @import { Pair, Trust } from "./comparison.js" */

/** @param {{height: number, title: string, said: string, class?: string, children?: ComponentChildren}} props */
function Chart({ height, title, said, class: name = "", children }) {
  const id = useId();
  return html`<svg class=${`chart ${name}`} width="100%" height=${height} role="img" aria-labelledby=${`${id}-t ${id}-d`}>
    <title id=${`${id}-t`}>${title}</title>
    <desc id=${`${id}-d`}>${said}</desc>
    ${children}
  </svg>`;
}

/** @param {{test: SignTest, said: string}} props */
export function Tiles({ test, said }) {
  return html`<${Chart} height=${36} title="Wins, ties and losses" said=${said} class="tiles">
    ${tiles(test).map(
      ({ outcome, x, width, label }) => html`<g key=${x} class=${outcome}>
        <rect x=${percent(x)} y="1" width=${percent(width)} height="34" rx="3" />
        ${label && html`<text x=${percent(x + width / 2)} y="23" text-anchor="middle">${label}</text>`}
      </g>`,
    )}
  <//>`;
}

/** @param {{test: SignTest, said: string}} props */
export function Interval({ test, said }) {
  const span = interval(test);
  if (span === null) return null;
  return html`<${Chart} height=${40} title="Share of wins, and its interval" said=${said} class="scale">
    <line class="track" x1="0" x2="100%" y1="12" y2="12" />
    <line class="fair" x1="50%" x2="50%" y1="2" y2="22" />
    <line class="range" x1=${percent(span.low)} x2=${percent(span.high)} y1="12" y2="12" />
    <line class="end" x1=${percent(span.low)} x2=${percent(span.low)} y1="6" y2="18" />
    <line class="end" x1=${percent(span.high)} x2=${percent(span.high)} y1="6" y2="18" />
    <circle class="after" cx=${percent(span.point)} cy="12" r="6" />
    <text x="0" y="37">always loses</text>
    <text x="50%" y="37" text-anchor="middle">even</text>
    <text x="100%" y="37" text-anchor="end">always wins</text>
  <//>`;
}

/** A score before and after, as two dots on one line. @param {{row: Pair}} props */
export function Dots({ row }) {
  const [before, after] = [percent(row.beforePart * 100), percent(row.afterPart * 100)];
  return html`<${Chart} height=${20} title="Score before and after" said=${spoken(row)} class="scale">
    <line class="track" x1="0" x2="100%" y1="10" y2="10" />
    <line class="range" x1=${before} x2=${after} y1="10" y2="10" />
    <circle class="after" cx=${after} cy="10" r="6" />
    <circle class="before" cx=${before} cy="10" r=${row.beforePart === row.afterPart ? 3 : 5} />
  <//>`;
}

/** An amount before above the one after. @param {{row: Pair}} props */
export function Bars({ row }) {
  return html`<${Chart} height=${26} title=${row.label} said=${spoken(row)} class="scale">
    <rect class="before" x="0" y="1.5" width=${percent(row.beforePart * 100)} height="9" rx="2" />
    <rect class="after" x="0" y="14.5" width=${percent(row.afterPart * 100)} height="10" rx="2" />
  <//>`;
}

/** How far off a sign of trust is from where it should be. @param {{trust: Trust}} props */
export function Gauge({ trust }) {
  const said = `${trust.share}; it should be ${Math.round(trust.fair * 100)} %.`;
  return html`<${Chart} height=${20} title=${trust.label} said=${said} class="scale">
    <line class="track" x1="0" x2="100%" y1="10" y2="10" />
    <line class="fair" x1=${percent(trust.fair * 100)} x2=${percent(trust.fair * 100)} y1="1" y2="19" />
    ${trust.part !== null && html`<circle class="after" cx=${percent(trust.part * 100)} cy="10" r="6" />`}
  <//>`;
}

export function Legend() {
  return html`<p class="legend">
    <svg width="12" height="12" aria-hidden="true"><circle class="before" cx="6" cy="6" r="4.5" /></svg> original
    <svg width="12" height="12" aria-hidden="true"><circle class="after" cx="6" cy="6" r="5" /></svg> optimized
  </p>`;
}

/** @param {Pair} row */
function spoken({ before, after }) {
  return `${before} with the original prompt, ${after} with the optimized one.`;
}

/** @param {number} number */
function percent(number) {
  return `${number.toFixed(2)}%`;
}
