import { html } from "../html.js";

export function CompareView() {
  return html`<h1>CompareView</h1>`;
}
