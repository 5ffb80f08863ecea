// A saved result as a file: fetched by the client, so that it works with a token, which a plain link could not send.

import { useState } from "preact/hooks";

import { client, hasToken, noticeRefusal } from "../gateway.js";
import { html } from "../html.js";
import { sentence } from "../parts/notice.js";
import { downloadName, MEDIA_TYPES } from "./download_name.js";

/** @import { Format } from "./download_name.js" */

const KEPT_MS = 60_000; // a browser may take its time to begin
const FORMATS = /** @type {const} */ ([["json", "JSON"], ["md", "Markdown"], ["html", "HTML"]]);

/** @param {{filename: string}} props */
export function Downloads({ filename }) {
  const [asked, setAsked] = useState(/** @type {Format | null} */ (null));
  const [fault, setFault] = useState("");
  /** @param {Format} format */
  const download = async (format) => {
    setAsked(format);
    setFault("");
    try {
      offer(await textOf(filename, format), downloadName(filename, format), MEDIA_TYPES[format]);
    } catch (error) {
      if (!noticeRefusal(error)) setFault(`The download failed. ${sentence(error)}`);
    }
    setAsked(null);
  };
  return html`<div class="downloads" role="group" aria-label="Download">
    <span class="soft" aria-hidden="true">Download</span>
    ${FORMATS.map(
      ([format, label]) => html`<button key=${format} class="small" disabled=${asked !== null} onClick=${() => download(format)}>
        <span class="unseen">Download </span>${label}
      </button>`,
    )}
    ${!hasToken.value &&
    html`<a class="button small" href=${`api/outputs/${encodeURIComponent(filename)}?format=html`} target="_blank" rel="noopener">
      Open report<span class="unseen"> in a new tab</span>
    </a>`}
    <span class="fault" role="status">${fault}</span>
  </div>`;
}

/** @param {string} filename @param {Format} format */
async function textOf(filename, format) {
  if (format !== "json") return client.report(filename, format);
  return `${JSON.stringify(await client.output(filename), null, 2)}\n`;
}

/** @param {string} text @param {string} name @param {string} type */
function offer(text, name, type) {
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), KEPT_MS);
}
