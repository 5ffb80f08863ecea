// The parts of a YAML text that a reader tells apart: comments, keys, strings, and template expressions within any of them.
// It colours and judges nothing: what is no YAML comes out as text.

/** @typedef {{kind: "text" | "comment" | "key" | "string" | "template", text: string}} Token */
/** @typedef {{block: number | null, quote: string, until: string}} Open what a line leaves open: a block's indent, a quote, a template */

// In this order at each place; what comes before decides whether a quote or a `#` means anything.
const PART = new RegExp(
  [
    /(?<comment>(?<![^\s])#.*)/,
    /(?<key>(?<=^\s*(?:- +)*|[{,]\s*)(?:"[^"]*"|'[^']*'|[\w$./-]+)(?=\s*:(?:\s|$)))/,
    /(?<double>(?<![^\s[{,:])"(?:\\.|[^"\\])*(?<doubleEnd>"?))/,
    /(?<single>(?<![^\s[{,:])'(?:''|[^'])*(?<singleEnd>'?))/,
    /(?<template>\{\{.*?\}\}|\{%.*?%\})/,
  ]
    .map((part) => part.source)
    .join("|"),
  "g",
);
const BLOCK = /(?:^|\s)[|>][-+0-9]*\s*(?:\s#.*)?$/;
const LONGEST = 2000; // characters of a line that are looked at; no one reads colours in a longer one
const CLOSING = { '"': /^(?:\\.|[^"\\])*"/, "'": /^(?:''|[^'])*'(?!')/ };

/**
 * Tell the tokens of each line. Joined again, they are the text.
 * @param {string} source
 * @returns {Token[][]}
 */
export function tokenize(source) {
  /** @type {Open} */
  const open = { block: null, quote: "", until: "" };
  return source.split(/\r?\n/).map((line) => tokensOf(line, open).filter(({ text }) => text !== ""));
}

/** @param {string} line @param {Open} open @returns {Token[]} */
function tokensOf(line, open) {
  if (line.length > LONGEST) return [{ kind: "text", text: line }];
  const indent = line.search(/\S|$/);
  if (open.block !== null) {
    if (indent > open.block || indent === line.length) return withTemplates("string", line, open);
    open.block = null;
    open.until = "";
  }
  if (open.quote === "") return plainTokens(line, open);
  const [closed] = CLOSING[/** @type {"'" | '"'} */ (open.quote)].exec(line) ?? [];
  const quoted = withTemplates("string", closed ?? line, open);
  if (closed === undefined) return quoted;
  open.quote = open.until = "";
  return [...quoted, ...plainTokens(line.slice(closed.length), open)];
}

/** @param {string} line @param {Open} open @returns {Token[]} */
function plainTokens(line, open) {
  /** @type {Token[]} */
  const tokens = [];
  let end = 0;
  for (const match of line.matchAll(PART)) {
    const { comment, key, double, doubleEnd, single, singleEnd } = match.groups ?? {};
    tokens.push({ kind: "text", text: line.slice(end, match.index) });
    end = match.index + match[0].length;
    if (double !== undefined || single !== undefined) {
      tokens.push(...withTemplates("string", match[0], open));
      if (doubleEnd === "" || singleEnd === "") open.quote = match[0].charAt(0);
      else open.until = "";
    } else tokens.push({ kind: comment !== undefined ? "comment" : key !== undefined ? "key" : "template", text: match[0] });
  }
  tokens.push({ kind: "text", text: line.slice(end) });
  // A block belongs to its key, which may stand behind the dashes of a list.
  if (open.quote === "" && BLOCK.test(line)) open.block = /^\s*(?:- +(?=[^|>\s]))*/.exec(line)?.[0].length ?? 0;
  return tokens;
}

/** @param {Token["kind"]} kind @param {string} text @param {Open} open @returns {Token[]} */
function withTemplates(kind, text, open) {
  const tokens = /** @type {Token[]} */ ([]);
  for (let rest = text; rest !== ""; ) {
    const isInside = open.until !== "";
    const at = isInside ? rest.indexOf(open.until) : rest.search(/\{\{|\{%/);
    const end = at < 0 ? rest.length : isInside ? at + 2 : at;
    tokens.push({ kind: isInside ? "template" : kind, text: rest.slice(0, end) });
    if (at >= 0) open.until = isInside ? "" : rest.startsWith("{{", at) ? "}}" : "%}";
    rest = rest.slice(end);
  }
  return tokens;
}
