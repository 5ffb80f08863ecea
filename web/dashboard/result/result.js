import { html } from "../html.js";

/** @param {{result: import("../../client/wire.d.ts").PipelineResult, filename: string | null, view: unknown}} props */
export function ResultView({ result }) {
  return html`<pre>${JSON.stringify(result.output)}</pre>`;
}
