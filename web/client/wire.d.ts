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

/** One rewrite, and what became of it. */
export interface CandidateEvidence {
  strategy: string;
  fate: "winner" | "beaten" | "rejected" | "untested";
  /** One sentence. */
  reason: string;
  /** Null when none was written. */
  prompt: string | null;
  /** Who wrote it. */
  model: string | null;
  /** On tuning cases, against the original; a refinement against the best before. */
  wins: number;
  ties: number;
  losses: number;
  /** Mean share of checks passed on tuning cases. */
  score: number | null;
}

/** How many test cases there were, and what they were used for. */
export interface CaseCounts {
  supplied: number;
  drafted: number;
  /** Seen while candidates were made and chosen. */
  tuning: number;
  /** Kept for the final comparison; in no prompt before it. */
  heldOut: number;
  /** Of those, how many were compared. */
  heldOutTried: number;
  /** Why the others were not, as a clause. */
  untriedBecause: string | null;
}

/** One test case: both answers, which is better, and why. */
export interface CaseEvidence {
  /** The case's place among all cases, from 1. */
  number: number;
  split: "tuning" | "held_out";
  source: "supplied" | "drafted";
  /** Values of the prompt's placeholders. */
  values: Record<string, string>;
  input: string;
  expected: string | null;
  original: TriedAnswer;
  optimized: TriedAnswer;
  outcome: "win" | "tie" | "loss";
  decidedBy: "checks" | "judge" | "same_answer" | "failed_call";
  /** One sentence. */
  why: string;
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

/** One criterion over the held-out cases: for a check the share that passed, for the judge the share preferred. */
export interface CriterionScore {
  name: string;
  kind: "check" | "judge";
  before: number;
  after: number;
  /** How many cases it was looked at on. */
  cases: number;
}

/** A run of words that both prompts have, or one of them; joined in order they give both. */
export interface DiffPart {
  kind: "equal" | "insert" | "delete";
  text: string;
  /** Number of the change that it belongs to. */
  change: number | null;
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

/** Everything that stands behind a verdict. */
export interface Evidence {
  verdict: "improved" | "no_clear_change" | "regressed" | "too_few_cases";
  /** One sentence for people. */
  reason: string;
  isOriginalDelivered: boolean;
  /** The strategy of the best candidate, or `original`. */
  winner: string;
  originalPrompt: string;
  /** The best candidate, letter for letter as it was tried; else the original. */
  bestPrompt: string;
  /** SHA-256 of the best prompt as the target was sent it. */
  testedDigest: string | null;
  cases: CaseCounts;
  signTest: SignTest;
  criteria: Array<CriterionScore>;
  perCase: Array<CaseEvidence>;
  /** Null when no judge was needed. */
  judge: JudgeEvidence | null;
  originalUse: PromptUse;
  optimizedUse: PromptUse;
  diff: Array<DiffPart>;
  changes: Array<PromptChange>;
  candidates: Array<CandidateEvidence>;
  /** What the refinement came to, in a sentence. */
  refinement: string;
  optimization: OptimizationCost;
  /** Which model did what, by alias. */
  models: Record<string, string>;
  seed: number;
  /** What weakens the evidence, a sentence each. */
  cautions: Array<string>;
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

/** One fault of a pipeline file. */
export interface FileProblem {
  /** From 1; null when the fault has no single place. */
  line: number | null;
  /** From 1; null where only the line is known. */
  column: number | null;
  /** Where in the document, like `stages.rewrite.prompt.user`; empty for the whole file. */
  path: string;
  /** What is wrong and how to mend it, in one sentence. */
  message: string;
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

/** How far the judge can be trusted: it is asked twice about each pair, in both orders. */
export interface JudgeEvidence {
  model: string;
  /** Pairs that it was asked about. */
  pairs: number;
  /** Pairs where the two orders did not agree; they count as ties. */
  flips: number;
  flipRate: number;
  /** Share of single answers, ties left out, that took the first position. */
  firstShare: number;
  /** Share of decided pairs won by the longer answer; null when none was decided. */
  longerShare: number | null;
}

/** One setting that holds a key. */
export interface KeyStatus {
  /** The runner's environment variable, like OPENAI_API_KEY. */
  setting: string;
  provider: string;
  /** Whether some runner has it; null while no runner is known. */
  isSet: boolean | null;
}

/** Answer of `GET /api/models`. */
export interface ModelOverview {
  /** How many runners are there; null when the broker does not say. */
  runners: number | null;
  /** By setting; those of all providers, in use or not. */
  keys: Array<KeyStatus>;
  /** By name; one with two keys comes twice. */
  models: Array<ModelStatus>;
}

/** One model, as pipelines use it here. */
export interface ModelStatus {
  /** As provider:model. */
  use: string;
  provider: string;
  /** The setting that a runner must have to use it; null when it needs no key. */
  key: string | null;
  /** Whether some runner could ask it; null while no runner is known. */
  usable: boolean | null;
  /** Why it is not usable, and what to do about it; else null. */
  reason: string | null;
  /** By pipeline and alias. */
  usedBy: Array<ModelUser>;
}

/** A pipeline that names a model, and by which alias. */
export interface ModelUser {
  pipelineId: string;
  alias: string;
}

/** The output of `prompt-optimizer-v1`. */
export interface Optimization {
  /** The original, letter for letter, unless the verdict is `improved`. */
  optimizedPrompt: string;
  verdict: "improved" | "no_clear_change" | "regressed" | "too_few_cases";
  reason: string;
  evidence: Evidence;
}

/** What the optimization itself took, all stages together. */
export interface OptimizationCost {
  calls: number;
  inputTokens: number;
  outputTokens: number;
  cost: number | null;
  /** Milliseconds from the start. */
  duration: number;
  /** Why it ended before its time, in a sentence. */
  stoppedBy: string | null;
}

/** Answer of `POST /api/pipelines/{id}/options`: what a form's files and options come to. */
export interface OptionsReply {
  /** The options, files read into rows; as a run in JSON takes them. */
  options: Record<string, unknown>;
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

/** Answer of `GET /api/pipelines/{id}`; prompts, server addresses and names of keys are not in it. */
export interface PipelineDetail {
  pipeline: PipelineView;
  stages: Array<StageDefinition>;
}

/** One row of `GET /api/pipeline-files`. */
export interface PipelineFile {
  filename: string;
  /** The pipeline's; of a broken file the id that it seems to have. */
  id: string;
  /** In order of line; empty for a file that can be run. */
  problems: Array<FileProblem>;
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

/** Answer of `GET /api/pipeline-files/{filename}`: the file as it is written. */
export interface PipelineSource {
  filename: string;
  /** The pipeline's; of a broken file the id that it seems to have. */
  id: string;
  /** In order of line; empty for a file that can be run. */
  problems: Array<FileProblem>;
  /** Its text; what is not UTF-8 is U+FFFD, and it ends where no more is read. */
  source: string;
}

/** A pipeline in the answer of `GET /api/pipelines/{id}`. */
export interface PipelineView {
  filename: string;
  id: string;
  name: string;
  version: string;
  description: string;
  stageCount: number;
  defaultProvider: string | null;
  /** The input that `input` of a run fills. */
  primary: string;
  /** JSON Schema of each input, by name. */
  inputs: Record<string, unknown>;
  /** JSON Schemas that others refer to. */
  $defs: Record<string, unknown>;
  /** What aliases stand for, as provider:model. */
  models: Record<string, string>;
  budget: Budget | null;
}

/** One place where the optimized prompt differs, and the issue that it answers. */
export interface PromptChange {
  /** From 1, in the order of the diff. */
  number: number;
  before: string;
  after: string;
  /** Null when its author named none. */
  issue: string | null;
}

/** What using a prompt takes, as measured on the held-out cases. */
export interface PromptUse {
  characters: number;
  /** Mean of a call. */
  inputTokens: number | null;
  /** Mean of a call. */
  outputTokens: number | null;
  costPer1000Calls: number | null;
  /** Median milliseconds of a call. */
  latency: number | null;
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

/** The exact sign test over the held-out cases; ties say nothing and are left out of `p_value`. */
export interface SignTest {
  wins: number;
  ties: number;
  losses: number;
  /** Two-sided: how likely a split at least so uneven is by chance. */
  pValue: number;
  /** Below it a difference counts as shown. */
  alpha: number;
  /** What this many cases could reach at best: all won. */
  leastPValue: number;
  /** 95 % interval (Clopper-Pearson) of wins among decided. */
  winShareLow: number;
  winShareHigh: number;
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

/** A stage in the answer of `GET /api/pipelines/{id}`. */
export interface StageDefinition {
  id: string;
  name: string;
  description: string;
  index: number;
  /** The stages that it waits for, by id. */
  needs: Array<string>;
  kind: "prompt" | "call";
  /** The function that it calls. */
  call: string | null;
  foreach: boolean;
  model: string | null;
  always: boolean;
  /** Why it may be skipped: the reason of each condition. */
  conditions: Array<string>;
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

/** What a stage was given, without what a repeated attempt is told of its last fault. */
export interface StageInput {
  stageId: string;
  /** Null where the events are not kept any more. */
  kind: "prompt" | "call" | null;
  /** The function that it calls. */
  call: string | null;
  /** Why there are no items, in a sentence; else null. */
  reason: string | null;
  /** How many items there were; `items` has the first of them, at most 50. */
  total: number;
  items: Array<StageInputItem>;
}

/** What one run of a stage was given: the only one, or that of one item in its `foreach`. */
export interface StageInputItem {
  /** The item's place, from 0; null without `foreach`. */
  item: number | null;
  /** The item; null without `foreach`. */
  value: unknown;
  /** The prompt's system message. */
  system: string | null;
  /** The prompt's user message; null for a function. */
  user: string | null;
  /** The function's arguments; null for a prompt. */
  arguments: Record<string, unknown> | null;
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

/** What one prompt was answered on one case. */
export interface TriedAnswer {
  text: string;
  /** Share of the checks that passed; null without checks. */
  score: number | null;
  outputTokens: number;
  /** Milliseconds. */
  duration: number;
  /** Why there is no answer. */
  error: string | null;
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
