// Runs: what is in progress, live, and below it the saved results, filtered and paged.

import { html } from "../html.js";
import { to } from "../router.js";
import { History } from "./history.js";
import { InProgressList } from "./in_progress_list.js";
import { useLiveRuns } from "./use_live_runs.js";

/** @param {{pipeline: string | null, status: string | null, q: string | null, before: string | null}} props */
export function RunsView({ pipeline, status, q, before }) {
  const { live, error, again } = useLiveRuns();
  return html`
    <div class="head">
      <h1>Runs</h1>
      <a class="button main" href=${to.run()}>New run</a>
    </div>
    <${InProgressList} live=${live} error=${error} again=${again} />
    <${History} live=${live} asked=${{ pipeline, status, q, before }} />
  `;
}
