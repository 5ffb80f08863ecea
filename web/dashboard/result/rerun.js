// Runs an execution again, as a new one, and goes there.

import { useState } from "preact/hooks";

import { client, noticeRefusal } from "../gateway.js";
import { html } from "../html.js";
import { sentence } from "../parts/notice.js";
import { go, to } from "../router.js";

/** @param {{executionId: string, fromStage?: string, label: string}} props */
export function RerunButton({ executionId, fromStage, label }) {
  const [isAsking, setAsking] = useState(false);
  const [fault, setFault] = useState("");
  const rerun = async () => {
    setAsking(true);
    setFault("");
    try {
      go(to.execution((await client.rerun(executionId, fromStage === undefined ? {} : { fromStage })).executionId));
    } catch (error) {
      setAsking(false);
      if (!noticeRefusal(error)) setFault(worded(error));
    }
  };
  return html`<span class="rerun">
    <button class=${fromStage === undefined ? "" : "small"} disabled=${isAsking} onClick=${rerun}>${label}</button>
    <span class="fault" role="status">${fault}</span>
  </span>`;
}

/** @param {unknown} error */
function worded(error) {
  const said = sentence(error);
  const isGone = /** @type {{code?: string}} */ (error)?.code === "execution_not_found";
  return isGone ? "Its events are not kept any more, so it cannot be run again as it was. Run it again with changes." : said;
}
