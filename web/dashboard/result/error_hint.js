// What to do about an error, where there is more to say than the error does.

import { html } from "../html.js";
import { to } from "../router.js";
import { hintFor } from "./hints.js";

const PLACES = {
  models: { href: to.models(), label: "See which models can be used" },
  pipelines: { href: to.pipelines(), label: "See the pipeline files" },
};

/** @param {{code: string | null | undefined}} props */
export function ErrorHint({ code }) {
  const hint = hintFor(code);
  if (hint === null) return null;
  const place = hint.place && PLACES[hint.place];
  return html`<p class="hint"><strong>What to do:</strong> ${hint.text} ${place && html`<a href=${place.href}>${place.label}</a>.`}</p>`;
}
