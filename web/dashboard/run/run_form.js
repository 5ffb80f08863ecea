// The form of one pipeline: prompt and options on one side; what a run would take and Run on the other; the stages above both.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { StagecastError } from "../../client.js";
import { client } from "../gateway.js";
import { html } from "../html.js";
import { useAnswer } from "../parts/answer.js";
import { go, to } from "../router.js";
import { keep } from "../storage.js";
import { isChanged } from "./entries.js";
import { EstimateCard } from "./estimate_card.js";
import { placeOf } from "./fault_place.js";
import { formOf } from "./fields.js";
import { missingKeys } from "./missing_keys.js";
import { LAST_KEY } from "./pipeline_choice.js";
import { OptionField } from "./option_field.js";
import { BudgetFields, ModelFields } from "./override_fields.js";
import { PromptField } from "./prompt_field.js";
import { requestOf } from "./request.js";
import { own } from "./schema.js";
import { Section } from "./section.js";
import { Stages } from "./stages.js";
import { StartBar } from "./start_bar.js";
import { useDraft } from "./use_draft.js";
import { useEstimate } from "./use_estimate.js";
import { useStart } from "./use_start.js";

/** @import { PipelineDetail } from "../../client/wire.d.ts" */
/** @import { Earlier } from "./earlier.js" */
/** @import { Field } from "./fields.js" */
/** @import { Place } from "./fault_place.js" */
/** @import { Form, FormRequest } from "./request.js" */

