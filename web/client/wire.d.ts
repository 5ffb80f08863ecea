// Written by `make docs` from the models in contracts/: do not edit.
// What crosses the wire: events, the messages of /ws, and the answers of HTTP. docs/protocol.md says what they mean.

/** Say who one is, as the first message, where no header could be sent. */
export interface Auth {
  type: "auth";
  token: string;
}

/** Answer to `auth`: who one is, and what one may. */
export interface Authenticated {
  type: "authenticated";
  /** Left out where nobody is asked who they are. */
  name?: string;
  scopes: Array<string>;
}

/** What a pipeline or a stage may spend. */
export interface Budget {
  /** US dollars. */
  usd: number | null;
  /** Model calls, repeated attempts included. */
  calls: number | null;
  /** Wall time since the start, whoever ran it; a model call in flight is then cut off. */
  seconds: number | null;
  /** finish: skip the rest, still run `always` stages. fail: end as failed. */
  on_exceeded: "finish" | "fail";
  /** Under finish: `always` stages still run, but call no model beyond it either. */
  hard: boolean;
}

/** A model call came to its end; a runner that resumes the stage does not make it again. */
export interface CallCompleted {
  type: "call:completed";
  executionId: string;
  /** When it happened, by the clock of who wrote it. */
  at: string;
  stage: StageRef;
  /** The stage's place in the file, from 0. */
  index: number;
  /** How many stages the file has. */
  total: number;
  /** Number in the execution's log, from 0; -1 until appended. */
  seq: number;
  /** SHA-256 of everything that determines the call. */
  key: string;
  /** The item's place, in a foreach. */
  item: number | null;
  /** Who answered, as provider:model; null where nobody did. */
  model: string | null;
  /** The answer as written. */
  text: string;
  /** The answer parsed, where a schema was asked for. */
  value: unknown;
  /** Whether `value` holds the parsed answer; else it is `text`. */
  hasValue: boolean;
  inputTokens: number;
  outputTokens: number;
  /** US dollars; null when unknown. */
  cost: number | null;
  /** Milliseconds, of the call alone. */
  duration: number;
  /** Why there is no answer, although it was paid for. */
  fault: CallFault | null;
}

/** Why a model call that was answered, and paid for, delivered nothing. */
export interface CallFault {
  message: string;
  code: string;
  isRetryable: boolean;
  retryAfterSeconds: number | null;
}

/** Whether there was something to cancel. */
export interface CancelReply {
  cancelled: boolean;
}

/** All stored events up to number `seq` were given; what follows happens now. */
export interface CaughtUp {
  type: "caught_up";
  executionId: string;
  /** Null where the events are not kept any more. */
  seq?: number;
}

/** US dollars: at least, as expected, at most. */
export interface CostRange {
  low: number;
  expected: number;
  high: number;
}

/** A number that is not known yet: at least, as expected, at most. */
export interface CountRange {
  low: number;
  expected: number;
  high: number;
}

/** So many pieces of live text were left out since the last message, because the reader was slow. */
export interface Dropped {
  type: "dropped";
  executionId: string;
  dropped: number;
}

/** A message could not be understood or served; the connection stays open. */
export interface ErrorMessage {
  type: "error";
  /** One execution, or `*` for the life cycle of all. */
  executionId?: string;
  /** The life cycle of this pipeline's executions. */
  pipelineId?: string;
  message: string;
  /** Stable, for programs; left out for what is no message. */
  code?: string;
}

/** What a run would take. `low` and `high` are as far apart as is not known; `budget` is what holds in any case. */
export interface Estimate {
  pipelineId: string;
  /** Model calls. `high` counts repeated attempts. */
  calls: CountRange;
  inputTokens: CountRange;
  outputTokens: CountRange;
  /** Null where a price is unknown. */
  cost: CostRange | null;
  stages: Array<StageEstimate>;
  /** What the numbers stand on, a sentence each. */
  assumptions: Array<string>;
  /** False where the calls of a stage cannot be foreseen: there may be more than `high`. */
  isComplete: boolean;
  /** The budget of the whole run. */
  budget: Budget | null;
  /** Whether a `high` is beyond the budget, which ends such a run before. */
  limitedByBudget: boolean;
}

