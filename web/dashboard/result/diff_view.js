// Two texts side by side, one below the other where there is little room: what was left out is struck through, what was
// put in is underlined, and numbers lead to what is said about a change.

import { useMemo } from "preact/hooks";

import { html } from "../html.js";
import { CopyButton } from "../parts/copy_button.js";
import { TextBox, Unseen } from "./text_box.js";
import { sides, wordDiff } from "./word_diff.js";

/** @import { DiffPart } from "../../client/wire.d.ts" */

/**
 * @typedef {object} DiffProps
 * @property {string} before
 * @property {string} after
 * @property {[string, string]} labels of both
 * @property {DiffPart[] | null} [parts] a diff that is there already
 * @property {boolean} [isNumbered] whether the numbers lead anywhere
 */

/** @param {DiffProps} props */
export function DiffView({ before, after, labels, parts: given = null, isNumbered = false }) {
  const parts = useMemo(() => given ?? wordDiff(before, after), [given, before, after]);
  const [left, right] = labels;
  if (parts === null) {
    return html`<div>
      <p class="about">These texts are too long or too different to be compared word by word.</p>
      <div class="sides">
        <${Side} label=${left} text=${before}><${TextBox} text=${before} label=${left} /><//>
        <${Side} label=${right} text=${after}><${TextBox} text=${after} label=${right} /><//>
      </div>
    </div>`;
  }
  const both = sides(parts);
  return html`<div class="sides">
    <${Side} label=${left} text=${before}><${Marked} parts=${both.before} label=${left} isNumbered=${isNumbered} /><//>
    <${Side} label=${right} text=${after}><${Marked} parts=${both.after} label=${right} isNumbered=${isNumbered} /><//>
  </div>`;
}

/** @param {{label: string, text: string, children?: any}} props */
function Side({ label, text, children }) {
  return html`<div class="side">
    <div class="head"><h3>${label}</h3><${CopyButton} text=${text} label=${`Copy ${label.toLowerCase()}`} /></div>
    ${children}
  </div>`;
}

/** @param {{parts: DiffPart[], label: string, isNumbered: boolean}} props */
function Marked({ parts, label, isNumbered }) {
  if (parts.length === 0) return html`<p class="soft">Empty.</p>`;
  return html`<div class="text-box">
    <pre class="value diff" dir="auto" tabindex="0" role="group" aria-label=${label}>${parts.map((part, place) => {
      if (part.kind === "equal") return part.text;
      const isLast = parts[place + 1]?.change !== part.change;
      const mark = isNumbered && part.change !== null && isLast && html`<sup><span class="unseen"> change </span>${part.change}</sup>`;
      return part.kind === "insert" ? html`<ins>${part.text}</ins>${mark}` : html`<del>${part.text}</del>${mark}`;
    })}</pre>
    <${Unseen} text=${parts.map(({ text }) => text).join("")} />
  </div>`;
}