/** @param {{detail: PipelineDetail, earlier: Earlier | null}} props */
export function RunForm({ detail, earlier }) {
  const { pipeline, stages } = detail;
  const form = useMemo(() => ({ ...formOf(pipeline), models: pipeline.models }), [pipeline]);
  const { draft, unknown, change, forget, pass } = useDraft(pipeline.id, form, earlier);
  const request = useMemo(() => requestOf(form, draft), [form, draft]);
  const outlook = useEstimate(pipeline.id, request);
  const start = useStart(pipeline.id, pass);
  const overview = useAnswer((signal) => client.models({ signal }), []).value;
  useEffect(() => void keep(LAST_KEY, pipeline.id), []); // only one that could be shown
  const [tried, setTried] = useState(0);
  const [isWanted, setWanted] = useState(false); // as soon as what was pasted is read
  const frame = useRef(/** @type {HTMLElement | null} */ (null));

  const ofStart = start.state.name === "failed" ? placed(start.state.error, form) : null;
  const ofEstimate = outlook.isStale && ofStart !== null ? null : placed(outlook.error, form);
  const faults = faultsOf(request, tried > 0, [ofEstimate, ofStart]);
  const missing = missingKeys(overview, pipeline.models, draft.models, stages);
  useEffect(() => {
    if (tried > 0 || ofStart !== null) focusFault(frame.current); // not what a draft brings along
  }, [tried, ofStart?.message]);
  useEffect(() => {
    if (start.state.name === "failed") start.leave(); // what it complained of may be mended
  }, [draft]);

  const run = () => {
    if (start.state.name === "starting" || start.state.name === "asking") return;
    setWanted(request.waiting.length > 0);
    if (request.waiting.length > 0) return;
    const isRefused = !outlook.isStale && ofEstimate !== null; // the gateway has said so to this very request
    if (isRefused || request.missing.length > 0 || Object.keys(request.faults).length > 0) setTried((before) => before + 1);
    else start.begin(request, outlook);
  };
  useEffect(() => {
    if (isWanted && request.waiting.length === 0) run();
  }, [isWanted, request]);
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    event.preventDefault();
    run();
  };
  const option = (/** @type {Field} */ field) => {
    const { name } = field;
    const set = (/** @type {import("./reading.js").Entry | undefined} */ entry) => change(({ entries }) => ({ entries: withEntry(entries, name, entry) }));
    return html`<${OptionField} key=${name} field=${field} entry=${own(draft.entries, name)} fault=${faults[`option.${name}`]}
      isChanged=${isChanged(field, own(draft.entries, name))} change=${set} pipelineId=${pipeline.id} />`;
  };
  const optional = form.fields.filter(({ isRequired }) => !isRequired);
  return html`<${Stages} detail=${detail} uses=${{ ...pipeline.models, ...(/** @type {any} */ (request.options.models)) }} />
    <form class="run-form" noValidate ref=${frame} onSubmit=${stop} onKeyDown=${onKeyDown} onDragOver=${stop} onDrop=${stop}>
    <div class="run-given">
      ${earlier && html`<${TakenOver} ...${{ earlier, unknown, pipelineId: pipeline.id, forget }} />`}
      <section class="card" aria-label="Input">
        <${PromptField} field=${form.primary} prompt=${draft.prompt} fault=${faults.primary} change=${(/** @type {string} */ prompt) => change({ prompt })} />
        ${form.fields.filter(({ isRequired }) => isRequired).map(option)}
      </section>
      ${optional.length > 0 &&
      html`<${Section} title="Options" what=${optional.map(({ label }) => label.toLowerCase()).join(", ")}
        changed=${optional.filter((field) => isChanged(field, own(draft.entries, field.name))).length} isFaulty=${optional.some(({ name }) => faults[`option.${name}`])}>
        ${optional.map(option)}
      <//>`}
      ${Object.keys(pipeline.models).length > 0 &&
      html`<${Section} title="Models" what=${Object.keys(pipeline.models).join(", ")}
        changed=${changedModels(request)} isFaulty=${hasFault(faults, "models")}
        care=${missing[0]?.reason}>
        <${ModelFields} ...${{ known: pipeline.models, typed: draft.models, stages, overview, faults, missing }} change=${(/** @type {any} */ models) => change({ models })} />
      <//>`}
      <${Section} title="Budget" what="dollars, calls, seconds" changed=${Object.keys(request.options.budget ?? {}).length} isFaulty=${hasFault(faults, "budget")}>
        <${BudgetFields} budget=${pipeline.budget} typed=${draft.limits} faults=${faults} change=${(/** @type {any} */ limits) => change({ limits })} />
      <//>
    </div>
    <div class="run-side">
      <${EstimateCard} outlook=${outlook} request=${request} isPlaced=${placed(outlook.error, form) !== null} />
      <${StartBar} state=${start.state} isWaiting=${isWanted} run=${run} submit=${() => start.submit(request)} leave=${() => (setWanted(false), start.leave())} isPlaced=${ofStart !== null} />
    </div>
  </form>`;
}

/** @param {{earlier: Earlier, unknown: string[], pipelineId: string, forget: () => void}} props */
function TakenOver({ earlier: { executionId }, unknown, pipelineId, forget }) {
  const clear = () => (forget(), go(to.run(pipelineId)));
  return html`<div class="run-taken">
    <p>
      Taken over from <a href=${to.execution(executionId)}>${executionId}</a>.
      ${unknown.length > 0 && html` This pipeline does not take: <bdi>${unknown.join(", ")}</bdi>.`}
    </p>
    <button type="button" class="small" onClick=${clear}>Clear</button>
  </div>`;
}

/**
 * What is wrong at each place: what the form sees itself, then what the gateway said, then what is still missing.
 * @param {FormRequest} request
 * @param {boolean} isTried
 * @param {(Place | null)[]} told
 */
function faultsOf(request, isTried, told) {
  /** @type {Record<string, string>} */
  const faults = {};
  if (isTried) for (const place of request.missing) faults[place] = place === "primary" ? "Write something first." : "This is required.";
  for (const one of told) if (one !== null) faults[one.place] = one.message;
  return { ...faults, ...request.faults };
}

/** @param {unknown} error @param {Form} form */
function placed(error, { primary, fields, models }) {
  if (!(error instanceof StagecastError) || error.code !== "invalid_input") return null;
  return placeOf(error.message, { primary: primary.name, names: fields.map(({ name }) => name), aliases: Object.keys(models) });
}

/** Go to the first field that is wrong; those in a closed section open first, with this very change. @param {HTMLElement | null} frame */
function focusFault(frame) {
  const fault = frame?.querySelector(".fault[id]");
  const control = fault && document.getElementById(fault.id.replace(/-fault$/, ""));
  control?.focus();
}

/** @param {Record<string, string>} faults @param {string} begin */
function hasFault(faults, begin) {
  return Object.keys(faults).some((place) => place.startsWith(begin));
}

/** @param {FormRequest} request */
function changedModels({ options }) {
  return Object.keys(options.models ?? {}).length;
}

/** @param {Record<string, import("./reading.js").Entry>} entries @param {string} name @param {import("./reading.js").Entry | undefined} entry */
function withEntry(entries, name, entry) {
  const { [name]: _, ...others } = entries;
  return entry === undefined ? others : { ...others, [name]: entry };
}

/** @param {Event} event */
function stop(event) {
  event.preventDefault(); // a form that is sent, or a file dropped beside its place, would leave the page
}
