// Copies a text, and says that it did.

import { useEffect, useState } from "preact/hooks";

import { html } from "../html.js";

const SAID_MS = 2000;

/** @param {{text: string, label?: string}} props */
export function CopyButton({ text, label = "Copy" }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (said === "") return undefined;
    const timer = setTimeout(() => setSaid(""), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("Copied");
    } catch {
      setSaid("Not allowed: select and copy"); // browsers give no clipboard to pages over plain HTTP
    }
  };
  return html`<button class="small" onClick=${copy}>${said || label}<span class="unseen" role="status">${said}</span></button>`;
}
