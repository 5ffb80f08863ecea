// Which models of a run cannot be asked, because no runner has their key. Pure; who has which key is the gateway's to tell.

import { own } from "./schema.js";

/** @import { ModelOverview, StageDefinition } from "../../client/wire.d.ts" */

/**
 * @param {ModelOverview | undefined} overview undefined: not known, then nothing is complained about
 * @param {Record<string, string>} models what the aliases stand for
 * @param {Record<string, string>} typed what is typed in their place
 * @param {Pick<StageDefinition, "kind" | "model">[]} stages an alias that none names may be asked by a function
 * @returns {{alias: string, use: string, reason: string}[]}
 */
export function missingKeys(overview, models, typed, stages) {
  if (overview === undefined) return [];
  const asked = new Set(stages.map(({ model }) => model));
  const hasFunction = stages.some(({ kind }) => kind === "call");
  return Object.entries(models).flatMap(([alias, known]) => {
    const use = own(typed, alias)?.trim() || known;
    const reason = hasFunction || asked.has(alias) ? reasonOf(overview, use) : null;
    return reason === null ? [] : [{ alias, use, reason }];
  });
}

/**
 * @param {ModelOverview} overview
 * @param {string} use
 * @returns {string | null}
 */
function reasonOf({ runners, keys, models }, use) {
  const listed = models.filter((model) => model.use === use);
  if (listed.length > 0) return listed.some(({ usable }) => usable !== false) ? null : (listed[0]?.reason ?? null);
  if (!runners) return null;
  const provider = use.split(":", 1)[0];
  const missing = keys.find((key) => key.provider === provider && !key.isSet);
  return missing === undefined ? null : `${missing.setting} is not set on any runner; the model ${use} needs it.`;
}
