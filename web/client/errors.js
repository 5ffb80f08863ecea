// What can go wrong, as one class: a stable code for programs, a sentence for people.

/** An error of the gateway, or of the way to it. What an AbortSignal ends is thrown as the signal's own reason. */
export class StagecastError extends Error {
  /**
   * @param {string} message one sentence for people
   * @param {object} facts
   * @param {string} facts.code the gateway's own, like `pipeline_not_found`, or `gateway_unreachable`
   * @param {number | null} [facts.status] the HTTP status; null where no answer came
   * @param {number | null} [facts.retryAfterMs] how long the gateway asks to wait before another try
   * @param {unknown} [facts.cause] what was underneath
   */
  constructor(message, { code, status = null, retryAfterMs = null, cause }) {
    super(message, { cause });
    this.name = "StagecastError";
    this.code = code;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * @param {string} url
 * @param {unknown} [cause]
 */
export function unreachable(url, cause) {
  return new StagecastError(`No stagecast gateway answers at ${url}.`, { code: "gateway_unreachable", cause });
}
