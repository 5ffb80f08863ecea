// Which pipeline is meant where the address names none, and which ones a search finds. Pure.

/** @import { PipelineListing } from "../../client/wire.d.ts" */

export const LAST_KEY = "stagecast.pipeline"; // where the browser keeps which was used last

const FIRST = "prompt-optimizer-v1";

/**
 * @param {PipelineListing[]} pipelines
 * @param {string | null} named by the address
 * @param {string | null} last the one used last
 * @returns {string | null} null where there is none at all
 */
export function chosen(pipelines, named, last) {
  if (named !== null) return named;
  const ids = pipelines.map(({ id }) => id);
  return [last, FIRST].find((id) => id !== null && ids.includes(id)) ?? ids[0] ?? null;
}

/**
 * Those with every word of the search in name, id or description.
 * @template {Pick<PipelineListing, "id" | "name" | "description">} Row
 * @param {Row[]} pipelines
 * @param {string} search
 * @returns {Row[]}
 */
export function found(pipelines, search) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return pipelines.filter(({ id, name, description }) => {
    const text = `${name} ${id} ${description}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
