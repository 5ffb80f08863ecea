// One option of a pipeline as the control that its schema asks for.

import { html } from "../html.js";
import { count, counted } from "../parts/format.js";
import { initialEntry } from "./entries.js";
import { described, FieldFrame, Reset } from "./field_frame.js";
import { RowsInput } from "./rows_input.js";
import { isSame } from "./schema.js";

/** @import { Field } from "./fields.js" */
/** @import { Entry, Rows, Ticks } from "./reading.js" */

/**
 * @typedef {object} OptionProps
 * @property {Field} field
 * @property {Entry | undefined} entry undefined: nobody touched it
 * @property {string} [fault]
 * @property {boolean} isChanged
 * @property {(entry: Entry | undefined) => void} change
 * @property {string} pipelineId
 */

/** @param {OptionProps} props */
export function OptionField({ field, entry, fault, isChanged, change, pipelineId }) {
  const { name, label, isRequired } = field;
  const place = `option.${name}`;
  const shown = entry ?? initialEntry(field);
  const isGroup = field.control === "ticks" || field.control === "rows";
  const about = [field.about, ...hints(field)].filter((part) => part !== "").join(" ");
  // Rows have a Remove of their own, which says the same where the default has none.
  const hasRemove = field.control === "rows" && Array.isArray(field.fallback) && field.fallback.length === 0;
  const reset = isChanged && !isRequired && !hasRemove ? () => change(undefined) : undefined;
  if (field.control === "boolean") return html`<${TickBox} ...${{ field, place, about, fault, reset, change }} isTicked=${shown === true} />`;
  const isWide = (field.control === "text" && field.isLong) || field.control === "lines" || field.control === "json";
  return html`<${FieldFrame} ...${{ place, label, about, fault, isGroup, isWide, isRequired, reset }} code=${name.includes("_") ? name : undefined}>
    <${Input} ...${{ field, place, shown, fault, change, pipelineId }} />
  <//>`;
}

/** @param {{field: Field, place: string, shown: Entry, fault?: string, change: (entry: Entry) => void, pipelineId: string}} props */
function Input({ field, place, shown, fault, change, pipelineId }) {
  const typed = (/** @type {{currentTarget: HTMLInputElement}} */ event) => change(event.currentTarget.value);
  const attributes = { ...described(place, fault), "aria-required": field.isRequired ? "true" : undefined };
  const { least, most, step } = field.bounds;
  switch (field.control) {
    case "ticks":
      return html`<${TickList} ...${{ field, place, change }} ticks=${/** @type {Ticks} */ (shown)} />`;
    case "rows":
      return html`<${RowsInput} ...${{ place, label: field.label, name: field.name, fault, change, pipelineId }} entry=${/** @type {Rows} */ (shown)} />`;
    case "choice":
      return html`<select ...${attributes} value=${shown} onChange=${typed}>
        ${shown === "" && html`<option value="">Choose…</option>`}
        ${field.choices.map((choice) => html`<option key=${JSON.stringify(choice)} value=${JSON.stringify(choice)}>${word(choice)}</option>`)}
      </select>`;
    case "number":
      return html`<input ...${attributes} type="number" class="run-number" min=${least} max=${most} step=${step} value=${shown} onInput=${typed}
        placeholder=${field.fallback == null ? undefined : String(field.fallback)} />`;
    case "text":
      if (!field.isLong) return html`<input ...${attributes} type="text" value=${shown} onInput=${typed} dir="auto" autocomplete="off" />`;
      return html`<textarea ...${attributes} class="run-grows" rows="2" value=${shown} onInput=${typed} dir="auto"></textarea>`;
    default:
      return html`<textarea ...${attributes} class="mono run-grows" rows="3" spellcheck=${false} value=${shown} onInput=${typed}
        placeholder=${field.control === "lines" ? "One a line" : undefined}></textarea>`;
  }
}

/** @param {Omit<OptionProps, "entry" | "isChanged" | "pipelineId"> & {place: string, about: string, reset?: () => void, isTicked: boolean}} props */
function TickBox({ field, place, about, fault, reset, change, isTicked }) {
  const attributes = described(place, fault);
  return html`<div class="field run-field">
    <div class="run-label">
      <label class="tick">
        <input ...${attributes} type="checkbox" checked=${isTicked} onChange=${(/** @type {{currentTarget: HTMLInputElement}} */ event) => change(event.currentTarget.checked)} />
        ${field.label}
      </label>
      ${reset && html`<${Reset} label=${field.label} reset=${reset} />`}
    </div>
    <p class="about" id=${`${attributes.id}-about`} dir="auto">${about}</p>
    ${fault && html`<p class="fault" id=${`${attributes.id}-fault`}>${fault}</p>`}
  </div>`;
}

/** @param {{field: Field, place: string, ticks: Ticks, change: (entry: Entry) => void}} props */
function TickList({ field, place, ticks: { ticked, more }, change }) {
  const isTicked = (/** @type {unknown} */ choice) => ticked.some((one) => isSame(one, choice));
  const toggle = (/** @type {unknown} */ choice) =>
    change({ ticked: field.choices.filter((one) => (isSame(one, choice) ? !isTicked(one) : isTicked(one))), more });
  const moreId = `run-${place}-more`;
  return html`<div class="run-ticks">
      ${field.choices.map(
        (choice) =>
          html`<label class="tick" key=${JSON.stringify(choice)}>
            <input type="checkbox" checked=${isTicked(choice)} onChange=${() => toggle(choice)} /> ${word(choice)}
          </label>`,
      )}
    </div>
    ${(field.takesMore || more !== "") &&
    html`<details open=${more !== ""}>
      <summary>More as JSON</summary>
      <label class="unseen" for=${moreId}>More of ${field.label} as JSON</label>
      <textarea id=${moreId} class="mono run-grows" rows="3" spellcheck=${false} value=${more} placeholder="[{…}]"
        onInput=${(/** @type {{currentTarget: HTMLTextAreaElement}} */ event) => change({ ticked, more: event.currentTarget.value })}></textarea>
    </details>`}`;
}

/** What its values must be, told before one of them is none. @param {Field} field */
function hints({ control, isLong, bounds, rules }) {
  const lines = control === "lines" ? ["One a line."] : [];
  return [...lines, ...limits(control, isLong, bounds), ...rules];
}

/** @param {Field["control"]} control @param {boolean} isLong @param {Field["bounds"]} bounds */
function limits(control, isLong, { least, most, above, below }) {
  if (control === "text") return most === undefined || isLong ? [] : [`At most ${counted(most, "character")}.`];
  if (control !== "number") return [];
  if (least !== undefined && most !== undefined) return [`${count(least)} to ${count(most)}.`];
  const ends = [
    least === undefined ? "" : `At least ${count(least)}.`,
    above === undefined ? "" : `More than ${count(above)}.`,
    most === undefined ? "" : `At most ${count(most)}.`,
    below === undefined ? "" : `Less than ${count(below)}.`,
  ];
  return ends.filter((end) => end !== "");
}

/** A choice as people read it: `minimal_edit` stays what it is called. @param {unknown} choice */
function word(choice) {
  if (typeof choice === "boolean") return choice ? "yes" : "no";
  if (choice === null) return "not given";
  return typeof choice === "string" ? choice : JSON.stringify(choice);
}
