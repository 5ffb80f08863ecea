// A part of the form that is closed until it is wanted: it says what is in it, how much was changed, and opens for a fault.

import { useLayoutEffect, useState } from "preact/hooks";

import { html } from "../html.js";

/** @import { ComponentChildren } from "preact" */

/**
 * @param {object} props
 * @param {string} props.title
 * @param {string} props.what in it
 * @param {number} props.changed how many fields differ from their defaults
 * @param {boolean} props.isFaulty
 * @param {string} [props.care] what to know without opening it
 * @param {ComponentChildren} props.children
 */
export function Section({ title, what, changed, isFaulty, care, children }) {
  const [isOpen, setOpen] = useState(changed > 0);
  useLayoutEffect(() => {
    if (isFaulty) setOpen(true);
  }, [isFaulty]);
  return html`<details class="card run-section" open=${isOpen} onToggle=${(/** @type {{currentTarget: HTMLDetailsElement}} */ event) => setOpen(event.currentTarget.open)}>
    <summary>
      <h2>${title}</h2>
      <span class=${`about ${changed > 0 ? "run-changed" : ""}`}>${changed > 0 ? `${changed} changed` : what}</span>
      ${care && html`<span class="run-care">${care}</span>`}
    </summary>
    <div class="run-fields">${children}</div>
  </details>`;
}
