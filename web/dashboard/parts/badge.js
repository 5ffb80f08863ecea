// A status in one word, with a sign and a colour of its own: no meaning is in the colour alone.

import { html } from "../html.js";

/** @type {Record<string, {label: string, sign: string}>} */
const STATUSES = {
  queued: { label: "queued", sign: "◌" },
  running: { label: "running", sign: "●" },
  retrying: { label: "retrying", sign: "↻" },
  success: { label: "success", sign: "✓" },
  completed: { label: "completed", sign: "✓" },
  early_exit: { label: "ended early", sign: "✓" },
  skipped: { label: "skipped", sign: "–" },
  failed: { label: "failed", sign: "✕" },
  cancelled: { label: "cancelled", sign: "■" },
  pending: { label: "pending", sign: "○" },
  not_run: { label: "not run", sign: "○" },
  improved: { label: "improved", sign: "▲" },
  no_clear_change: { label: "no clear change", sign: "=" },
  regressed: { label: "regressed", sign: "▼" },
  too_few_cases: { label: "too few cases", sign: "?" },
};

/** @param {{status: string}} props */
export function Badge({ status }) {
  const { label, sign } = STATUSES[status] ?? { label: status, sign: "•" };
  return html`<span class=${`badge ${STATUSES[status] ? status : ""}`}><span aria-hidden="true">${sign}</span> ${label}</span>`;
}
