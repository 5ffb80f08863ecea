// Numbers and times as people read them. Unknown is said to be unknown, never shown as zero.

/** @import { CostRange, CountRange } from "../../client/wire.d.ts" */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const COUNT = new Intl.NumberFormat("en");
const CENTS = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const DAY = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", year: "numeric" });
const CLOCK = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const SECONDS = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

/**
 * As the command line words it: `37 ms`, `4.7 s`, `12 s`, `1 min 04 s`, `2 h 03 min`
 * @param {number | null | undefined} ms
 */
export function duration(ms) {
  if (ms == null || !Number.isFinite(ms)) return "unknown";
  const whole = Math.max(0, ms);
  if (whole < 1000) return `${Math.round(whole)} ms`;
  if (whole < 10_000) return `${(whole / 1000).toFixed(1)} s`;
  const seconds = Math.floor(whole / 1000);
  if (whole < MINUTE_MS) return `${seconds} s`;
  if (whole < HOUR_MS) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} min`;
}

/**
 * A running clock, whose width stays the same while it ticks: `0:04`, `12:30`, `1:02:03`
 * @param {number} ms
 */
export function clock(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/**
 * US dollars, as the command line words them: `$0`, `$0.0012`, `$0.05`, `$12.30`, `unknown`
 * @param {number | null | undefined} usd
 */
export function cost(usd) {
  if (usd == null || !Number.isFinite(usd)) return "unknown";
  if (usd === 0) return "$0";
  if (usd >= 1) return `$${CENTS.format(usd)}`;
  if (usd < 0.0001) return "< $0.0001";
  const [dollars, parts = ""] = usd.toFixed(4).split(".");
  return `$${dollars}.${parts.replace(/0+$/, "").padEnd(2, "0")}`;
}

/** @param {number} number */
export function count(number) {
  return COUNT.format(number);
}

/**
 * `1 case`, `2,100 cases`
 * @param {number} number
 * @param {string} noun
 * @param {string} [plural]
 */
export function counted(number, noun, plural = `${noun}s`) {
  return `${count(number)} ${number === 1 ? noun : plural}`;
}

/**
 * What was read and what was written: `2,788 → 650`; empty where nothing was.
 * @param {number} input
 * @param {number} output
 */
export function tokens(input, output) {
  return input === 0 && output === 0 ? "" : `${count(input)} → ${count(output)}`;
}

/**
 * `3`, `3 (1 to 9)`
 * @param {CountRange} range
 */
export function countRange({ low, expected, high }) {
  return low === high ? count(expected) : `${count(expected)} (${count(low)} to ${count(high)})`;
}

/**
 * `$0.0012 ($0.0004 to $0.0100)`, `unknown`
 * @param {CostRange | null} range
 */
export function costRange(range) {
  if (range === null) return "unknown";
  const { low, expected, high } = range;
  return low === high ? cost(expected) : `${cost(expected)} (${cost(low)} to ${cost(high)})`;
}

/**
 * A share of 1: `53 %`
 * @param {number | null | undefined} share
 */
export function percent(share) {
  return share == null || !Number.isFinite(share) ? "unknown" : `${Math.round(share * 100)} %`;
}

/**
 * `just now`, `4 min ago`, `3 h ago`, then the day.
 * @param {string} at RFC 3339
 * @param {number} [now] milliseconds since 1970
 */
export function ago(at, now = Date.now()) {
  const past = now - Date.parse(at);
  if (past < MINUTE_MS) return "just now";
  if (past < HOUR_MS) return `${Math.floor(past / MINUTE_MS)} min ago`;
  if (past < DAY_MS) return `${Math.floor(past / HOUR_MS)} h ago`;
  return moment(at);
}

/**
 * `26 Nov 2026, 10:30`, in the reader's time zone
 * @param {string} at RFC 3339
 */
export function moment(at) {
  const date = new Date(at);
  const [month, day, year] = DAY.format(date).split(/[ ,]+/);
  return `${day} ${month} ${year}, ${CLOCK.format(date)}`;
}

/**
 * `10:30:07`
 * @param {string} at RFC 3339
 */
export function timeOfDay(at) {
  return SECONDS.format(new Date(at));
}

/** @param {number} part */
function two(part) {
  return String(part).padStart(2, "0");
}
