// What these views are answered, until the generated client/wire.d.ts has it.

import type { Abortable, Page } from "../../client/types.d.ts";
import type { ExecutionListing, OutputListing } from "../../client/wire.d.ts";

export interface Asked extends Abortable {
  limit?: number;
  before?: string | null;
  pipeline?: string | null;
  status?: string | null;
  q?: string | null;
}

export type ExecutionRow = ExecutionListing & { excerpt?: string };
export type OutputRow = OutputListing & { excerpt?: string; verdict?: string | null };

export interface FileProblem {
  line: number | null;
  column: number | null;
  path: string;
  message: string;
}

export interface PipelineFile {
  filename: string;
  id: string;
  problems: FileProblem[];
}

export interface PipelineSource extends PipelineFile {
  source: string;
}

export interface KeyStatus {
  setting: string;
  provider: string;
  isSet: boolean | null;
}

export interface ModelStatus {
  use: string;
  provider: string;
  key: string | null;
  usable: boolean | null;
  reason: string | null;
  usedBy: { pipelineId: string; alias: string }[];
}

export interface ModelOverview {
  runners: number | null;
  keys: KeyStatus[];
  models: ModelStatus[];
}

export interface Requests {
  outputs(asked: Asked): Promise<Page<OutputRow>>;
  executions(asked: Asked): Promise<Page<ExecutionRow>>;
  models(how?: Abortable): Promise<ModelOverview>;
  pipelineFiles(how?: Abortable): Promise<PipelineFile[]>;
  pipelineFile(filename: string, how?: Abortable): Promise<PipelineSource>;
}
