import { html } from "../html.js";

export function PipelinesView() {
  return html`<h1>PipelinesView</h1>`;
}
