// Saved results, newest first: a page of rows, the filters above it, and the ways to other pages.

import { useEffect, useRef, useState } from "preact/hooks";

import { html } from "../html.js";
import { moment } from "../parts/format.js";
import { Failure, Notice } from "../parts/notice.js";
import { go, to } from "../router.js";
import { CompareBar } from "./compare_bar.js";
import { Filters, STATUSES } from "./filters.js";
import { momentOf } from "./gathering.js";
import { freshRows } from "./live_runs.js";
import { withFresh } from "./output_rows.js";
import { ResultRow } from "./result_row.js";
import { PAGE_SIZE, useResults } from "./use_results.js";

/** @import { OutputListing } from "../../client/wire.d.ts" */
/** @import { Live } from "./live_runs.js" */

/** @typedef {{pipeline: string | null, status: string | null, q: string | null, before: string | null}} Asked */

const MOST_TO_COMPARE = 2;
const MOST_BACK = 1000; // pages that "Newer" finds back; kept with the browser's own entry for the page

/** @param {{live: Live, asked: Asked}} props */
export function History({ live, asked }) {
  const status = STATUSES.some(([value]) => value === asked.status) ? asked.status : null;
  const filters = { pipeline: asked.pipeline, status, q: asked.q };
  const results = useResults({ ...filters, before: asked.before }, live.reloads);
  const [chosen, setChosen] = useState(/** @type {OutputListing[]} */ ([]));
  const heading = useShownHeading(asked.before);
  const isFirst = asked.before === null;
  const isNew = isFirst && results.isKnown && !results.isLooking;
  const rows = isNew ? withFresh(results.rows, freshRows(live, filters), results.next === null) : results.rows;
  const isFiltered = Boolean(filters.pipeline || filters.status || filters.q);
  /** @param {OutputListing} row @param {boolean} isChosen */
  const choose = (row, isChosen) => setChosen((before) => [...before.filter(({ executionId }) => executionId !== row.executionId), ...(isChosen ? [row] : [])]);
  return html`<section class="card history" aria-labelledby="history">
    <h2 id="history" tabindex="-1" ref=${heading}>History</h2>
    <${Filters} asked=${filters} />
    ${results.error !== null && html`<${Failure} title="The results cannot be read" error=${results.error} again=${results.again} />`}
    ${rows.length > 0 &&
    html`<div class="columns" aria-hidden="true"><span></span><span>Prompt</span><span>Status</span><span>When</span><span>Took</span><span>Cost</span></div>
      <ul class=${`rows ${results.isKnown ? "" : "old"}`} aria-busy=${!results.isKnown}>
        ${rows.map(
          (row) => html`<${ResultRow} key=${row.filename} row=${row} choose=${choose} isFresh=${!results.rows.includes(row)}
            isChosen=${chosen.some(({ executionId }) => executionId === row.executionId)} canChoose=${chosen.length < MOST_TO_COMPARE} />`,
        )}
      </ul>`}
    <${Looking} results=${results} isFiltered=${isFiltered} count=${rows.length} />
    ${results.isKnown && !results.isLooking && results.next === null && rows.length === 0 && results.error === null &&
    html`<${Nothing} filters=${filters} isFirst=${isFirst} isFiltered=${isFiltered} isRunning=${live.runs.length > 0} />`}
    <${Pages} asked=${{ ...asked, status }} results=${results} />
    <${CompareBar} chosen=${chosen} untick=${(/** @type {OutputListing} */ row) => choose(row, false)} />
  </section>`;
}

/** How far a search has come, where it takes more than one look. @param {{results: ReturnType<typeof useResults>, isFiltered: boolean, count: number}} props */
function Looking({ results, isFiltered, count }) {
  const { isKnown, isLooking, next, rows } = results;
  const until = momentOf(next);
  const isCut = isKnown && !isLooking && next !== null && rows.length < PAGE_SIZE && results.error === null;
  return html`<div class="looking">
    <p class="soft" role="status">
      ${isLooking && isKnown && (until === null ? "Looking further back…" : `Looking further back: ${moment(until)}…`)}
      ${isCut && `${count === 0 ? "Nothing found so far. " : ""}Looked back to ${until === null ? "here" : moment(until)}.`}
    </p>
    ${isLooking && isKnown && isFiltered && html`<button class="small" onClick=${results.stop}>Stop</button>`}
    ${isCut && html`<button class="small" onClick=${results.goOn}>Look further back</button>`}
  </div>`;
}

/** @param {{filters: {pipeline: string | null, status: string | null, q: string | null}, isFirst: boolean, isFiltered: boolean, isRunning: boolean}} props */
function Nothing({ filters, isFirst, isFiltered, isRunning }) {
  const { pipeline, status, q } = filters;
  if (!isFiltered && !isFirst) return html`<${Notice} kind="empty" title="There is nothing older">This was the last page.<//>`;
  if (!isFiltered && isRunning) return html`<p class="soft">What runs now shows here when it ends.</p>`;
  if (!isFiltered) {
    return html`<${Notice} kind="empty" title="Nothing has run yet" action=${html`<a class="button main" href=${to.run()}>Start the first run</a>`}>
      Pick a pipeline, type a prompt, and the result is kept here.
    <//>`;
  }
  return html`<${Notice} kind="empty" title=${isFirst ? "No result matches" : "No older result matches"} action=${html`
      ${q && html`<a class="button" href=${to.runs({ pipeline, status })}>Any text</a>`}
      ${status && html`<a class="button" href=${to.runs({ pipeline, q })}>Any status</a>`}
      ${pipeline && html`<a class="button" href=${to.runs({ status, q })}>All pipelines</a>`}`}>
    All saved results were looked through${isFirst ? "" : ", from this page on"}. The text is sought in the first 2,000 characters of the
    prompt, in the pipeline's and the run's id, and in the error. Ask for less:
  <//>`;
}

/** @param {{asked: Asked, results: ReturnType<typeof useResults>}} props */
function Pages({ asked, results }) {
  const newer = asked.before === null ? [] : cursorsBack();
  const hasOlder = results.isKnown && !results.isLooking && results.next !== null && results.rows.length > 0;
  if (asked.before === null && !hasOlder) return null;
  /** @param {string | null} before @param {(string | null)[]} back */
  const turn = (before, back) => (/** @type {MouseEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // another tab
    event.preventDefault();
    go(to.runs({ ...asked, before }));
    history.replaceState({ back }, "");
  };
  const newest = to.runs({ ...asked, before: null });
  const previous = newer.at(-1) ?? null;
  return html`<nav class="pages" aria-label="Pages of the history">
    ${asked.before !== null && newer.length !== 1 && html`<a class="button" href=${newest}>Newest</a>`}
    ${newer.length > 0 && html`<a class="button" href=${to.runs({ ...asked, before: previous })} onClick=${turn(previous, newer.slice(0, -1))}>← Newer</a>`}
    ${hasOlder &&
    html`<a class="button" href=${to.runs({ ...asked, before: results.next })}
      onClick=${turn(results.next, [...newer, asked.before].slice(-MOST_BACK))}>Older →</a>`}
  </nav>`;
}

/** Where the pages before this one begin, as far as one came by them. @returns {(string | null)[]} */
function cursorsBack() {
  const back = history.state?.back;
  return Array.isArray(back) ? back : [];
}

/** Begin to read at the heading after the page was turned. @param {string | null} before */
function useShownHeading(before) {
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current) {
      heading.current?.focus({ preventScroll: true });
      heading.current?.scrollIntoView();
    }
    isFirst.current = false;
  }, [before]);
  return heading;
}
