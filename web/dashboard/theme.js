// Light, dark, or as the system has it. Kept in this browser.

import { effect, signal } from "@preact/signals";

import { html } from "./html.js";
import { forgetKept, keep, readKept } from "./storage.js";

const KEY = "stagecast.theme";
const THEMES = /** @type {const} */ (["system", "light", "dark"]);
const LABELS = { system: "as the system", light: "light", dark: "dark" };

/** @type {import("@preact/signals").Signal<(typeof THEMES)[number]>} */
const theme = signal(THEMES.find((name) => name === readKept(KEY)) ?? "system");

effect(() => {
  if (theme.value === "system") {
    delete document.documentElement.dataset.theme;
    forgetKept(KEY);
  } else {
    document.documentElement.dataset.theme = theme.value;
    keep(KEY, theme.value);
  }
});

export function ThemeButton() {
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? "system";
  return html`<button class="quiet theme" onClick=${() => (theme.value = next)} title=${`Colours: ${LABELS[theme.value]}`}>
    <span class="sun" aria-hidden="true"></span><span class="unseen">Colours: ${LABELS[theme.value]}. Change to ${LABELS[next]}</span>
  </button>`;
}
