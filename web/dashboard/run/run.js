import { html } from "../html.js";

export function RunView() {
  return html`<h1>RunView</h1>`;
}
