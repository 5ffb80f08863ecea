// Puts the dashboard into the page.

import { render } from "preact";

import { Dashboard } from "./dashboard.js";
import { html } from "./html.js";

const place = document.getElementById("app");
if (place !== null) render(html`<${Dashboard} />`, place);
