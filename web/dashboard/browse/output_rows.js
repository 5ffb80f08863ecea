// Rows of saved results: made from an execution's end, chosen by filters, and put together with a page that was read.

/** @import { ExecutionCompleted } from "../../client/wire.d.ts" */
/** @import { OutputListing } from "../../client/wire.d.ts" */

/** @typedef {{pipeline: string | null, status: string | null, q: string | null}} Filters */

const LOOKED_AT = 2000; // characters of a prompt that are searched, as the gateway does
const EXCERPT = 160;

/** As the gateway shortens a prompt for a row. @param {string} prompt */
export function excerptOf(prompt) {
  return [...squeezed(prompt)].slice(0, EXCERPT).join("");
}

/**
 * The row that the list will have of an execution that ended just now; null where its result was not saved.
 * @param {ExecutionCompleted} event
 * @returns {OutputListing | null}
 */
export function rowOf({ result, filename }) {
  if (filename === null) return null;
  const { summary, output } = result;
  const verdict = output !== null && typeof output === "object" && "verdict" in output ? output.verdict : null;
  return {
    filename,
    executionId: result.executionId,
    pipelineId: result.pipelineId,
    status: result.status,
    timestamp: result.timestamp,
    duration: summary.totalDuration,
    cost: summary.totalCost,
    stagesRun: summary.stagesRun,
    stagesSkipped: summary.stagesSkipped,
    stagesFailed: summary.stagesFailed,
    excerpt: excerptOf(result.input.prompt),
    verdict: typeof verdict === "string" ? verdict.slice(0, EXCERPT) : null,
  };
}

/**
 * Whether the list, filtered so, would have the result.
 * @param {Filters} filters
 * @param {ExecutionCompleted["result"]} result
 */
export function isWanted({ pipeline, status, q }, result) {
  if (pipeline && pipeline !== result.pipelineId) return false;
  if (status && status !== result.status) return false;
  const sought = squeezed(q ?? "").toLowerCase();
  const texts = [result.input.prompt, result.pipelineId, result.executionId, result.error ?? ""];
  return sought === "" || texts.some((text) => squeezed(text).toLowerCase().includes(sought));
}

/**
 * A page as it would be read now: newest first, each once. What is older than the page belongs to a later one.
 * @param {OutputListing[]} page
 * @param {OutputListing[]} fresh those that came since it was read
 * @param {boolean} isLast no page follows
 */
export function withFresh(page, fresh, isLast) {
  const names = new Set(page.map((row) => row.filename));
  const oldest = page.at(-1)?.executionId ?? "";
  const added = fresh.filter((row) => !names.has(row.filename) && (isLast || row.executionId > oldest));
  return [...added, ...page].sort((one, other) => (one.executionId < other.executionId ? 1 : -1));
}

/** @param {string} text */
function squeezed(text) {
  return text.slice(0, LOOKED_AT).split(/\s+/).filter(Boolean).join(" ");
}
