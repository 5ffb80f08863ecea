// The shapes of the client itself; those of the wire are in wire.d.ts.

import type { CaughtUp, Dropped, ErrorMessage, Event, Gap, JournalEvent, Subscribed } from "./wire.d.ts";

export interface ClientOptions {
  /**
   * A bearer token, or what gets a fresh one: it is asked before each request and each connection. Sent as a header over
   * HTTP and as the first message over /ws, never in an address.
   */
  token?: string | (() => string | Promise<string>);
  /**
   * How long (milliseconds) a lost connection is tried again, and a submission repeated, before `gateway_unreachable` is
   * thrown: 30,000. A page that people look at takes Infinity and shows the state.
   */
  patienceMs?: number;
  fetch?: typeof globalThis.fetch;
  /** Node has one from 22 on. */
  WebSocket?: typeof globalThis.WebSocket;
  timing?: Partial<Timing>;
  limits?: Partial<Limits>;
}

/** Times in milliseconds. The defaults suit people and servers; tests shorten them. */
export interface Timing {
  /** The first wait after a loss; doubles with each failure. */
  firstRetryMs: number;
  longestRetryMs: number;
  /** The first wait after "too many" (4429); doubles, too. */
  crowdedMs: number;
  longestCrowdedMs: number;
  /** After "going away" (1012) come back anywhere within it, so that not all come at once. */
  spreadMs: number;
  /** A connection that cannot be used by then is given up. */
  connectMs: number;
  /** After so long without a message ask whether anybody is there. */
  silenceMs: number;
  /** How long that may take to answer. */
  answerMs: number;
  /** A connection that lasted so long was good: waits begin with the first one again. */
  stableMs: number;
  /** A connection that nobody needs is closed after it. */
  idleMs: number;
}

/** What may wait for a reader, and what goes over one connection. */
export interface Limits {
  /** Live text is left out, and told as `dropped`, while so many items wait. */
  liveText: number;
  /** With so many items waiting, no more are taken until half of them are read; they are asked for again then. */
  items: number;
  /** And so with so much text. */
  characters: number;
  /** On one connection; further subscriptions go over another one. */
  subscriptions: number;
}

/**
 * How the connection is.
 *
 * - `closed`: not needed, or given up; then the error was thrown to the readers
 * - `connecting`
 * - `open`
 * - `waiting`: lost; the next try begins after `retryInMs`, or when the browser is online or visible again
 */
export type State =
  | { name: "closed" | "connecting" | "open" }
  | { name: "waiting"; retryInMs: number; closeCode: number };

/**
 * What an execution's subscription gives: its events, and three notices.
 *
 * - `subscribed`, only with `recovered: false`: what was asked for is not kept any more. `snapshot` tells where the
 *   execution stands, and the events go on after number `to`.
 * - `caught_up`: what was stored already has been given, what follows happens now. Again after each reconnect.
 * - `dropped`: so many pieces of live text are missing here, because the reader was slow.
 */
export type Item = Event | Subscribed | CaughtUp | Dropped;

export type LifecycleEvent = Exclude<Event, { type: `stage:${string}` } | JournalEvent>;

/**
 * What a life-cycle subscription gives: events, and `gap` where some may be missing, as at its begin and after each
 * reconnect: there is no history to read them from. `executions()`, asked after a `gap`, tells how things stand.
 */
export type LifecycleItem = LifecycleEvent | Gap;

export interface Abortable {
  signal?: AbortSignal;
}

/** Of a list; what is null or empty is not asked for. */
export interface PageRequest<Status extends string> extends Abortable {
  limit?: number | null;
  /** The `next` of the page before. */
  before?: string | null;
  /** Only those of this pipeline, by its whole id. */
  pipeline?: string | null;
  status?: Status | "" | null;
  /** Only those with this text in prompt, pipeline id, execution id or error. */
  q?: string | null;
}

export interface Page<Row> {
  rows: Row[];
  /** Null on the last page. */
  next: string | null;
}

/**
 * What becomes of a message: `deliver`; `end`, deliver and end; `ignore`; `again`, subscribe anew after a pause;
 * `unknown`, there is no such thing for this reader.
 */
export type Judgement =
  | { verdict: "deliver" | "end"; item: any }
  | { verdict: "ignore" | "unknown" }
  | { verdict: "again"; why: ErrorMessage | null };
