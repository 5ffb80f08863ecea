// What an earlier execution was given, to run it again with changes.

/** @import { Client } from "../../client.js" */

/**
 * @typedef {{executionId: string, pipelineId: string, prompt: string, options: Record<string, unknown>}} Earlier
 */

/**
 * From its result, or while it has none from its first event.
 * @param {Client} client
 * @param {string} executionId
 * @param {AbortSignal} signal
 * @returns {Promise<Earlier | null>} null where neither is kept
 */
export async function readEarlier(client, executionId, signal) {
  const { pipelineId, result } = await client.execution(executionId, { signal });
  if (result !== null) return { executionId, pipelineId, prompt: result.input.prompt, options: result.input.options };
  for await (const item of client.follow(executionId, { signal })) {
    if (item.type === "execution:queued") return { executionId, pipelineId, prompt: item.input, options: item.options };
    if (item.type === "subscribed") return null; // its events are not kept any more
  }
  return null;
}
