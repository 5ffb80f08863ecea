// Pipeline files as the list shows them: what is known of the file, and what of the pipeline that is in it.

/** @import { PipelineListing } from "../../client/wire.d.ts" */
/** @import { FileProblem, PipelineFile } from "../../client/wire.d.ts" */

/**
 * @typedef {object} Entry
 * @property {string} filename
 * @property {string} id
 * @property {FileProblem[]} problems
 * @property {PipelineListing | null} pipeline null of a file that cannot be run
 */

/**
 * Put files and pipelines together by their file; by name, those with problems first.
 * @param {PipelineFile[] | null} files null where one may not see them
 * @param {PipelineListing[]} pipelines
 * @returns {Entry[]}
 */
export function entriesOf(files, pipelines) {
  const byFile = new Map(pipelines.map((pipeline) => [pipeline.filename, pipeline]));
  const known = files ?? pipelines.map(({ filename, id }) => ({ filename, id, problems: [] }));
  const entries = known.map(({ filename, id, problems }) => ({
    filename,
    id,
    problems,
    pipeline: problems.length === 0 ? byFile.get(filename) ?? null : null,
  }));
  return entries.sort((one, other) => {
    const order = Number(other.problems.length > 0) - Number(one.problems.length > 0);
    return order || (one.filename < other.filename ? -1 : 1);
  });
}

/**
 * Where a problem is, as compilers say it: `line 3, column 7`, `line 3`; empty where it is nowhere in particular.
 * @param {FileProblem} problem
 */
export function placeOf({ line, column }) {
  if (line === null) return "";
  return column === null ? `line ${line}` : `line ${line}, column ${column}`;
}

/**
 * The problems of each line that there is. One behind the end belongs to the last line; one of no line to none.
 * @param {FileProblem[]} problems
 * @param {number} lines
 * @returns {Map<number, FileProblem[]>}
 */
export function problemsByLine(problems, lines) {
  /** @type {Map<number, FileProblem[]>} */
  const found = new Map();
  for (const problem of problems) {
    if (problem.line === null) continue;
    const line = Math.max(1, Math.min(problem.line, lines));
    found.set(line, [...(found.get(line) ?? []), problem]);
  }
  return found;
}
