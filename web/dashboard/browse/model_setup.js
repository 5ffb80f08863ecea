// What there is to say of the models that pipelines use: how things stand as a whole, and examples that fit this gateway.

/** @import { KeyStatus, ModelOverview, ModelStatus } from "../../client/wire.d.ts" */

const BUILT_IN = "local:smollm2";

/** A model of each provider with a key of its own, for examples. @type {Record<string, string>} */
const EXAMPLES = { openai: "openai:gpt-5-mini", anthropic: "anthropic:claude-haiku-4-5" };

/**
 * How things stand, the most pressing first.
 *
 * - `no_runner`: nothing runs before one is there
 * - `unknown`: the broker does not say which runners there are
 * - `missing`: some models that pipelines use cannot be asked
 * - `ready`
 * @param {ModelOverview} overview
 * @returns {"no_runner" | "unknown" | "missing" | "ready"}
 */
export function standing({ runners, models }) {
  if (runners === 0) return "no_runner";
  if (runners === null) return "unknown";
  return models.some((model) => model.usable === false) ? "missing" : "ready";
}

/**
 * Whether of all models that are used only the small one that comes with it can be asked. Scripted ones are none.
 * @param {ModelOverview} overview
 */
export function isOnlyBuiltInUsable({ models }) {
  const usable = models.filter(({ usable, provider }) => usable === true && provider !== "scripted");
  return usable.length > 0 && usable.every(({ use }) => use === BUILT_IN);
}

/**
 * The pipelines that use a model, each with all aliases by which it does.
 * @param {ModelStatus["usedBy"]} usedBy
 * @returns {{pipelineId: string, aliases: string[]}[]}
 */
export function usersOf(usedBy) {
  /** @type {Map<string, string[]>} */
  const found = new Map();
  for (const { pipelineId, alias } of usedBy) found.set(pipelineId, [...(found.get(pipelineId) ?? []), alias]);
  return [...found].map(([pipelineId, aliases]) => ({ pipelineId, aliases }));
}

/**
 * The key to speak of in an example: one that is missing and needed, else one that is missing, else the first.
 * @param {ModelOverview} overview
 * @returns {KeyStatus | null}
 */
export function keyToSet({ keys, models }) {
  const isNeeded = (/** @type {KeyStatus} */ { setting }) => models.some((model) => model.key === setting && model.usable === false);
  return keys.find(isNeeded) ?? keys.find(({ isSet }) => isSet !== true) ?? keys[0] ?? null;
}

/**
 * How an alias that there is would be pointed at another model: at one whose key is set, or else is spoken of.
 * @param {ModelOverview} overview
 * @returns {{alias: string, pipelineId: string, setting: string, option: string} | null} null where no pipeline names a model
 */
export function aliasExample(overview) {
  const { keys, models } = overview;
  const users = models.flatMap(({ use, usedBy }) => usedBy.map((user) => ({ ...user, isBuiltIn: use === BUILT_IN })));
  const user = users.find(({ isBuiltIn }) => isBuiltIn) ?? users[0];
  if (user === undefined) return null;
  const isSet = (/** @type {string} */ provider) => keys.some((key) => key.provider === provider && key.isSet === true);
  const provider = Object.keys(EXAMPLES).find(isSet) ?? keyToSet(overview)?.provider ?? "openai";
  const model = EXAMPLES[provider] ?? EXAMPLES.openai ?? "";
  const { alias, pipelineId } = user;
  return {
    alias,
    pipelineId,
    setting: `export STAGECAST_MODELS='${JSON.stringify({ [alias]: { use: model } })}'`,
    option: `stagecast run ${pipelineId} --input "…" --option 'models=${JSON.stringify({ [alias]: model })}'`,
  };
}

/**
 * A sentence with the settings and commands in it told apart.
 * @param {string} sentence
 * @returns {{text: string, isCode: boolean}[]}
 */
export function codeIn(sentence) {
  const parts = sentence.split(/`([^`]+)`|\b([A-Z][A-Z0-9_]*_[A-Z0-9_]+)\b/).map((text, index) => ({ text, isCode: index % 3 !== 0 }));
  return parts.filter(({ text }) => text);
}
