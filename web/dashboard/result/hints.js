// What to do about an error, by its code. What happened, the error says itself: it names settings, models and limits.

/** @typedef {{text: string, place: "models" | "pipelines" | null}} Hint `place` is the view that helps */

const KEY = "where the runners start, then restart them";

/** @type {Record<string, Hint>} */
const HINTS = {
  missing_setting: at("models", `Set what is named above ${KEY}, and run again.`),
  invalid_setting: at("models", `Correct the setting that is named above ${KEY}, and run again.`),
  refused_key: at("models", `The key is wrong, has expired or may not use this model. Set a good one ${KEY}.`),
  quota_exceeded: does("Add credit at the provider, or choose a model of another one. Run again: what is done already is kept."),
  rate_limited: does("Wait a little and run again, or let the pipeline ask less at once (concurrency) or try longer (retries)."),
  overloaded: does("Wait a little and run again, or give the pipeline a fallback model of another provider."),
  server_error: does("The fault is the provider's. Run again later, or give the pipeline a fallback model of another provider."),
  transport: does("See whether the runner reaches the provider (network, proxy, address of the server), then run again."),
  unknown_model: at("pipelines", "Correct the name of the model in the pipeline file, or choose one that your account may use."),
  bad_request: at("pipelines", "The provider does not take these settings. Look at the model's settings in the pipeline file."),
  prompt_too_long: does("Shorten the input, or choose a model with a larger context."),
  content_filter: does("The provider withheld the answer for its contents. Change the input, or choose another model."),
  bad_reply: does("Run again. If it stays so, see whether the address is that of a server that speaks the provider's protocol."),
  truncated: at("pipelines", "The answer was cut off at its longest length. Allow more with max_tokens in the pipeline file."),
  schema_mismatch: at("pipelines", "The answer is not of the form that the stage asks for. Run again, or take a stronger model or a simpler schema."),
  check_failed: at("pipelines", "The stage's check refused each answer. Look at its output below, then change the prompt or the check."),
  timeout: at("pipelines", "Run again, or allow the stage more time with timeout in the pipeline file."),
  budget_exceeded: does("Run again with changes and allow more, or with less input. What was finished before is in the stages below."),
  unknown_price: at("pipelines", "A budget in dollars needs prices. Give the model's prices in the pipeline file, or limit calls instead."),
  model_error: at("models", "See whether the model can be used, then run again."),
  bad_model_file: at("models", "The local model's file cannot be loaded. Fetch it again, or name another one."),
  function_error: does("The function of this stage has a fault. The runner's log has the whole trace."),
  bad_output: does("The function of this stage delivered what cannot be kept. The runner's log has more."),
  expression_error: at("pipelines", "Correct the template or condition in the pipeline file that is named above."),
  condition_error: at("pipelines", "Correct the condition in the pipeline file that is named above."),
  bad_items: at("pipelines", "What the stage goes through must be a list. Look at what the stage before it delivered, and at foreach in the pipeline file."),
  too_few_items: does("Too many items failed. Run again: what is done already is kept."),
  bad_stage: at("pipelines", "Correct the stage in the pipeline file; runners of another version may not know its kind yet."),
  unscripted: at("pipelines", "This is a model of tests, and its script has no answer for this call. Choose a real model, or add to the script."),
  event_limit: does("The run grew too large. Split the input, or raise the limit that is named above."),
  byte_limit: does("The run grew too large. Split the input, or raise the limit that is named above."),
  log_limit: does("The run grew too large. Split the input, or raise the limit that is named above."),
  runner_lost: does("Runners ended again and again in the same stage, mostly for want of memory. Their log says why. Then run again."),
  log_unavailable: does("See whether the broker runs and has room, then run again."),
  outputs_unavailable: does("See whether the folder of results is there and has room, then run again."),
  bad_cases: does("Correct the test cases: run again with changes."),
  bad_checks: does("Correct the checks: run again with changes."),
  internal_error: does("This is a fault of stagecast. The runner's log has the whole trace."),
};

/**
 * @param {string | null | undefined} code
 * @returns {Hint | null} null where there is nothing to add to the error
 */
export function hintFor(code) {
  return code != null && Object.hasOwn(HINTS, code) ? (HINTS[code] ?? null) : null;
}

/** @param {"models" | "pipelines"} place @param {string} text @returns {Hint} */
function at(place, text) {
  return { text, place };
}

/** @param {string} text @returns {Hint} */
function does(text) {
  return { text, place: null };
}
