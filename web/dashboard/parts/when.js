// A moment, as far away as it is now, and exactly where one points at it.

import { html } from "../html.js";
import { ago, clock, moment } from "./format.js";
import { useServiceNow } from "./now.js";

const DAY_MS = 24 * 3_600_000;

/** @param {{at: string}} props */
export function When({ at }) {
  const isRecent = Date.now() - Date.parse(at) < DAY_MS; // what is older than a day reads the same all the time
  return html`<time datetime=${at} title=${moment(at)}>${isRecent ? html`<${Ago} at=${at} />` : moment(at)}</time>`;
}

/** @param {{at: string}} props */
function Ago({ at }) {
  return ago(at, useServiceNow());
}

/** How long since, ticking. @param {{since: string}} props */
export function Clock({ since }) {
  return html`<span class="clock">${clock(useServiceNow() - Date.parse(since))}</span>`;
}
