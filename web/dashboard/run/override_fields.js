// Other models and another budget for one run.

import { html } from "../html.js";
import { cost, count } from "../parts/format.js";
import { to } from "../router.js";
import { described, FieldFrame } from "./field_frame.js";
import { own } from "./schema.js";

/** @import { Budget, ModelOverview, StageDefinition } from "../../client/wire.d.ts" */
/** @import { Limits, Models } from "./overrides.js" */

/**
 * @param {object} props
 * @param {Record<string, string>} props.known what the aliases stand for
 * @param {Models} props.typed
 * @param {StageDefinition[]} props.stages
 * @param {ModelOverview | undefined} props.overview
 * @param {Record<string, string>} props.faults
 * @param {{alias: string, reason: string}[]} props.missing
 * @param {(models: Models) => void} props.change
 */
export function ModelFields({ known, typed, stages, overview, faults, missing, change }) {
  const uses = [...new Set(overview?.models.map(({ use }) => use) ?? [])].sort();
  return html`${Object.entries(known).map(([alias, use]) => {
      const place = `models.${alias}`;
      const users = stages.filter(({ model }) => model === alias).map(({ name }) => name);
      const about = users.length > 0 ? `Asked by ${users.join(", ")}.` : "No stage names it; a function may ask it.";
      const lacking = missing.find((one) => one.alias === alias);
      return html`<${FieldFrame} key=${alias} ...${{ place, label: alias, about }} fault=${faults[place]}>
        <input ...${described(place, faults[place])} type="text" list=${uses.length > 0 ? "run-models-used" : undefined} class="mono" spellcheck=${false}
          autocomplete="off" autocapitalize="none" placeholder=${use} value=${own(typed, alias) ?? ""}
          onInput=${(/** @type {{currentTarget: HTMLInputElement}} */ event) => change({ ...typed, [alias]: event.currentTarget.value })} />
        ${lacking && html`<p class="run-care">${lacking.reason} <a href=${to.models()}>See the models</a></p>`}
      <//>`;
    })}
    ${faults.models && html`<p class="fault" id="run-models" tabindex="-1">${faults.models}</p>`}
    <datalist id="run-models-used">${uses.map((use) => html`<option key=${use} value=${use}></option>`)}</datalist>`;
}

/**
 * @param {{budget: Budget | null, typed: Limits, faults: Record<string, string>, change: (limits: Limits) => void}} props
 *   `budget`: the pipeline's own
 */
export function BudgetFields({ budget, typed, faults, change }) {
  const usd = budget?.usd ?? null;
  return html`<${LimitField} ...${{ limit: "usd", label: "Dollars", step: 0.05, typed, faults, change }}
      own=${usd === null ? null : cost(usd).slice(1)} isDisabled=${typed.isFree} />
    ${(usd !== null || typed.isFree) &&
    html`<label class="tick">
      <input type="checkbox" checked=${typed.isFree}
        onChange=${(/** @type {{currentTarget: HTMLInputElement}} */ event) => change({ ...typed, isFree: event.currentTarget.checked })} />
      No limit in dollars
    </label>`}
    <${LimitField} ...${{ limit: "calls", label: "Model calls", step: 1, typed, faults, change }} own=${budget?.calls == null ? null : count(budget.calls)} />
    <${LimitField} ...${{ limit: "seconds", label: "Seconds", step: 1, typed, faults, change }} own=${budget?.seconds == null ? null : count(budget.seconds)} />
    ${faults.budget && html`<p class="fault" id="run-budget" tabindex="-1">${faults.budget}</p>`}`;
}

/**
 * @param {object} props
 * @param {"usd" | "calls" | "seconds"} props.limit
 * @param {string} props.label
 * @param {string | null} props.own the pipeline's
 * @param {number} props.step
 * @param {Limits} props.typed
 * @param {Record<string, string>} props.faults
 * @param {(limits: Limits) => void} props.change
 * @param {boolean} [props.isDisabled]
 */
function LimitField({ limit, label, own, step, typed, faults, change, isDisabled = false }) {
  const place = `budget.${limit}`;
  const about = own === null ? "The pipeline sets no limit." : `The pipeline's own is ${own}.`;
  return html`<${FieldFrame} ...${{ place, label, about }} fault=${faults[place]}>
    <input ...${described(place, faults[place])} type="number" class="run-number" min="0" step=${step} placeholder=${own ?? "no limit"} disabled=${isDisabled}
      value=${typed[limit]} onInput=${(/** @type {{currentTarget: HTMLInputElement}} */ event) => change({ ...typed, [limit]: event.currentTarget.value })} />
  <//>`;
}
