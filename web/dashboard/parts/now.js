// The time, ticking: for clocks of what runs. It stands still while nobody looks at it.
//
// There are two clocks: this machine's, for what began here, and the services', which date what runs. Where they differ,
// events that arrive as they happen tell by how much.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { Skew } from "./skew.js";

const TICK_MS = 1000;

const skew = new Skew();
const now = signal(Date.now());
let readers = 0;
/** @type {ReturnType<typeof setInterval> | undefined} */
let timer;

/** @returns {number} milliseconds since 1970, by this machine's clock; the component is drawn anew with each tick */
export function useNow() {
  useEffect(() => {
    readers += 1;
    tick();
    timer ??= setInterval(tick, TICK_MS);
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

/** The same by the services' clocks, for what they have dated. @returns {number} */
export function useServiceNow() {
  return useNow() + skew.ms;
}

/**
 * Take note of what a service's clock said when something happened.
 * @param {string} at RFC 3339
 * @param {boolean} isLive whether it happened just now
 */
export function noteTime(at, isLive) {
  skew.note(Date.parse(at) - Date.now(), isLive);
}

function tick() {
  now.value = Date.now();
}
