// Keeps the rest of the page when a part of it cannot be drawn: results come from anywhere.

import { useErrorBoundary } from "preact/hooks";

/** @import { ComponentChildren } from "preact" */

/** @param {{instead: ComponentChildren, children?: ComponentChildren}} props `instead` is shown where the children fail */
export function Guarded({ instead, children }) {
  const [error] = useErrorBoundary((/** @type {unknown} */ fault) => console.warn("A part of the result cannot be shown.", fault));
  return error === undefined ? children : instead;
}
