// How to set a key, and how to put another model in place of an alias: lines to copy, made for this gateway.

import { html } from "../html.js";
import { CopyButton } from "../parts/copy_button.js";
import { to } from "../router.js";
import { aliasExample, keyToSet } from "./model_setup.js";

/** @import { ModelOverview } from "../../client/wire.d.ts" */

const PASSED_ON = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"]; // by docker-compose.yml as it is

/** @param {{overview: ModelOverview}} props */
export function SetUp({ overview }) {
  const setting = keyToSet(overview)?.setting ?? "OPENAI_API_KEY";
  const example = aliasExample(overview);
  return html`<section class="card" aria-labelledby="set-up">
    <h2 id="set-up" tabindex="-1">Use another model</h2>
    <div class="ways">
      <div class="way">
        <h3>1. Set a key for the runner</h3>
        <p>In the terminal, before the runner starts (again):</p>
        <${Lines} text=${`export ${setting}=…\nstagecast up`} label="Copy for the terminal" />
        <p>With docker compose, in a file <code>.env</code> beside <code>docker-compose.yml</code>, and then <code>docker compose up -d</code>:</p>
        <${Lines} text=${`${setting}=…`} label="Copy for .env" />
        ${!PASSED_ON.includes(setting) &&
        html`<p>The compose file does not pass this one on by itself. Name it in a <code>docker-compose.override.yml</code>:</p>
          <${Lines} text=${`services:\n  runner:\n    environment: [${setting}]`} label="Copy for the override" />`}
      </div>
      <div class="way">
        <h3>2. Point an alias at a model</h3>
        ${example === null
          ? html`<p>No pipeline names a model yet. Aliases stand under <code>models</code> in a <a href=${to.pipelines()}>pipeline's file</a>.</p>`
          : html`<p>
                For every run, in the gateway's environment before it starts; with docker compose in <code>.env</code>, without the word
                export. The alias <bdi><code>${example.alias}</code></bdi> then means this model in each pipeline that has it:
              </p>
              <${Lines} text=${example.setting} label="Copy setting" />
              <p>For one run:</p>
              <${Lines} text=${example.option} label="Copy command" />`}
        <p class="soft">Besides these there are any GGUF file (<code>local:</code> and its path) and any server that speaks OpenAI's protocol (<code>base_url</code> and <code>api_key_env</code> in the file).</p>
      </div>
    </div>
  </section>`;
}

/** @param {{text: string, label: string}} props */
function Lines({ text, label }) {
  return html`<div class="lines"><pre class="value" tabindex="0" aria-label="Example">${text}</pre><${CopyButton} text=${text} label=${label} /></div>`;
}
