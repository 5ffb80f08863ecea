// Templates for Preact without a build: html`<p>${text}</p>`. What is put in is text, never markup.

import htm from "htm";
import { h } from "preact";

export const html = htm.bind(h);