/** Somebody asked to stop it. */
export interface ExecutionCancelRequested {
  type: "execution:cancel_requested";
  executionId: string;
  /** When it happened, by the clock of who wrote it. */
  at: string;
  /** Number in the execution's log, from 0; -1 until appended. */
  seq: number;
}

/** The end, whatever it was: `result.status` tells success, early_exit, failed and cancelled apart. */
export interface ExecutionCompleted {
  type: "execution:completed";
  executionId: string;
  /** When it happened, by the clock of who wrote it. */
  at: string;
  /** Number in the execution's log, from 0; -1 until appended. */
  seq: number;
  result: PipelineResult;
  /** The saved result's name in outputs; null if not saved. */
  filename: string | null;
}

/** How the execution ends is decided. What follows is only to save the result, and to tell. */
export interface ExecutionEnding {
  type: "execution:ending";
  executionId: string;
  /** When it happened, by the clock of who wrote it. */
  at: string;
  /** Number in the execution's log, from 0; -1 until appended. */
  seq: number;
  result: PipelineResult;
}

/** Somebody asked to stop here and keep the best that there is. */
export interface ExecutionFinishRequested {
  type: "execution:finish_requested";
  executionId: string;
  /** When it happened, by the clock of who wrote it. */
  at: string;
  /** Number in the execution's log, from 0; -1 until appended. */
  seq: number;
}

/** One row of `GET /api/executions`. */
export interface ExecutionListing {
  id: string;
  pipelineId: string;
  status: "queued" | "running" | "success" | "early_exit" | "failed" | "cancelled";
  cancelRequested: boolean;
  finishRequested: boolean;
  attempt: number;
  runner: string | null;
  queuedAt: string;
  startedAt: string | null;
  endedAt: string | null;
  /** The saved result's name in outputs. */
  filename: string | null;
  /** Who submitted it; null where nobody is asked who they are. */
  owner: string | null;
  /** How the prompt begins, on one line. */
  excerpt: string;
}

/** Accepted: event 0 of every execution, and its entry in the work queue. */
export interface ExecutionQueued {
  type: "execution:queued";
  executionId: string;
  /** When it happened, by the clock of who wrote it. */
  at: string;
  /** Number in the execution's log, from 0; -1 until appended. */
  seq: number;
  pipelineId: string;
  /** The definition that runs, whatever is deployed meanwhile. */
  pipeline: Record<string, unknown>;
  input: string;
  options: Record<string, unknown>;
  /** Set where an earlier execution is run again. */
  rerun: Rerun | null;
  /** Who submitted it; null where nobody is asked who they are. */
  owner: string | null;
}

/** The runner gave the execution back unfinished, for example to shut down; another one may resume it at once. */
export interface ExecutionReleased {
  type: "execution:released";
  executionId: string;
  /** When it happened, by the clock of who wrote it. */
  at: string;
  /** Number in the execution's log, from 0; -1 until appended. */
  seq: number;
  runner: string;
  reason: string;
}

/** Another runner claimed it, because the one before was lost; finished stages are kept. */
export interface ExecutionResumed {
  type: "execution:resumed";
  executionId: string;
  /** When it happened, by the clock of who wrote it. */
  at: string;
  /** Number in the execution's log, from 0; -1 until appended. */
  seq: number;
  attempt: number;
  runner: string;
}

/** A runner claimed the execution for the first time. */
export interface ExecutionStarted {
  type: "execution:started";
  executionId: string;
  /** When it happened, by the clock of who wrote it. */
  at: string;
  /** Number in the execution's log, from 0; -1 until appended. */
  seq: number;
  pipelineId: string;
  pipelineName: string;
  pipelineVersion: string;
  stages: Array<StageRef>;
  total: number;
  attempt: number;
  runner: string;
}

/** Answer of `GET /api/executions/{id}`: a fold over the execution's events. */
export interface ExecutionView {
  id: string;
  pipelineId: string;
  status: "queued" | "running" | "success" | "early_exit" | "failed" | "cancelled";
  cancelRequested: boolean;
  finishRequested: boolean;
  attempt: number;
  runner: string | null;
  queuedAt: string;
  startedAt: string | null;
  endedAt: string | null;
  /** The saved result's name in outputs. */
  filename: string | null;
  /** Who submitted it; null where nobody is asked who they are. */
  owner: string | null;
  /** How the prompt begins, on one line. */
  excerpt: string;
  /** Number of the last event that this view includes; -1 where none is kept. */
  lastSeq: number;
  stages: Array<StageView>;
  /** The execution that this one runs again. */
  rerunOf: string | null;
  result: PipelineResult | null;
}

