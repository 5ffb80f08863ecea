// What is asked over HTTP, a method each. How a request is sent is in exchange.js; following live is in ../client.js.

/** @import { Abortable, Page, PageRequest } from "./types.d.ts" */
/** @import { Exchange } from "./exchange.js" */
/** @import { Estimate, ExecutionListing, ExecutionView, ModelOverview, OptionsReply, OutputListing, PipelineDetail, PipelineFile, PipelineListing, PipelineResult, PipelineSource, RerunReply, RunReply, StageInput } from "./wire.d.ts" */

/** The half of the client that keeps nothing; an EventTarget because the other half is one. */
export class Requests extends EventTarget {
  #exchange;

  /** @param {Exchange} exchange */
  constructor(exchange) {
    super();
    this.#exchange = exchange;
  }

  /**
   * Start an execution, once, however often an answer is lost on the way.
   * @param {string} pipelineId
   * @param {string} input
   * @param {{options?: Record<string, unknown>} & Abortable} [how]
   * @returns {Promise<RunReply>}
   */
  submit(pipelineId, input, { options = {}, signal } = {}) {
    return this.#exchange.submit(at`/api/pipelines/${pipelineId}/run`, { input, options }, signal);
  }

  /**
   * Tell what a run would take, in calls, tokens and dollars; nothing is started.
   * @param {string} pipelineId
   * @param {string} input
   * @param {{options?: Record<string, unknown>} & Abortable} [how]
   * @returns {Promise<Estimate>}
   */
  estimate(pipelineId, input, { options = {}, signal } = {}) {
    return this.#exchange.request("POST", at`/api/pipelines/${pipelineId}/estimate`, { body: { input, options }, signal });
  }

  /**
   * Read files into options, as a submission of the same form would; nothing is started.
   * @param {string} pipelineId
   * @param {FormData} form files named like options; `options`, the others as JSON; `input`, which may be left out
   * @param {Abortable} [how]
   * @returns {Promise<OptionsReply>}
   */
  readOptions(pipelineId, form, how) {
    return this.#exchange.request("POST", at`/api/pipelines/${pipelineId}/options`, { ...how, body: form });
  }

  /**
   * Run an execution that has ended again, as a new one. What is left out is as it was.
   * @param {string} executionId
   * @param {{fromStage?: string, input?: string, options?: Record<string, unknown>} & Abortable} [changes]
   * @returns {Promise<RerunReply>}
   */
  rerun(executionId, { signal, ...changes } = {}) {
    return this.#exchange.submit(at`/api/executions/${executionId}/rerun`, changes, signal);
  }

  /**
   * Ask to stop an execution; false when there was nothing to stop.
   * @param {string} executionId
   * @param {Abortable} [how]
   * @returns {Promise<boolean>}
   */
  async cancel(executionId, how) {
    return (await this.#exchange.request("POST", at`/api/executions/${executionId}/cancel`, how)).cancelled;
  }

  /**
   * Ask an execution to stop here and keep the best that it has; false when there was nothing to finish.
   * @param {string} executionId
   * @param {Abortable} [how]
   * @returns {Promise<boolean>}
   */
  async finish(executionId, how) {
    return (await this.#exchange.request("POST", at`/api/executions/${executionId}/finish`, how)).finishing;
  }

  /**
   * @param {string} executionId
   * @param {Abortable} [how]
   * @returns {Promise<ExecutionView>}
   */
  execution(executionId, how) {
    return this.#exchange.request("GET", at`/api/executions/${executionId}`, how);
  }

  /**
   * Newest first. With a filter a page may have fewer rows than its limit, even none, and still a `next`.
   * @param {PageRequest<ExecutionListing["status"]>} [page]
   * @returns {Promise<Page<ExecutionListing>>}
   */
  executions(page = {}) {
    return this.#exchange.page("/api/executions", page);
  }

  /**
   * What a stage was given, rendered anew.
   * @param {string} executionId
   * @param {string} stageId
   * @param {Abortable} [how]
   * @returns {Promise<StageInput>}
   */
  stageInput(executionId, stageId, how) {
    return this.#exchange.request("GET", at`/api/executions/${executionId}/stages/${stageId}/input`, how);
  }

  /**
   * @param {Abortable} [how]
   * @returns {Promise<PipelineListing[]>}
   */
  pipelines(how) {
    return this.#exchange.request("GET", "/api/pipelines", how);
  }

  /**
   * @param {string} pipelineId
   * @param {Abortable} [how]
   * @returns {Promise<PipelineDetail>}
   */
  pipeline(pipelineId, how) {
    return this.#exchange.request("GET", at`/api/pipelines/${pipelineId}`, how);
  }

  /**
   * All pipeline files with what is wrong in them.
   * @param {Abortable} [how]
   * @returns {Promise<PipelineFile[]>}
   */
  pipelineFiles(how) {
    return this.#exchange.request("GET", "/api/pipeline-files", how);
  }

  /**
   * @param {string} filename
   * @param {Abortable} [how]
   * @returns {Promise<PipelineSource>}
   */
  pipelineFile(filename, how) {
    return this.#exchange.request("GET", at`/api/pipeline-files/${filename}`, how);
  }

  /**
   * Which models can be used, and which setting is missing.
   * @param {Abortable} [how]
   * @returns {Promise<ModelOverview>}
   */
  models(how) {
    return this.#exchange.request("GET", "/api/models", how);
  }

  /**
   * Saved results, newest first, like `executions`.
   * @param {PageRequest<OutputListing["status"]>} [page]
   * @returns {Promise<Page<OutputListing>>}
   */
  outputs(page = {}) {
    return this.#exchange.page("/api/outputs", page);
  }

  /**
   * @param {string} filename
   * @param {Abortable} [how]
   * @returns {Promise<PipelineResult>}
   */
  output(filename, how) {
    return this.#exchange.request("GET", at`/api/outputs/${filename}`, how);
  }

  /**
   * A saved result as people read it: one HTML page that needs no other file, or Markdown.
   * @param {string} filename
   * @param {"html" | "md"} [format]
   * @param {Abortable} [how]
   * @returns {Promise<string>}
   */
  report(filename, format = "html", how) {
    return this.#exchange.request("GET", at`/api/outputs/${filename}?format=${format}`, { ...how, isText: true });
  }
}

/**
 * A path with names in it, each encoded.
 * @param {TemplateStringsArray} parts
 * @param {string[]} names
 */
function at(parts, ...names) {
  return String.raw({ raw: parts }, ...names.map(encodeURIComponent));
}
