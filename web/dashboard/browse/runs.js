import { html } from "../html.js";

export function RunsView() {
  return html`<h1>RunsView</h1>`;
}
