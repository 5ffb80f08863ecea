// Other models and another budget for one run: what stands in their fields, and the options that it makes. Pure.

import { isObject, own } from "./schema.js";

/**
 * @typedef {Record<string, string>} Models what is typed, by alias
 * @typedef {{usd: string, calls: string, seconds: string, isFree: boolean}} Limits what is typed; `isFree`: no limit in dollars
 * @typedef {{options: Record<string, unknown>, faults: Record<string, string>}} Read `faults` by `models.<alias>`, `budget.<limit>`
 */

/** @type {Limits} */
export const NO_LIMITS = { usd: "", calls: "", seconds: "", isFree: false };

/**
 * The options `models` and `budget`, each left out where nothing is said.
 * @param {Models} models
 * @param {Limits} limits
 * @param {Record<string, string>} known what the aliases stand for
 * @returns {Read}
 */
export function readOverrides(models, limits, known) {
  /** @type {Record<string, string>} */
  const faults = {};
  /** @type {Map<string, string>} */
  const named = new Map();
  for (const [alias, typed] of Object.entries(models)) {
    const use = typed.trim();
    if (use === "" || use === own(known, alias)) continue;
    if (!/^[^:\s]+:\S/.test(use)) faults[`models.${alias}`] = "This must be provider:model, for example openai:gpt-5-mini.";
    else named.set(alias, use);
  }
  /** @type {Record<string, number | null>} */
  const budget = {};
  for (const limit of /** @type {const} */ (["usd", "calls", "seconds"])) {
    const typed = limits[limit].trim();
    if (limit === "usd" && limits.isFree) budget.usd = null;
    else if (typed !== "") {
      const number = Number(typed);
      if (!(number > 0) || !Number.isFinite(number)) faults[`budget.${limit}`] = "This must be a number above 0.";
      else if (limit === "calls" && !Number.isInteger(number)) faults["budget.calls"] = "This must be a whole number.";
      else budget[limit] = number;
    }
  }
  /** @type {Record<string, unknown>} */
  const options = {};
  if (named.size > 0) options.models = Object.fromEntries(named);
  if (Object.keys(budget).length > 0) options.budget = budget;
  return { options, faults };
}

/**
 * Take models and budget out of options that were sent before.
 * @param {Record<string, unknown>} options
 * @param {{aliases: string[], names: string[]}} form a model may be named by an option of its alias, unless an input is called so
 * @returns {{models: Models, limits: Limits, rest: Record<string, unknown>}} `rest`: all others
 */
export function takeOverrides(options, { aliases, names }) {
  const { models: together, budget, ...others } = options;
  /** @type {Map<string, string>} */
  const models = new Map();
  for (const [alias, use] of Object.entries(isObject(together) ? together : {})) models.set(alias, String(use));
  /** @type {Map<string, unknown>} */
  const rest = new Map();
  for (const [name, value] of Object.entries(others)) {
    if (aliases.includes(name) && !names.includes(name) && typeof value === "string") models.set(name, value);
    else rest.set(name, value);
  }
  const limits = { ...NO_LIMITS };
  if (isObject(budget)) {
    if (typeof budget.usd === "number") limits.usd = String(budget.usd);
    if (typeof budget.calls === "number") limits.calls = String(budget.calls);
    if (typeof budget.seconds === "number") limits.seconds = String(budget.seconds);
    limits.isFree = budget.usd === null;
  }
  return { models: Object.fromEntries(models), limits, rest: Object.fromEntries(rest) };
}
