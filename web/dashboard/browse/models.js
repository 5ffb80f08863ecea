// Models: which of those that pipelines use can be asked, which key is missing, and how to set it. No key is ever shown.

import { useMemo } from "preact/hooks";

import { html } from "../html.js";
import { useAnswer } from "../parts/answer.js";
import { Failure, Notice } from "../parts/notice.js";
import { counted, timeOfDay } from "../parts/format.js";
import { to } from "../router.js";
import { codeIn, isOnlyBuiltInUsable, keyToSet, standing, usersOf } from "./model_setup.js";
import { client } from "../gateway.js";
import { SetUp } from "./set_up.js";
import { useReturn } from "./use_return.js";

/** @import { KeyStatus, ModelOverview, ModelStatus } from "../../client/wire.d.ts" */

export function ModelsView() {
  const { value, error, again } = useAnswer((signal) => client.models({ signal }), []);
  useReturn(again, error);
  const checkedAt = useMemo(() => new Date().toISOString(), [value]);
  return html`
    <div class="head">
      <h1>Models</h1>
      ${value && html`<span class="soft" role="status">${connected(value.runners)}, checked ${timeOfDay(checkedAt)}</span>`}
      <button onClick=${again}>Check again</button>
    </div>
    ${error !== undefined && html`<${Failure} title="It cannot be told which models are usable" error=${error} again=${again} />`}
    ${value &&
    html`<${Standing} overview=${value} />
      <${Invitation} overview=${value} />
      <${Models} models=${value.models} />
      <${Keys} keys=${value.keys} models=${value.models} />
      <${SetUp} overview=${value} />`}
  `;
}

/** @param {number | null} runners */
function connected(runners) {
  if (runners === null) return "Runners unknown";
  return runners === 0 ? "No runner connected" : `${counted(runners, "runner")} connected`;
}

/** @param {{overview: ModelOverview}} props */
function Standing({ overview }) {
  switch (standing(overview)) {
    case "no_runner":
      return html`<${Notice} kind="error" title="No runner is connected: what is started waits in the queue">
        Runners ask the models. <code>stagecast up</code> starts broker, gateway and runner together; <code>docker compose up --build</code> does
        so in containers. A runner of its own is <code>python -m runner</code>, with the broker's address in <code>STAGECAST_NATS_URL</code>.
      <//>`;
    case "unknown":
      return html`<${Notice} title="It is not known which runners there are">
        The broker does not say just now. Once it does, this page tells which models are usable.
      <//>`;
    case "missing": {
      const count = overview.models.filter((model) => model.usable === false).length;
      return html`<${Notice} kind="error" title=${`${counted(count, "model")} that pipelines use cannot be asked`}>
        A run that needs ${count === 1 ? "it" : "one of them"} would fail. What to do is said below, with the exact setting.
      <//>`;
    }
    default:
      return null;
  }
}

/** @param {{overview: ModelOverview}} props */
function Invitation({ overview }) {
  if (!isOnlyBuiltInUsable(overview)) return null;
  return html`<${Notice} title="Only the built-in model is usable">
    It is there so that everything works at once, offline and for nothing. It is very small and writes poor prose. For prompts worth
    keeping, <a href="#set-up" onClick=${showSetUp}>set a key</a>${keyHint(overview)} and point an alias at a larger model.
  <//>`;
}

/** @param {ModelOverview} overview */
function keyHint(overview) {
  const key = keyToSet(overview);
  return key === null || key.isSet ? "" : html` (<code>${key.setting}</code>, for example)`;
}

/** The address behind the hash is the router's. @param {Event} event */
function showSetUp(event) {
  event.preventDefault();
  document.getElementById("set-up")?.focus();
  document.getElementById("set-up")?.scrollIntoView();
}

/** @param {{models: ModelStatus[]}} props */
function Models({ models }) {
  if (models.length === 0) {
    return html`<${Notice} kind="empty" title="No pipeline names a model">
      A pipeline names its models under <code>models</code>, like <code>fast: {use: "local:smollm2"}</code>. <a href=${to.pipelines()}>Look at the pipelines</a>
    <//>`;
  }
  return html`<section class="card" aria-labelledby="used">
    <h2 id="used">What pipelines use</h2>
    <ul class="rows">
      ${models.map(
        (model) => html`<li key=${`${model.use} ${model.key}`} class="row model">
          <div class="row-status"><${Usable} usable=${model.usable} /></div>
          <div class="row-main">
            <p class="model-name"><code>${model.use}</code>${model.key !== null && html`<span class="soft">needs <code>${model.key}</code></span>`}</p>
            ${model.usable === false && model.reason !== null && html`<p class="fault">${codeIn(model.reason).map(({ text, isCode }) => (isCode ? html`<code>${text}</code>` : text))}</p>`}
            <p class="users">
              ${usersOf(model.usedBy).map(
                ({ pipelineId, aliases }) => html`<span key=${pipelineId}><a href=${to.run(pipelineId)}><bdi>${pipelineId}</bdi></a> as ${aliases.map((alias, index) => html`${index > 0 && ", "}<bdi><code>${alias}</code></bdi>`)}</span>`,
              )}
            </p>
          </div>
        </li>`,
      )}
    </ul>
  </section>`;
}

/** @param {{usable: boolean | null}} props */
function Usable({ usable }) {
  if (usable === null) return html`<span class="badge"><span aria-hidden="true">?</span> unknown</span>`;
  return usable
    ? html`<span class="badge success"><span aria-hidden="true">✓</span> usable</span>`
    : html`<span class="badge failed"><span aria-hidden="true">✕</span> not usable</span>`;
}

/** @param {{keys: KeyStatus[], models: ModelStatus[]}} props */
function Keys({ keys, models }) {
  if (keys.length === 0) return null;
  return html`<section class="card" aria-labelledby="keys">
    <h2 id="keys">Keys</h2>
    <div class="scroll" tabindex="0" role="region" aria-label="All keys">
      <table>
        <thead><tr><th scope="col">Setting of the runner</th><th scope="col">Provider</th><th scope="col">Key</th><th scope="col">Models that need it</th></tr></thead>
        <tbody>
          ${keys.map(({ setting, provider, isSet }) => {
            const needing = models.filter((model) => model.key === setting).map((model) => model.use);
            return html`<tr key=${setting}>
              <td><code>${setting}</code></td>
              <td>${provider}</td>
              <td><${KeyState} isSet=${isSet} isNeeded=${needing.length > 0} /></td>
              <td>${needing.length === 0 ? html`<span class="soft">none</span>` : html`<code>${needing.join(", ")}</code>`}</td>
            </tr>`;
          })}
        </tbody>
      </table>
    </div>
    <p class="soft">Keys stay with the runners: gateways and this page know only their names, and whether they are set.</p>
  </section>`;
}

/** @param {{isSet: boolean | null, isNeeded: boolean}} props */
function KeyState({ isSet, isNeeded }) {
  if (isSet === null) return html`<span class="badge"><span aria-hidden="true">?</span> unknown</span>`;
  if (isSet) return html`<span class="badge success"><span aria-hidden="true">✓</span> set</span>`;
  return html`<span class=${`badge ${isNeeded ? "failed" : ""}`}><span aria-hidden="true">${isNeeded ? "✕" : "–"}</span> ${isNeeded ? "missing" : "not set"}</span>`;
}
