// A quiet line while the connection is lost. It never covers anything, and goes away by itself.

import { connection } from "./gateway.js";
import { html } from "./html.js";

export function ConnectionBanner() {
  const isLost = connection.value.name === "waiting";
  return html`<div class="connection" role="status">
    ${isLost && html`<p>Connection lost. What is shown stays, and it goes on by itself where it was: nothing is missed.</p>`}
  </div>`;
}
