// The frame around every view: navigation, how the connection is, and which view is shown.

import { useEffect, useRef } from "preact/hooks";

import { ConnectionBanner } from "./connection_banner.js";
import { hasToken, identity, forgetToken, tokenAsked } from "./gateway.js";
import { html } from "./html.js";
import { Notice } from "./parts/notice.js";
import { route, to } from "./router.js";
import { ThemeButton } from "./theme.js";
import { TokenForm } from "./token_form.js";
import { View } from "./views.js";

/** @import { Route } from "./router.js" */

/** @type {{label: string, href: string, views: Route["view"][]}[]} */
const PLACES = [
  { label: "Run", href: to.run(), views: ["run"] },
  { label: "Runs", href: to.runs(), views: ["runs", "execution", "compare"] },
  { label: "Pipelines", href: to.pipelines(), views: ["pipelines"] },
  { label: "Models", href: to.models(), views: ["models"] },
];

export function Dashboard() {
  const shown = route.value;
  const main = useRef(/** @type {HTMLElement | null} */ (null));
  const isFirst = useRef(true);
  useEffect(() => {
    // A new view is a new page to who does not see it: begin to read there. The first one the browser announces itself.
    if (!isFirst.current) main.current?.focus({ preventScroll: true });
    isFirst.current = false;
    scrollTo(0, 0);
  }, [placeOf(shown)]);
  useEffect(() => {
    if (shown.view !== "execution") document.title = `${PLACES.find(({ views }) => views.includes(shown.view))?.label ?? "Not found"} · stagecast`;
  }, [shown.view]);
  return html`
    <a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
    <header class="bar">
      <a class="brand" href=${to.run()}><span class="mark" aria-hidden="true"></span>stagecast</a>
      <nav aria-label="Main">
        ${PLACES.map(
          ({ label, href, views }) =>
            html`<a key=${label} href=${href} aria-current=${views.includes(shown.view) ? "page" : undefined}>${label}</a>`,
        )}
      </nav>
      <div class="bar-end">
        ${hasToken.value && html`<button class="quiet" onClick=${forgetToken}>Forget token</button>`}
        <${ThemeButton} />
      </div>
    </header>
    <${ConnectionBanner} />
    <main id="main" tabindex="-1" ref=${main} key=${identity.value}>
      ${tokenAsked.value === null ? html`<${Shown} route=${shown} />` : html`<${TokenForm} reason=${tokenAsked.value} />`}
    </main>
  `;
}

/** @param {{route: Route}} props */
function Shown({ route: { view, ...asked } }) {
  if (view !== "unknown") return html`<${View} key=${view === "runs" ? view : JSON.stringify([view, asked])} name=${view} ...${asked} />`;
  return html`<h1>Not found</h1>
    <${Notice} kind="error" title="There is no such page">
      Nothing is at “<bdi>${"path" in asked && asked.path}</bdi>”. Begin with <a href=${to.run()}>a run</a>.
    <//>`;
}

/** What makes it another page: not what is filtered in it, where the keyboard is in a field. @param {Route} shown */
function placeOf(shown) {
  return shown.view === "runs" ? "runs" : JSON.stringify({ ...shown, from: null });
}

/** The address behind `#` is the router's, so the link's own way is closed. @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
