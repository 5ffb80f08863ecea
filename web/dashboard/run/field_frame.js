// What every field of the form has around its control: a label, what it is about, what is wrong, and a way back.

import { html } from "../html.js";

/** @import { ComponentChildren } from "preact" */

/** The id of a control, by its place in the form. @param {string} place */
function idOf(place) {
  return `run-${place}`;
}

/**
 * What a control refers to: its description and its fault.
 * @param {string} place
 * @param {string | undefined} fault
 */
export function described(place, fault) {
  const id = idOf(place);
  return { id, "aria-describedby": `${id}-about${fault ? ` ${id}-fault` : ""}`, "aria-invalid": fault ? "true" : "false" };
}

/**
 * @param {object} props
 * @param {string} props.place
 * @param {string} props.label
 * @param {string} [props.code] its name in requests
 * @param {ComponentChildren} props.about
 * @param {string} [props.fault]
 * @param {boolean} [props.isGroup] several controls: a fieldset
 * @param {boolean} [props.isRequired]
 * @param {boolean} [props.isWide] it takes the whole row
 * @param {() => void} [props.reset] back to the default; left out where it is that
 * @param {ComponentChildren} props.children
 */
export function FieldFrame({ place, label, code, about, fault, isGroup = false, isRequired = false, isWide = false, reset, children }) {
  const id = idOf(place);
  const named = html`${label}${isRequired && html` <span class="run-required">required</span>`}${code && html` <code class="soft">${code}</code>`}`;
  const back = reset && html`<${Reset} label=${label} reset=${reset} />`;
  const notes = html`<p class="about" id=${`${id}-about`} dir="auto">${about}</p>
    ${fault && html`<p class="fault" id=${`${id}-fault`} dir="auto">${fault}</p>`}`;
  if (isGroup) {
    return html`<fieldset class="field run-field wide" id=${id} tabindex="-1" aria-describedby=${`${id}-about${fault ? ` ${id}-fault` : ""}`}>
      <legend>${named}</legend>
      ${notes} ${children} ${back}
    </fieldset>`;
  }
  return html`<div class=${`field run-field ${isWide ? "wide" : ""}`}>
    <div class="run-label"><label for=${id}>${named}</label>${back}</div>
    ${children} ${notes}
  </div>`;
}

/** The way back to the default. @param {{label: string, reset: () => void}} props */
export function Reset({ label, reset }) {
  return html`<button type="button" class="quiet small run-reset" onClick=${reset}>Reset<span class="unseen"> ${label} to its default</span></button>`;
}
