// Any JSON value to be read: texts as they are, all else as indented JSON. Long ones are folded.

import { html } from "../html.js";
import { count } from "./format.js";
import { CopyButton } from "./copy_button.js";

const FOLDED_FROM = 1500; // characters
const MOST_SHOWN = 200_000; // beyond, a browser only suffers; the download has the whole

/** @param {{value: unknown, label: string}} props */
export function ValueView({ value, label }) {
  const text = asText(value);
  if (text === "") return html`<p class="soft">Empty.</p>`;
  const shown = text.length > MOST_SHOWN ? text.slice(0, MOST_SHOWN) : text;
  const body = html`<pre class="value" role="group" tabindex="0" aria-label=${label}>${shown}</pre>
    ${shown.length < text.length && html`<p class="soft">${count(text.length - shown.length)} more characters are in the download.</p>`}`;
  return html`<div class="value-view">
    ${text.length > FOLDED_FROM ? html`<details><summary>${count(text.length)} characters</summary>${body}</details>` : body}
    <${CopyButton} text=${text} label=${`Copy ${label.toLowerCase()}`} />
  </div>`;
}

/** @param {unknown} value */
export function asText(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2) ?? "";
}
