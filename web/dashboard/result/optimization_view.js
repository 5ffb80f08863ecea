// The result of an optimization: first what to do, then why to believe it.

import { html } from "../html.js";
import { Candidates } from "./candidates_section.js";
import { Cases } from "./cases_section.js";
import { JudgeTrust, Measures, OptimizationTook } from "./evidence_section.js";
import { DeliveredPrompt, PromptChanges } from "./prompt_section.js";
import { VerdictCard } from "./verdict_card.js";

/** @import { Optimization } from "../../client/wire.d.ts" */

/** @param {{optimization: Optimization}} props */
export function OptimizationView({ optimization }) {
  const { evidence } = optimization;
  return html`<${VerdictCard} optimization=${optimization} />
    <${DeliveredPrompt} optimization=${optimization} />
    <${PromptChanges} evidence=${evidence} />
    <${Measures} evidence=${evidence} />
    <${Cases} evidence=${evidence} />
    ${evidence.judge !== null && html`<${JudgeTrust} judge=${evidence.judge} />`}
    <${Candidates} evidence=${evidence} />
    <${OptimizationTook} evidence=${evidence} />`;
}
