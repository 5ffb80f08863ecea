// The verdict of an optimization, how sure it is, and what weakens it.

import { useEffect, useState } from "preact/hooks";

import { html } from "../html.js";
import { Badge } from "../parts/badge.js";
import { Interval, Tiles } from "./charts.js";
import { glance, OUTCOMES } from "./comparison.js";
import { cautions, headline, interval, isCompared, matchDigest, wordCounts, wordInterval, wordSignTest } from "./verdict.js";

/** @import { Optimization, SignTest } from "../../client/wire.d.ts" */

/** @param {{optimization: Optimization}} props */
export function VerdictCard({ optimization }) {
  const { evidence, reason } = optimization;
  const isDigestMatched = useDigest(optimization);
  const said = wordCounts(evidence);
  const weak = cautions(evidence, isDigestMatched);
  return html`<section class=${`card verdict ${evidence.verdict}`}>
    <div class="verdict-head">
      <h2>${headline(evidence)}</h2>
      <${Badge} status=${evidence.verdict} />
    </div>
    <p class="lead" dir="auto">${reason}</p>
    ${isCompared(evidence) && html`<${Outcome} test=${evidence.signTest} said=${said} />`}
    <p>${said} ${wordSignTest(evidence)}</p>
    ${isCompared(evidence) &&
    interval(evidence.signTest) &&
    html`<figure class="interval">
      <${Interval} test=${evidence.signTest} said=${wordInterval(evidence.signTest)} />
      <figcaption class="about">${wordInterval(evidence.signTest)}</figcaption>
    </figure>`}
    <dl class="figures">
      ${glance(evidence).map(
        ({ label, value, note }) => html`<div key=${label}>
          <dt>${label}</dt>
          <dd>${value}${note && html` <span class="note">${note}</span>`}</dd>
        </div>`,
      )}
    </dl>
    ${weak.length > 0 &&
    html`<div class="cautions">
      <h3>Read this with care</h3>
      <ul>
        ${weak.map((caution) => html`<li key=${caution} dir="auto">${caution}</li>`)}
      </ul>
    </div>`}
    ${isDigestMatched === true && html`<p class="about">The digest of the delivered prompt is that of the prompt that was tested.</p>`}
  </section>`;
}

/** @param {{test: SignTest, said: string}} props */
function Outcome({ test, said }) {
  const keys = /** @type {const} */ ([["win", test.wins], ["tie", test.ties], ["loss", test.losses]]);
  return html`<figure class="outcome">
    <${Tiles} test=${test} said=${said} />
    <figcaption>
      ${keys.map(
        ([outcome, count]) => html`<span key=${outcome} class=${`outcome-key ${outcome}`}>
          <span aria-hidden="true">${OUTCOMES[outcome].sign}</span> ${count} ${OUTCOMES[outcome].word}
        </span>`,
      )}
    </figcaption>
  </figure>`;
}

/** @param {Optimization} optimization */
function useDigest(optimization) {
  const [isMatched, setMatched] = useState(/** @type {boolean | null} */ (null));
  useEffect(() => {
    let isWanted = true;
    matchDigest(optimization).then(
      (found) => isWanted && setMatched(found),
      () => undefined, // then it cannot be told
    );
    return () => {
      isWanted = false;
    };
  }, [optimization]);
  return isMatched;
}
