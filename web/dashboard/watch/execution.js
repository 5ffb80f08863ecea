import { html } from "../html.js";

export function ExecutionView() {
  return html`<h1>ExecutionView</h1>`;
}
