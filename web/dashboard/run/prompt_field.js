// The pipeline's primary input: much room, and how much of what is allowed is used.

import { html } from "../html.js";
import { count } from "../parts/format.js";
import { described } from "./field_frame.js";
import { characters } from "./reading.js";

/** @import { Field } from "./fields.js" */

/** @param {{field: Field, prompt: string, fault?: string, change: (prompt: string) => void}} props */
export function PromptField({ field, prompt, fault, change }) {
  const attributes = described("primary", fault);
  const { most } = field.bounds;
  const length = characters(prompt);
  const isBeyond = most !== undefined && length > most;
  return html`<div class="field run-prompt wide">
    <label for=${attributes.id}>${field.label}</label>
    <p class="about" id=${`${attributes.id}-about`} dir="auto">${field.about || "What the pipeline is given."}</p>
    <textarea ...${attributes} rows="10" aria-required="true" value=${prompt} dir="auto"
      onInput=${(/** @type {{currentTarget: HTMLTextAreaElement}} */ event) => change(event.currentTarget.value)}></textarea>
    <div class="run-below">
      ${fault && html`<p class="fault" id=${`${attributes.id}-fault`} dir="auto">${fault}</p>`}
      <p class=${`run-count ${isBeyond ? "fault" : "about"}`}>
        ${most === undefined ? `${count(length)} ${length === 1 ? "character" : "characters"}` : `${count(length)} of ${count(most)} characters`}
      </p>
    </div>
  </div>`;
}
