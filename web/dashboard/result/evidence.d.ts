// What a prompt optimization delivers, as contracts/evidence.py has it: what of it is read here.

export type Verdict = "improved" | "no_clear_change" | "regressed" | "too_few_cases";
/** From the optimized prompt's side. */
export type Outcome = "win" | "tie" | "loss";
export type Fate = "winner" | "beaten" | "rejected" | "untested";

/** The exact sign test over the held-out cases. */
export interface SignTest {
  wins: number;
  ties: number;
  losses: number;
  pValue: number;
  alpha: number;
  leastPValue: number;
  winShareLow: number;
  winShareHigh: number;
}

export interface CaseCounts {
  supplied: number;
  drafted: number;
  tuning: number;
  heldOut: number;
  heldOutTried: number;
  untriedBecause: string | null;
}

/** Shares from 0 to 1. */
export interface CriterionScore {
  name: string;
  kind: "check" | "judge";
  before: number;
  after: number;
}

export interface TriedAnswer {
  text: string;
  score: number | null;
  outputTokens: number;
  /** Milliseconds. */
  duration: number;
  error: string | null;
}

export interface CaseEvidence {
  number: number;
  split: "tuning" | "held_out";
  source: "supplied" | "drafted";
  values: Record<string, string>;
  input: string;
  expected: string | null;
  original: TriedAnswer;
  optimized: TriedAnswer;
  outcome: Outcome;
  decidedBy: "checks" | "judge" | "same_answer" | "failed_call";
  why: string;
}

export interface JudgeEvidence {
  model: string;
  pairs: number;
  flips: number;
  flipRate: number;
  firstShare: number;
  longerShare: number | null;
}

export interface PromptUse {
  characters: number;
  inputTokens: number | null;
  outputTokens: number | null;
  /** US dollars. */
  costPer1000Calls: number | null;
  /** Milliseconds. */
  latency: number | null;
}

/** A run of words that both prompts have, or one of them. */
export interface DiffPart {
  kind: "equal" | "insert" | "delete";
  text: string;
  change: number | null;
}

export interface PromptChange {
  number: number;
  before: string;
  after: string;
  issue: string | null;
}

export interface CandidateEvidence {
  strategy: string;
  fate: Fate;
  reason: string;
  prompt: string | null;
  model: string | null;
  wins: number;
  ties: number;
  losses: number;
  score: number | null;
}

export interface OptimizationCost {
  calls: number;
  inputTokens: number;
  outputTokens: number;
  /** US dollars. */
  cost: number | null;
  /** Milliseconds. */
  duration: number;
  stoppedBy: string | null;
}

export interface Evidence {
  verdict: Verdict;
  reason: string;
  isOriginalDelivered: boolean;
  winner: string;
  originalPrompt: string;
  bestPrompt: string;
  testedDigest: string | null;
  cases: CaseCounts;
  signTest: SignTest;
  criteria: CriterionScore[];
  perCase: CaseEvidence[];
  judge: JudgeEvidence | null;
  originalUse: PromptUse;
  optimizedUse: PromptUse;
  diff: DiffPart[];
  changes: PromptChange[];
  candidates: CandidateEvidence[];
  refinement: string;
  optimization: OptimizationCost;
  models: Record<string, string>;
  seed: number;
  cautions: string[];
}

export interface Optimization {
  optimizedPrompt: string;
  verdict: Verdict;
  reason: string;
  evidence: Evidence;
}
