// The views, each loaded when it is first shown, and all the others once there is time: so the first one is there soon,
// and none is missing when the gateway is away later.

import { useEffect, useErrorBoundary, useState } from "preact/hooks";

import { html } from "./html.js";
import { Failure } from "./parts/notice.js";

/** @import { ComponentType } from "preact" */

const SOON_MS = 1500;

/** @type {Map<string, ComponentType<any>>} */
const loaded = new Map();

/** @type {Record<string, () => Promise<ComponentType<any>>>} */
const LOADERS = {
  run: async () => (await import("./run/run.js")).RunView,
  runs: async () => (await import("./browse/runs.js")).RunsView,
  execution: async () => (await import("./watch/execution.js")).ExecutionView,
  compare: async () => (await import("./compare/compare.js")).CompareView,
  pipelines: async () => (await import("./browse/pipelines.js")).PipelinesView,
  models: async () => (await import("./browse/models.js")).ModelsView,
};

/** @param {string} name */
async function load(name) {
  const found = loaded.get(name) ?? (await LOADERS[name]?.());
  if (found !== undefined) loaded.set(name, found);
}

/** Load what was not shown yet. */
async function loadOthers() {
  for (const name of Object.keys(LOADERS)) await load(name);
}

/**
 * Show a view as soon as it is loaded.
 * @param {{name: string, [prop: string]: unknown}} props those of the view, too
 */
export function View({ name, ...props }) {
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const [fault, forgetFault] = useErrorBoundary((thrown) => console.error(thrown));
  const [, redraw] = useState({});
  const view = loaded.get(name);
  const ask = () => {
    setError(null);
    load(name).then(() => redraw({}), setError);
  };
  useEffect(() => {
    if (view === undefined) ask();
  }, [name]);
  useEffect(() => {
    if (view === undefined) return undefined;
    const timer = setTimeout(() => loadOthers().catch(() => {}), SOON_MS); // what is missing is asked for when it is shown
    return () => clearTimeout(timer);
  }, [view]);
  if (fault) {
    return html`<h1>This page has failed</h1>
      <${Failure} title="This is a fault of the dashboard, not of your run" error=${fault} again=${forgetFault} />`;
  }
  if (view !== undefined) return html`<${view} ...${props} />`;
  if (error !== null) return html`<h1>Not loaded</h1><${Failure} title="This page could not be loaded" error=${error} again=${ask} />`;
  return html`<h1 class="unseen">Loading</h1>`;
}
