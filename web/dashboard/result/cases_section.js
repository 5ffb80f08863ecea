// The test cases: which prompt was better on each, both answers, and why. There may be hundreds; few are drawn at once.

import { useState } from "preact/hooks";

import { html } from "../html.js";
import { count, counted, duration } from "../parts/format.js";
import { casesOf, DECIDED, OUTCOMES, tally } from "./comparison.js";
import { wordShare } from "./figures.js";
import { TextBox } from "./text_box.js";
import { Unfolding } from "./unfolding.js";

/** @import { CaseEvidence, Evidence, TriedAnswer } from "../../client/wire.d.ts" */
/** @typedef {import("../../client/wire.d.ts").CaseEvidence["outcome"]} Outcome */

const FIRST_SHOWN = 10;
const MORE_SHOWN = 50;
const MOST_CHARACTERS = 20_000; // of one answer

/** @param {{evidence: Evidence}} props */
export function Cases({ evidence }) {
  const heldOut = casesOf(evidence, "held_out");
  const tuning = casesOf(evidence, "tuning");
  if (heldOut.length + tuning.length === 0) return null;
  return html`<section class="card">
    <h2>Test cases</h2>
    ${heldOut.length > 0 &&
    html`<p class="soft">Held out: the verdict rests on these, no earlier step had seen them.</p>
      <${Filtered} cases=${heldOut} />`}
    ${tuning.length > 0 &&
    html`<${Unfolding}
      summary=${`${counted(tuning.length, "case")} tuned on`}
      contents=${() => html`<p class="soft">These chose the best rewrite. So they prove nothing, and are no part of the verdict.</p>
        <${CaseList} cases=${tuning} />`}
    />`}
  </section>`;
}

/** @param {{cases: CaseEvidence[]}} props */
function Filtered({ cases }) {
  const [shown, show] = useState(/** @type {Outcome | "all"} */ ("all"));
  const counts = tally(cases);
  const choices = /** @type {[Outcome | "all", string, number][]} */ ([
    ["all", "all", cases.length],
    ["loss", "lost", counts.loss],
    ["tie", "tied", counts.tie],
    ["win", "won", counts.win],
  ]);
  const found = shown === "all" ? cases : cases.filter(({ outcome }) => outcome === shown);
  return html`<fieldset class="choices">
      <legend class="unseen">Which cases are shown</legend>
      ${choices.map(
        ([choice, word, number]) => html`<label key=${choice}>
          <input type="radio" name="cases-shown" checked=${shown === choice} onChange=${() => show(choice)} />
          <span>${word} <span class="soft">${count(number)}</span></span>
        </label>`,
      )}
    </fieldset>
    ${found.length === 0 ? html`<p class="soft">No case was ${shown === "all" ? "tried" : OUTCOMES[shown].word}.</p>` : null}
    <${CaseList} key=${shown} cases=${found} />`;
}

/** @param {{cases: CaseEvidence[]}} props */
function CaseList({ cases }) {
  const [most, setMost] = useState(FIRST_SHOWN);
  const left = cases.length - most;
  return html`<ol class="folds">
      ${cases.slice(0, most).map((each, place) => html`<li key=${place}><${Case} each=${each} /></li>`)}
    </ol>
    ${left > 0 &&
    html`<p class="actions">
      <button onClick=${() => setMost(most + MORE_SHOWN)}>Show ${counted(Math.min(left, MORE_SHOWN), "more case", "more cases")}</button>
      <span class="soft">${count(most)} of ${count(cases.length)} are shown</span>
    </p>`}`;
}

/** @param {{each: CaseEvidence}} props */
function Case({ each }) {
  const { sign, word } = OUTCOMES[each.outcome];
  const summary = html`<span class=${`outcome-key ${each.outcome}`}><span aria-hidden="true">${sign}</span> ${word}</span>
    <span class="which">Case ${each.number}</span>
    <span class="why"><bdi>${each.why}</bdi> <span class="soft">${DECIDED[each.decidedBy]}; ${each.source}.</span></span>`;
  return html`<${Unfolding} class="fold" summary=${summary} contents=${() => html`<${CaseContents} each=${each} />`} />`;
}

/** @param {{each: CaseEvidence}} props */
function CaseContents({ each: { values, input, expected, original, optimized } }) {
  const given = [...Object.entries(values), ...(input === "" ? [] : [["Input", input]]), ...(expected === null ? [] : [["Expected", expected]])];
  return html`${given.map(
      ([name, text]) => html`<div key=${name}>
        <h3 dir="auto">${name}</h3>
        <${TextBox} text=${text} label=${name} most=${MOST_CHARACTERS} />
      </div>`,
    )}
    <div class="sides">
      <${Answer} title="Answer to the original prompt" tried=${original} />
      <${Answer} title="Answer to the optimized prompt" tried=${optimized} />
    </div>`;
}

/** @param {{title: string, tried: TriedAnswer}} props */
function Answer({ title, tried: { text, error, score, outputTokens, duration: took } }) {
  return html`<div class="side">
    <h3>${title}</h3>
    ${error === null
      ? html`<${TextBox} text=${text} label=${title} most=${MOST_CHARACTERS} />`
      : html`<p class="fault">No answer: <bdi>${error}</bdi></p>`}
    <p class="about">${duration(took)}, ${counted(outputTokens, "token")}${score !== null && `, checks passed ${wordShare(score)}`}</p>
  </div>`;
}
