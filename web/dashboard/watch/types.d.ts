// The shapes of the watched execution: what `fold.js` makes of its events.

import type { Item } from "../../client/types.d.ts";
import type { ExecutionView, PipelineResult, StageView } from "../../client/wire.d.ts";

export interface Spent {
  /** US dollars; null when unknown. */
  cost: number | null;
  inputTokens: number;
  outputTokens: number;
  calls: number;
}

/** What a stage's function told of how far it is. */
export interface Note {
  message: string;
  data: unknown;
  item: number | null;
  at: string;
}

export interface Stage {
  id: string;
  name: string;
  index: number;
  needs: string[];
  status: StageView["status"] | "retrying";
  startedAt: string | null;
  endedAt: string | null;
  /** Milliseconds. */
  duration: number | null;
  model: string | null;
  reason: string | null;
  error: string | null;
  errorCode: string | null;
  reusedFrom: string | null;
  /** The attempt that follows, while it waits. */
  retry: { attempt: number; delay: number; error: string; item: number | null; at: string } | null;
  /** How often it was tried again. */
  retries: number;
  notes: Note[];
  /** In a foreach, the items of which a call was answered. */
  answered: Set<number>;
  /** Live text by foreach item; the one written last is last. `isOver`: its call has ended. */
  texts: Map<number | null, { text: string; isOver: boolean }>;
  output: unknown;
  spent: Spent;
}

export interface Execution {
  id: string;
  pipelineId: string;
  pipelineName: string;
  /** Null while nothing is known. */
  status: ExecutionView["status"] | null;
  isCancelRequested: boolean;
  isFinishRequested: boolean;
  attempt: number;
  runner: string | null;
  queuedAt: string | null;
  startedAt: string | null;
  endedAt: string | null;
  input: string | null;
  options: Record<string, unknown>;
  owner: string | null;
  rerunOf: string | null;
  stages: Stage[];
  result: PipelineResult | null;
  filename: string | null;
  /** All that was stored has been applied. */
  isCaughtUp: boolean;
  /** False where earlier events are not kept any more. */
  isWhole: boolean;
  /** What happened, oldest first, without live text and the journal. */
  diary: Item[];
  /** How many entries the diary would have, if the first ones were kept. */
  told: number;
  error: string | null;
  lastSeq: number;
}
