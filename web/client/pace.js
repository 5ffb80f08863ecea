// How long to wait before another try, and which ends of a connection allow none. Pure: no clock, no socket.

import { StagecastError } from "./errors.js";

/** @import { Timing } from "./types.d.ts" */

/** @type {Timing} */
export const TIMING = {
  firstRetryMs: 250,
  longestRetryMs: 15_000,
  crowdedMs: 5_000,
  longestCrowdedMs: 60_000,
  spreadMs: 3_000,
  connectMs: 10_000,
  silenceMs: 20_000,
  answerMs: 10_000,
  stableMs: 10_000,
  idleMs: 1_000,
};

// Close codes of the gateway: docs/protocol.md.
const GOING_AWAY = 1012;
const TOO_MANY = 4429;

/** @type {Record<number, {code: string, status: number, message: string}>} */
const REFUSALS = {
  1009: { code: "message_too_long", status: 413, message: "The gateway takes no message of this length." },
  4400: { code: "bad_message", status: 400, message: "The gateway does not understand this client." },
  4401: { code: "unauthenticated", status: 401, message: "The gateway wants a valid token." },
  4403: { code: "forbidden", status: 403, message: "This token may not read executions." },
};

/**
 * Say why another try is of no use; null where it is.
 * @param {number} closeCode
 */
export function refusalOf(closeCode) {
  const refusal = REFUSALS[closeCode];
  return refusal ? new StagecastError(refusal.message, refusal) : null;
}

/**
 * Say how long to wait before the next try.
 *
 * | close code | wait |
 * |---|---|
 * | 1012 going away | anywhere within `spreadMs` |
 * | 4429 too many | `crowdedMs`, doubled with each failure in a row, up to `longestCrowdedMs` |
 * | any other, 4408 too slow among them | `firstRetryMs`, doubled likewise, up to `longestRetryMs` |
 *
 * The last two are shortened by up to a half by chance, so that clients that were lost together do not come together.
 *
 * @param {number} failures in a row before this one
 * @param {number} closeCode
 * @param {Timing} timing
 * @param {() => number} [random]
 */
export function pauseBefore(failures, closeCode, timing, random = Math.random) {
  if (closeCode === GOING_AWAY && failures === 0) return random() * timing.spreadMs;
  const [first, longest] =
    closeCode === TOO_MANY
      ? [timing.crowdedMs, timing.longestCrowdedMs]
      : [timing.firstRetryMs, timing.longestRetryMs];
  return Math.min(first * 2 ** failures, longest) * (1 - random() / 2);
}