/** Whether there was something to finish. */
export interface FinishReply {
  finishing: boolean;
}

/** Life-cycle events may be missing here: `GET /api/executions` tells how things stand. */
export interface Gap {
  type: "gap";
  /** One execution, or `*` for the life cycle of all. */
  executionId?: string;
  /** The life cycle of this pipeline's executions. */
  pipelineId?: string;
}

/** One row of `GET /api/outputs`. */
export interface OutputListing {
  filename: string;
  pipelineId: string;
  status: "success" | "early_exit" | "failed" | "cancelled";
  timestamp: string;
  duration: number;
  cost: number | null;
  stagesRun: number;
  stagesSkipped: number;
  stagesFailed: number;
  executionId: string;
  /** How the prompt begins, on one line. */
  excerpt: string;
  /** `output.verdict` where that is a string. */
  verdict: string | null;
}

/** What was submitted. */
export interface PipelineInput {
  prompt: string;
  options: Record<string, unknown>;
}

/** One row of `GET /api/pipelines`. */
export interface PipelineListing {
  filename: string;
  id: string;
  name: string;
  version: string;
  description: string;
  stageCount: number;
  defaultProvider: string | null;
}

/** The end of an execution, as saved in outputs and carried by `execution:completed`. */
export interface PipelineResult {
  executionId: string;
  pipelineId: string;
  pipelineVersion: string;
  status: "success" | "early_exit" | "failed" | "cancelled";
  /** When the execution was submitted. */
  timestamp: string;
  input: PipelineInput;
  output: unknown;
  stages: Array<StageResult>;
  summary: Summary;
  error: string | null;
  errorCode: string | null;
  /** The execution that this one ran again. */
  rerunOf: string | null;
  /** Who submitted it; null where nobody is asked who they are. */
  owner: string | null;
}

/** Which execution is run again, and what of it is kept. */
export interface Rerun {
  of: string;
  /** The stage from which everything runs anew, if one was named. */
  fromStage: string | null;
  /** By stage id. */
  reused: Record<string, Reused>;
}

/** Accepted: a new execution that takes over what an earlier one delivered. */
export interface RerunReply {
  executionId: string;
  pipelineId: string;
  status: "started";
  rerunOf: string;
  /** The stages whose results are taken over, by id in file order. */
  reused: Array<string>;
}

/** What a stage delivered in the execution that is run again. */
export interface Reused {
  /** The execution that delivered it, and paid for it. */
  of: string;
  output: unknown;
  /** The model that answered then. */
  model: string | null;
}

/** Accepted: the execution is in the log and will run. */
export interface RunReply {
  executionId: string;
  pipelineId: string;
  status: "started";
}

/** A stage delivered. */
export interface StageCompleted {
  type: "stage:completed";
  executionId: string;
  /** When it happened, by the clock of who wrote it. */
  at: string;
  stage: StageRef;
  /** The stage's place in the file, from 0. */
  index: number;
  /** How many stages the file has. */
  total: number;
  /** Number in the execution's log, from 0; -1 until appended. */
  seq: number;
  result: StageOutcome;
}

/** What one stage would take. */
export interface StageEstimate {
  stageId: string;
  stageName: string;
  /** Why it will be skipped for sure. */
  reason: string | null;
  /** The models that it would ask, as provider:model, several with commas; null where it asks none. */
  model: string | null;
  /** Model calls. */
  calls: CountRange;
  inputTokens: CountRange;
  outputTokens: CountRange;
  /** Null where a price is unknown. */
  cost: CostRange | null;
  /** False where its calls cannot be foreseen: there may be more than `high`. */
  isComplete: boolean;
}

/** A stage could not deliver. */
export interface StageFailed {
  type: "stage:failed";
  executionId: string;
  /** When it happened, by the clock of who wrote it. */
  at: string;
  stage: StageRef;
  /** The stage's place in the file, from 0. */
  index: number;
  /** How many stages the file has. */
  total: number;
  /** Number in the execution's log, from 0; -1 until appended. */
  seq: number;
  error: string;
  code: string;
  /** What was spent; `output` is the fallback under `on_error: use_skipped`. */
  result: StageOutcome;
}

