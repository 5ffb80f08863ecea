// Whatever a pipeline or a stage delivered, to be read: a text as text, an object by its fields, texts in a list as a
// list, all else as JSON.

import { html } from "../html.js";
import { CopyButton } from "../parts/copy_button.js";
import { asText, ValueView } from "../parts/value_view.js";
import { shapeOf } from "./output_shape.js";
import { TextBox } from "./text_box.js";

/** @param {{value: unknown, label: string}} props */
export function OutputView({ value, label }) {
  const shape = shapeOf(value);
  if (shape.kind === "none") return html`<p class="soft">There is none.</p>`;
  if (shape.kind === "json") return html`<${ValueView} value=${value} label=${label} />`;
  return html`<div class="output">
    <${Readable} shape=${shape} label=${label} />
    <${CopyButton} text=${asText(value)} label=${`Copy ${label.toLowerCase()}`} />
  </div>`;
}

/** @param {{shape: import("./output_shape.js").Shape, label: string}} props */
function Readable({ shape, label }) {
  switch (shape.kind) {
    case "text":
      return html`<${TextBox} text=${shape.text} label=${label} class="prose" />`;
    case "texts":
      return html`<ul class="texts">
        ${shape.texts.map((text, place) => html`<li key=${place} dir="auto">${text}</li>`)}
      </ul>`;
    case "fields":
      return html`<dl class="fields">
        ${shape.fields.map(
          ({ name, value }) => html`<div key=${name}>
            <dt dir="auto">${name}</dt>
            <dd><${Field} value=${value} label=${name} /></dd>
          </div>`,
        )}
      </dl>`;
    default:
      return null;
  }
}

/** @param {{value: unknown, label: string}} props */
function Field({ value, label }) {
  if (value === null || ["number", "boolean"].includes(typeof value)) return html`<code>${String(value)}</code>`;
  const shape = shapeOf(value);
  if (shape.kind === "text" && !shape.isLong) return html`<span class="short" dir="auto">${shape.text}</span>`;
  if (shape.kind === "text" || shape.kind === "texts") return html`<${Readable} shape=${shape} label=${label} />`;
  return html`<${ValueView} value=${value} label=${label} />`;
}
