// The time, ticking: for clocks of what runs. It stands still while nobody looks at it.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

const TICK_MS = 1000;

const now = signal(Date.now());
let readers = 0;
/** @type {ReturnType<typeof setInterval> | undefined} */
let timer;

/** @returns {number} milliseconds since 1970; the component is drawn anew with each tick */
export function useNow() {
  useEffect(() => {
    readers += 1;
    now.value = Date.now();
    timer ??= setInterval(() => (now.value = Date.now()), TICK_MS);
    return () => {
      readers -= 1;
      if (readers === 0) {
        clearInterval(timer);
        timer = undefined;
      }
    };
  }, []);
  return now.value;
}
