// What is queued or running now, each with its clock and a way to stop it, and how the last ones ended.

import { useEffect, useRef, useState } from "preact/hooks";

import { client, noticeRefusal } from "../gateway.js";
import { html } from "../html.js";
import { Badge } from "../parts/badge.js";
import { Dialog } from "../parts/dialog.js";
import { count } from "../parts/format.js";
import { Failure, sentence } from "../parts/notice.js";
import { useNow } from "../parts/now.js";
import { Clock } from "../parts/when.js";
import { to } from "../router.js";

/** @import { Live } from "./live_runs.js" */
/** @import { Run } from "./in_progress.js" */

const MOST_SHOWN = 100;
const NOTE_MS = 60_000;

/** @param {{live: Live, error: unknown, again: () => void}} props */
export function InProgressList({ live, error, again }) {
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  const [asked, setAsked] = useState(/** @type {string | null} */ (null));
  const shown = live.runs.slice(0, MOST_SHOWN);
  const held = useKeptFocus(heading, shown.map((run) => run.id).join());
  const askedRun = live.runs.find((run) => run.id === asked);
  const more = live.runs.length - shown.length;
  return html`<section class="card runs-now" aria-labelledby="in-progress">
    <div class="head">
      <h2 id="in-progress" tabindex="-1" ref=${heading}>In progress</h2>
      ${shown.length > 0 && html`<span class="soft">${tally(live)}</span>`}
    </div>
    ${error !== null && html`<${Failure} title="What runs cannot be followed" error=${error} again=${again} />`}
    ${live.trouble !== null && html`<p class="soft">The list cannot be read just now: ${sentence(live.trouble)} It is tried again.</p>`}
    ${shown.length > 0 &&
    html`<ul class="rows" onFocusIn=${held}>
      ${shown.map((run) => html`<${RunNow} key=${run.id} run=${run} ask=${setAsked} />`)}
    </ul>`}
    ${more > 0 && html`<p class="soft">And ${count(more)}${live.isMore && " or more"} that wait.</p>`}
    ${shown.length === 0 && live.isKnown && html`<p class="soft">Nothing is running. What is started, here or anywhere else, shows here at once.</p>`}
    <${Ended} ended=${live.ended} />
    ${askedRun && html`<${CancelDialog} key=${askedRun.id} run=${askedRun} close=${() => setAsked(null)} />`}
  </section>`;
}

/** @param {{run: Run, ask: (id: string) => void}} props */
function RunNow({ run, ask }) {
  const isRunning = run.status === "running";
  const since = isRunning ? run.startedAt ?? run.queuedAt : run.queuedAt;
  return html`<li class="row now">
    <div class="row-status"><${Badge} status=${run.status} /></div>
    <div class="row-main">
      <a class="row-link" href=${to.execution(run.id)} dir="auto">${run.excerpt || run.id}</a>
      <p class="row-about">
        <span><bdi>${run.pipelineId}</bdi></span>
        ${run.attempt > 1 && html`<span class="care">attempt ${run.attempt}</span>`}
        ${run.cancelRequested && html`<span class="care">cancel requested</span>`}
      </p>
    </div>
    <div class="row-clock">${since !== null && html`<span class="unseen">${isRunning ? "running for" : "waiting for"} </span><${Clock} since=${since} />`}</div>
    <div class="row-end">
      <button class="small danger" aria-disabled=${run.cancelRequested ? "true" : undefined}
        onClick=${() => !run.cancelRequested && ask(run.id)}>
        ${run.cancelRequested ? "Cancelling" : "Cancel"}<span class="unseen"> <bdi>${run.excerpt || run.id}</bdi></span>
      </button>
    </div>
  </li>`;
}

/** @param {{run: Run, close: () => void}} props */
function CancelDialog({ run, close }) {
  const [isAsking, setAsking] = useState(false);
  const [fault, setFault] = useState("");
  const cancel = async () => {
    setAsking(true);
    try {
      await client.cancel(run.id); // false: it has ended meanwhile, as its row will say
      close();
    } catch (error) {
      if (noticeRefusal(error)) return;
      setFault(sentence(error));
      setAsking(false);
    }
  };
  return html`<${Dialog} title="Cancel this run?" close=${close} actions=${html`
      <button onClick=${close}>Keep it running</button>
      <button class="danger" disabled=${isAsking} onClick=${cancel}>Cancel the run</button>`}>
    <p class="quoted" dir="auto">${run.excerpt || run.id}</p>
    <p class="soft">Its stages stop where they are. What was spent so far is spent; what they delivered so far stays in the result.</p>
    ${fault && html`<p class="fault" role="alert">${fault}</p>`}
  <//>`;
}

/** @param {{ended: Live["ended"]}} props */
function Ended({ ended }) {
  // Read out as they come, one line each: the part that is there from the start is what screen readers listen to.
  return html`<ul class="ended" aria-live="polite" aria-label="Ended just now">
    ${ended.map((note) => html`<${EndedNote} key=${note.id} note=${note} />`)}
  </ul>`;
}

/** @param {{note: Live["ended"][number]}} props */
function EndedNote({ note }) {
  const [shownAt] = useState(Date.now);
  if (useNow() - shownAt > NOTE_MS) return null;
  return html`<li><${Badge} status=${note.status} /> <a href=${to.execution(note.id)} dir="auto">${note.name}</a></li>`;
}

/**
 * Where the keyboard was on a row that goes away, it goes to the heading and not to the top of the page.
 * @param {{current: HTMLElement | null}} heading
 * @param {string} rows
 */
function useKeptFocus(heading, rows) {
  const held = useRef(/** @type {Element | null} */ (null));
  useEffect(() => {
    if (held.current !== null && !held.current.isConnected) {
      held.current = null;
      if (document.activeElement === document.body) heading.current?.focus();
    }
  }, [rows]);
  return (/** @type {FocusEvent} */ event) => (held.current = /** @type {Element} */ (event.target));
}

/** @param {Live} live */
function tally({ runs, isMore }) {
  const running = runs.filter((run) => run.status === "running").length;
  const queued = runs.length - running;
  return [running > 0 && `${count(running)} running`, queued > 0 && `${count(queued)}${isMore ? " or more" : ""} waiting`].filter(Boolean).join(", ");
}