/** What one stage delivered and spent; travels in `stage:completed` and `stage:failed`. */
export interface StageOutcome {
  status: "success" | "skipped" | "failed" | "cancelled";
  /** US dollars, every attempt counted; null when unknown. */
  cost: number | null;
  /** Milliseconds. */
  duration: number;
  /** The model that answered, as provider:model. */
  model: string | null;
  inputTokens: number;
  outputTokens: number;
  /** Model calls made, repeated attempts included. */
  calls: number;
  output: unknown;
  /** The execution that delivered this, and paid for it. */
  reusedFrom: string | null;
}

/** Live text as a model writes it. Not stored: what matters of it is in `stage:completed`. */
export interface StageOutput {
  type: "stage:output";
  executionId: string;
  /** When it happened, by the clock of who wrote it. */
  at: string;
  stage: StageRef;
  /** The stage's place in the file, from 0. */
  index: number;
  /** How many stages the file has. */
  total: number;
  text: string;
  /** Which claim of the execution wrote it. */
  attempt: number;
  /** The item's place, in a foreach. */
  item: number | null;
}

/** What a stage's function has come to so far, in its own words. Told once, however often the function runs. */
export interface StageProgress {
  type: "stage:progress";
  executionId: string;
  /** When it happened, by the clock of who wrote it. */
  at: string;
  stage: StageRef;
  /** The stage's place in the file, from 0. */
  index: number;
  /** How many stages the file has. */
  total: number;
  /** Number in the execution's log, from 0; -1 until appended. */
  seq: number;
  /** One line for people. */
  message: string;
  /** The same for programs, as the function gives it. */
  data: unknown;
  /** The item's place, in a foreach. */
  item: number | null;
}

/** Which stage an event speaks of. */
export interface StageRef {
  id: string;
  name: string;
}

/** One stage in a PipelineResult. */
export interface StageResult {
  stageId: string;
  stageName: string;
  status: "success" | "skipped" | "failed" | "cancelled";
  duration: number;
  model: string | null;
  cost: number | null;
  inputTokens: number;
  outputTokens: number;
  output: unknown;
  /** Why the stage was skipped. */
  reason: string | null;
  error: string | null;
  errorCode: string | null;
  /** The execution that delivered this, and paid for it. */
  reusedFrom: string | null;
}

/** An attempt failed and another follows after a wait. */
export interface StageRetrying {
  type: "stage:retrying";
  executionId: string;
  /** When it happened, by the clock of who wrote it. */
  at: string;
  stage: StageRef;
  /** The stage's place in the file, from 0. */
  index: number;
  /** How many stages the file has. */
  total: number;
  /** Number in the execution's log, from 0; -1 until appended. */
  seq: number;
  /** The number of the attempt that follows. */
  attempt: number;
  /** Milliseconds until it begins. */
  delay: number;
  error: string;
  code: string;
  /** The item's place, in a foreach. */
  item: number | null;
}

/** A stage will not run; it was never reported as started. */
export interface StageSkipped {
  type: "stage:skipped";
  executionId: string;
  /** When it happened, by the clock of who wrote it. */
  at: string;
  stage: StageRef;
  /** The stage's place in the file, from 0. */
  index: number;
  /** How many stages the file has. */
  total: number;
  /** Number in the execution's log, from 0; -1 until appended. */
  seq: number;
  reason: string;
  /** What it offers to later stages: its `output_when_skipped`. */
  output: unknown;
}

/** A stage begins. */
export interface StageStarted {
  type: "stage:started";
  executionId: string;
  /** When it happened, by the clock of who wrote it. */
  at: string;
  stage: StageRef;
  /** The stage's place in the file, from 0. */
  index: number;
  /** How many stages the file has. */
  total: number;
  /** Number in the execution's log, from 0; -1 until appended. */
  seq: number;
}

/** One stage in the answer of `GET /api/executions/{id}`. */
export interface StageView {
  id: string;
  name: string;
  index: number;
  status: "pending" | "running" | "completed" | "skipped" | "failed" | "cancelled" | "not_run";
  cost: number | null;
  duration: number | null;
  model: string | null;
  reason: string | null;
  error: string | null;
  reusedFrom: string | null;
  startedAt: string | null;
  endedAt: string | null;
}

