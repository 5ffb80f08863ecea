import { html } from "../html.js";

export function ModelsView() {
  return html`<h1>ModelsView</h1>`;
}
