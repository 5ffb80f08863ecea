// What there is to say where there is nothing to show: empty, failed, or worth knowing. It says what to do.

import { StagecastError } from "../../client.js";
import { html } from "../html.js";

/** @import { ComponentChildren } from "preact" */

const SIGNS = { empty: "○", error: "!", info: "i" };

/** @param {{kind?: "empty" | "error" | "info", title: string, children?: ComponentChildren, action?: ComponentChildren}} props */
export function Notice({ kind = "info", title, children, action }) {
  return html`<div class=${`notice ${kind}`} role=${kind === "error" ? "alert" : undefined}>
    <span class="sign" aria-hidden="true">${SIGNS[kind]}</span>
    <div>
      <p class="notice-title">${title}</p>
      ${children && html`<div class="notice-text">${children}</div>`} ${action && html`<div class="actions">${action}</div>`}
    </div>
  </div>`;
}

/**
 * What went wrong with a request, and a way to try again.
 * @param {{title: string, error: unknown, again?: () => void}} props
 */
export function Failure({ title, error, again }) {
  return html`<${Notice} kind="error" title=${title} action=${again && html`<button onClick=${again}>Try again</button>`}>
    ${sentence(error)}
  <//>`;
}

/**
 * An error as a sentence for people.
 * @param {unknown} error
 */
export function sentence(error) {
  if (error instanceof StagecastError) return error.message;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
