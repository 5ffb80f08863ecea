// Which view the address asks for. The address is all that says so: a link can be shared, and reload shows the same.

import { signal } from "@preact/signals";

/**
 * @typedef {{view: "run", pipelineId: string | null, from: string | null}
 *   | {view: "runs", pipeline: string | null, status: string | null, q: string | null, before: string | null}
 *   | {view: "execution", executionId: string}
 *   | {view: "compare", one: string, other: string}
 *   | {view: "pipelines", filename: string | null}
 *   | {view: "models"}
 *   | {view: "unknown", path: string}} Route
 */

/**
 * Read the part of an address behind `#`.
 * @param {string} hash like `#/runs/exec_…`
 * @returns {Route}
 */
export function parse(hash) {
  const [path = "", search] = hash.replace(/^#\/?/, "").split("?");
  const [name, first, second, ...more] = path.split("/").map(decoded);
  const query = new URLSearchParams(search);
  if (more.length === 0) {
    if ((name === "" || name === "run") && second === undefined) {
      return { view: "run", pipelineId: first || null, from: query.get("from") };
    }
    if (name === "runs" && !first && second === undefined) return { view: "runs", ...runsAsked(query) };
    if (name === "runs" && first && second === undefined) return { view: "execution", executionId: first };
    if (name === "compare" && first && second) return { view: "compare", one: first, other: second };
    if (name === "pipelines" && second === undefined) return { view: "pipelines", filename: first || null };
    if (name === "models" && first === undefined) return { view: "models" };
  }
  return { view: "unknown", path };
}

/**
 * Which results are asked for, and where their page begins.
 * @param {URLSearchParams} query
 */
function runsAsked(query) {
  return { pipeline: query.get("pipeline"), status: query.get("status"), q: query.get("q"), before: query.get("before") };
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Addresses of views, for links. */
export const to = {
  /**
   * @param {string | null} [pipelineId]
   * @param {string | null} [from] the execution whose input and options are taken over
   */
  run: (pipelineId, from) => `#/run${pipelineId ? `/${encodeURIComponent(pipelineId)}` : ""}${from ? `?from=${encodeURIComponent(from)}` : ""}`,
  /** @param {{pipeline?: string | null, status?: string | null, q?: string | null, before?: string | null}} [asked] */
  runs: (asked = {}) => {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(asked)) if (value) query.set(name, value);
    return [...query].length === 0 ? "#/runs" : `#/runs?${query}`;
  },
  /** @param {string} executionId */
  execution: (executionId) => `#/runs/${encodeURIComponent(executionId)}`,
  /** @param {string} one @param {string} other */
  compare: (one, other) => `#/compare/${encodeURIComponent(one)}/${encodeURIComponent(other)}`,
  /** @param {string | null} [filename] */
  pipelines: (filename) => `#/pipelines${filename ? `/${encodeURIComponent(filename)}` : ""}`,
  models: () => "#/models",
};

/** The view that is shown. */
export const route = signal(parse(location.hash));

addEventListener("hashchange", () => {
  route.value = parse(location.hash);
});

/** @param {string} address one of `to` */
export function go(address) {
  location.hash = address;
}

/**
 * Show an address in place of the present one: Back leads to where it would have led.
 * @param {string} address one of `to`
 */
export function replace(address) {
  history.replaceState(null, "", address);
  route.value = parse(location.hash);
}
