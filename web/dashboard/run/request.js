// The request that a filled-in form makes, and what stands in its way, by place in the form. Pure.

import { EMPTY } from "./draft.js";
import { entriesOf, optionsOf } from "./entries.js";
import { readOverrides, takeOverrides } from "./overrides.js";
import { characters } from "./reading.js";
import { wellFormed } from "./well_formed.js";

/** @import { Draft } from "./draft.js" */
/** @import { Field } from "./fields.js" */

/**
 * @typedef {{primary: Field, fields: Field[], models: Record<string, string>}} Form
 * @typedef {object} FormRequest
 * @property {string} prompt
 * @property {Record<string, unknown>} options only what differs from the defaults
 * @property {Record<string, string>} faults by place: what is wrong already
 * @property {string[]} missing places that must be filled in before it can run
 * @property {string[]} waiting places that the gateway has yet to read
 */

/**
 * @param {Form} form
 * @param {Draft} draft
 * @returns {FormRequest}
 */
export function requestOf({ primary, fields, models }, { prompt, entries, models: typed, limits }) {
  const inputs = optionsOf(fields, entries);
  const overrides = readOverrides(typed, limits, models);
  /** @type {Record<string, string>} */
  const faults = { ...overrides.faults };
  for (const [name, fault] of Object.entries(inputs.faults)) faults[`option.${name}`] = fault;
  const { most } = primary.bounds;
  if (most !== undefined && characters(prompt) > most) faults.primary = `This is longer than ${most} characters.`;
  const missing = inputs.missing.map((name) => `option.${name}`);
  if (prompt.trim() === "") missing.unshift("primary");
  const waiting = inputs.waiting.map((name) => `option.${name}`);
  const options = { ...inputs.options, ...overrides.options };
  return { prompt: wellFormed(prompt), options: wellFormed(options), faults, missing, waiting };
}

/**
 * What stands in the form for a request that was made before.
 * @param {Form} form
 * @param {{prompt: string, options: Record<string, unknown>}} request
 * @returns {{draft: Draft, unknown: string[]}} `unknown`: options that this pipeline does not take
 */
export function draftOf({ fields, models: known }, { prompt, options }) {
  const names = fields.map(({ name }) => name);
  const { models, limits, rest } = takeOverrides(options, { aliases: Object.keys(known), names });
  const { entries, unknown } = entriesOf(fields, rest);
  return { draft: { ...EMPTY, prompt, entries, models, limits }, unknown };
}
