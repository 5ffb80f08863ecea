// What is folded costs nothing: its contents are made when it is unfolded first.

import { useState } from "preact/hooks";

import { html } from "../html.js";

/** @import { ComponentChildren } from "preact" */

/**
 * @param {{summary: ComponentChildren, contents: () => ComponentChildren, class?: string, isOpen?: boolean}} props
 */
export function Unfolding({ summary, contents, class: name = "", isOpen = false }) {
  const [isMade, setMade] = useState(isOpen);
  /** @param {Event} event */
  const toggled = (event) => {
    if (/** @type {HTMLDetailsElement} */ (event.currentTarget).open) setMade(true);
  };
  return html`<details class=${`unfolding ${name}`} open=${isOpen} onToggle=${toggled}>
    <summary>${summary}</summary>
    ${isMade && html`<div class="inside">${contents()}</div>`}
  </details>`;
}
