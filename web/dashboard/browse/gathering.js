// Filling a page from a filtered list, which may answer with fewer rows than asked for, even none, and still go on.

/** @import { Page } from "../../client/types.d.ts" */

const CURSOR_MOMENT = /_(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2})-(\d{3})Z_/;
const CURSOR_MILLIS = /^exec_(\d{13})_/;

/**
 * @template Row
 * @typedef {{rows: Row[], next: string | null, isDone: boolean}} Gathered
 *   `next`: where to go on, null at the end of the list; `isDone`: the page is full, or the list ended
 */

/**
 * Ask until there are `size` rows or no more; gives what there is after each answer.
 * @template Row
 * @param {(asked: {limit: number, before: string | null}) => Promise<Page<Row>>} ask
 * @param {{size: number, before?: string | null, rows?: Row[]}} page `rows`: those that are there already
 * @returns {AsyncGenerator<Gathered<Row>, void, void>}
 */
export async function* gather(ask, { size, before = null, rows = [] }) {
  let next = before;
  let all = rows;
  for (;;) {
    const page = await ask({ limit: Math.max(1, size - all.length), before: next });
    all = [...all, ...page.rows];
    // A cursor that stands still would be asked for without end.
    const isStuck = page.next !== null && page.next === next && page.rows.length === 0;
    next = isStuck ? null : page.next;
    const isDone = all.length >= size || next === null;
    yield { rows: all, next, isDone };
    if (isDone) return;
  }
}

/**
 * How far back a list was read, by its cursor; null where that does not say.
 * @param {string | null} cursor
 * @returns {string | null} RFC 3339
 */
export function momentOf(cursor) {
  const [, day, hours, minutes, seconds, millis] = CURSOR_MOMENT.exec(cursor ?? "") ?? [];
  if (day !== undefined) return `${day}T${hours}:${minutes}:${seconds}.${millis}Z`;
  const [, since] = CURSOR_MILLIS.exec(cursor ?? "") ?? [];
  return since === undefined ? null : new Date(Number(since)).toISOString();
}
