// Where in the form a refused request is at fault: the gateway's messages begin with the option's path. Pure.

const BEGINNINGS = /^(?:The option '([^']+)'|'([^']+)' is given )/;
const LIMITS = /^options\.(models|budget)(?:\.([^\s:]+))? /;
const NO_ALIAS = /^The pipeline has no model alias '/;

/**
 * @typedef {object} Place
 * @property {string} place `primary`, `option.<name>`, `models`, `models.<alias>`, `budget`, `budget.<limit>`
 * @property {string} message what to say there
 */

/**
 * @param {string} message a sentence of the gateway
 * @param {{primary: string, names: string[], aliases: string[]}} form
 * @returns {Place | null} null: it is about no field
 */
export function placeOf(message, { primary, names, aliases }) {
  if (message.startsWith("Input is required")) return { place: "primary", message };
  const [, whole, name] = LIMITS.exec(message) ?? [];
  if (whole !== undefined) return { place: name === undefined ? whole : `${whole}.${name}`, message };
  if (NO_ALIAS.test(message)) return { place: "models", message };
  const [, option, given] = BEGINNINGS.exec(message) ?? [];
  const quoted = option ?? given;
  if (quoted !== undefined && names.includes(quoted)) return { place: `option.${quoted}`, message };
  const alias = aliases.find((one) => message.startsWith(`options.${one} `));
  if (alias !== undefined) return { place: `models.${alias}`, message };
  const found = [primary, ...names].find((one) => message.startsWith(`${one}: `) || message.startsWith(`${one}.`));
  if (found === undefined) return null;
  const told = message.startsWith(`${found}: `) ? capital(message.slice(found.length + 2)) : capital(inItem(message.slice(found.length + 1)));
  return { place: found === primary ? "primary" : `option.${found}`, message: told };
}

/** People count from 1: of `0.match: …` it makes `item 1, match: …`. @param {string} rest */
function inItem(rest) {
  const [path = "", ...said] = rest.split(": ");
  const [first = "", ...inner] = path.split(".");
  const where = /^\d+$/.test(first) ? [`item ${Number(first) + 1}`, ...inner.join(".").split(" ").filter(Boolean)] : [path];
  return `${where.join(", ")}: ${said.join(": ")}`;
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