/** A step is done; a runner that resumes the stage does not do it again. */
export interface StepCompleted {
  type: "step:completed";
  executionId: string;
  /** When it happened, by the clock of who wrote it. */
  at: string;
  stage: StageRef;
  /** The stage's place in the file, from 0. */
  index: number;
  /** How many stages the file has. */
  total: number;
  /** Number in the execution's log, from 0; -1 until appended. */
  seq: number;
  /** SHA-256 of stage, item, name, and which use of the name. */
  key: string;
  name: string;
  /** The item's place, in a foreach. */
  item: number | null;
  output: unknown;
}

/** Ask for an execution's events, from its first one on or after a point; or for life-cycle events. */
export interface Subscribe {
  type: "subscribe";
  /** One execution, or `*` for the life cycle of all. */
  executionId?: string;
  /** The life cycle of this pipeline's executions. */
  pipelineId?: string;
  /** The last `seq` seen; left out: from the start. */
  after?: number;
  /** `all` adds the journal: what runners store for each other. */
  events?: "default" | "all";
}

/**
 * First answer to `subscribe`; `success` is false for what is unknown, or is somebody else's. The stored events
 * from number `from` to number `to` follow (none where `from` is above `to`), then `caught_up`, then what happens
 * from then on. All that is about one execution is left out for life-cycle events, which have no history.
 */
export interface Subscribed {
  type: "subscribed";
  /** One execution, or `*` for the life cycle of all. */
  executionId?: string;
  /** The life cycle of this pipeline's executions. */
  pipelineId?: string;
  success: boolean;
  /** Where the execution stands after event `to`. */
  status?: "queued" | "running" | "success" | "early_exit" | "failed" | "cancelled";
  /** Number of the first event that follows. */
  from?: number;
  /** Number of the last event that is stored already. */
  to?: number;
  /** False where what was asked for is not kept any more: `snapshot` stands in for what is missing. */
  recovered?: boolean;
  /** Where the execution stands. */
  snapshot?: ExecutionView;
}

/** The totals of a PipelineResult. */
export interface Summary {
  stagesRun: number;
  stagesSkipped: number;
  stagesFailed: number;
  /** Milliseconds from start to end, not the sum of the stages. */
  totalDuration: number;
  /** US dollars; null when any part is unknown. */
  totalCost: number | null;
  totalInputTokens: number;
  totalOutputTokens: number;
}

/** Ask for no more of it. */
export interface Unsubscribe {
  type: "unsubscribe";
  /** One execution, or `*` for the life cycle of all. */
  executionId?: string;
  /** The life cycle of this pipeline's executions. */
  pipelineId?: string;
}

/** Answer to `unsubscribe`. */
export interface Unsubscribed {
  type: "unsubscribed";
  /** One execution, or `*` for the life cycle of all. */
  executionId?: string;
  /** The life cycle of this pipeline's executions. */
  pipelineId?: string;
}

export type Event =
  | ExecutionQueued
  | ExecutionStarted
  | ExecutionResumed
  | ExecutionReleased
  | ExecutionCancelRequested
  | ExecutionFinishRequested
  | ExecutionEnding
  | ExecutionCompleted
  | StageStarted
  | StageCompleted
  | StageSkipped
  | StageFailed
  | StageRetrying
  | StageProgress
  | CallCompleted
  | StepCompleted
  | StageOutput;

export type LogEvent =
  | ExecutionQueued
  | ExecutionStarted
  | ExecutionResumed
  | ExecutionReleased
  | ExecutionCancelRequested
  | ExecutionFinishRequested
  | ExecutionEnding
  | ExecutionCompleted
  | StageStarted
  | StageCompleted
  | StageSkipped
  | StageFailed
  | StageRetrying
  | StageProgress
  | CallCompleted
  | StepCompleted;

export type JournalEvent =
  | CallCompleted
  | StepCompleted
  | ExecutionEnding;

export type ServerMessage =
  | Authenticated
  | Subscribed
  | CaughtUp
  | Dropped
  | Gap
  | Unsubscribed
  | ErrorMessage;

export type ClientMessage =
  | Auth
  | Subscribe
  | Unsubscribe;
