// A question in front of everything: the browser's own dialog, which keeps the keyboard inside and closes on Escape.

import { useLayoutEffect, useRef } from "preact/hooks";

import { html } from "../html.js";

/** @import { ComponentChildren } from "preact" */

/** @param {{title: string, close: () => void, children?: ComponentChildren, actions: ComponentChildren}} props */
export function Dialog({ title, close, children, actions }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  /** Whoever opened it takes it away: a closed one never stays behind, where the next Escape would find it. @param {Event} event */
  const onCancel = (event) => {
    event.preventDefault();
    close();
  };
  useLayoutEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return html`<dialog ref=${dialog} onCancel=${onCancel} onClose=${close} aria-labelledby="dialog-title">
    <h2 id="dialog-title">${title}</h2>
    ${children}
    <div class="actions">${actions}</div>
  </dialog>`;
}
