// A text of a user or a model, to be read as it is: never folded, and of a very long one only what a browser can bear.

import { html } from "../html.js";
import { count } from "../parts/format.js";
import { unseenIn } from "./foreign.js";

const MOST_SHOWN = 200_000; // characters

/** @param {{text: string, label: string, class?: string, most?: number}} props `label` names it to who cannot see it */
export function TextBox({ text, label, class: name = "", most = MOST_SHOWN }) {
  if (text === "") return html`<p class="soft">Empty.</p>`;
  const shown = text.length > most ? text.slice(0, most) : text;
  return html`<div class="text-box">
    <pre class=${`value ${name}`} dir="auto" tabindex="0" role="group" aria-label=${label}>${shown}</pre>
    <${LeftOut} count=${text.length - shown.length} />
    <${Unseen} text=${shown} />
  </div>`;
}

/** @param {{count: number}} props */
function LeftOut({ count: leftOut }) {
  return leftOut > 0 && html`<p class="about">${count(leftOut)} more characters are in the download.</p>`;
}

/** @param {{text: string}} props */
export function Unseen({ text }) {
  const names = unseenIn(text);
  return names.length > 0 && html`<p class="about">It has characters that cannot be seen: ${names.join(", ")}. Copying keeps them.</p>`;
}
