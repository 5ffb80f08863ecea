// Asks for a token where the gateway asks who one is.

import { useState } from "preact/hooks";

import { giveToken } from "./gateway.js";
import { html } from "./html.js";

/** @param {{reason: string}} props */
export function TokenForm({ reason }) {
  const [token, setToken] = useState("");
  const [isKept, setKept] = useState(false);
  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault();
    if (token.trim() !== "") giveToken(token.trim(), isKept);
  };
  return html`
    <form class="card narrow" onSubmit=${submit}>
      <h1>Who are you?</h1>
      <p>${reason} A token comes from whoever runs it, who makes one with <code>stagecast token new</code>.</p>
      <label class="field">
        <span>Token</span>
        <input type="password" autocomplete="off" spellcheck=${false} required value=${token}
          onInput=${(/** @type {any} */ event) => setToken(event.target.value)} />
      </label>
      <label class="tick">
        <input type="checkbox" checked=${isKept} onChange=${(/** @type {any} */ event) => setKept(event.target.checked)} />
        <span>Keep it in this browser, not only in this tab</span>
      </label>
      <button class="main">Go on</button>
    </form>
  `;
}
