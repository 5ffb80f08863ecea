// The frame around every view: navigation, how the connection is, and which view is shown.

import { useEffect, useRef } from "preact/hooks";

import { ModelsView } from "./browse/models.js";
import { PipelinesView } from "./browse/pipelines.js";
import { RunsView } from "./browse/runs.js";
import { CompareView } from "./compare/compare.js";
import { ConnectionBanner } from "./connection_banner.js";
import { hasToken, identity, forgetToken, tokenAsked } from "./gateway.js";
import { html } from "./html.js";
import { Notice } from "./parts/notice.js";
import { route, to } from "./router.js";
import { RunView } from "./run/run.js";
import { ThemeButton } from "./theme.js";
import { TokenForm } from "./token_form.js";
import { ExecutionView } from "./watch/execution.js";

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
      ${tokenAsked.value === null ? html`<${View} shown=${shown} />` : html`<${TokenForm} reason=${tokenAsked.value} />`}
    </main>
  `;
}

/** @param {{shown: Route}} props */
function View({ shown }) {
  switch (shown.view) {
    case "run":
      return html`<${RunView} key=${`${shown.pipelineId} ${shown.from}`} pipelineId=${shown.pipelineId} from=${shown.from} />`;
    case "runs":
      return html`<${RunsView} pipeline=${shown.pipeline} status=${shown.status} q=${shown.q} before=${shown.before} />`;
    case "execution":
      return html`<${ExecutionView} key=${shown.executionId} executionId=${shown.executionId} />`;
    case "compare":
      return html`<${CompareView} key=${`${shown.one} ${shown.other}`} one=${shown.one} other=${shown.other} />`;
    case "pipelines":
      return html`<${PipelinesView} key=${shown.filename} filename=${shown.filename} />`;
    case "models":
      return html`<${ModelsView} />`;
    default:
      return html`<h1>Not found</h1>
        <${Notice} kind="error" title="There is no such page">
          Nothing is at “<bdi>${shown.path}</bdi>”. Begin with <a href=${to.run()}>a run</a>.
        <//>`;
  }
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
