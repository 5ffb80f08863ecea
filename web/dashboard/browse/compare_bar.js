// Which results are ticked, and the way to see them side by side.

import { html } from "../html.js";
import { to } from "../router.js";

/** @param {{chosen: string[], clear: () => void}} props `chosen`: ids of executions, which sort by time */
export function CompareBar({ chosen, clear }) {
  const [older, newer] = [...chosen].sort();
  const isPair = older !== undefined && newer !== undefined;
  return html`<div class=${`compare-bar ${chosen.length > 0 ? "shown" : ""}`}>
    <p role="status">${chosen.length === 1 && "One result is ticked. Tick another one to compare them."}${isPair && "Two results are ticked."}</p>
    ${chosen.length > 0 &&
    html`<div class="actions">
      ${isPair && html`<a class="button main" href=${to.compare(older, newer)}>Compare</a>`}
      <button onClick=${clear}>Untick</button>
    </div>`}
  </div>`;
}
