// What this browser keeps, and what this tab does. Where site data is blocked nothing is kept, and nothing fails.

/** @param {string} key */
export function readKept(key) {
  return attempt(() => localStorage.getItem(key));
}

/** @param {string} key @param {string} value */
export function keep(key, value) {
  attempt(() => localStorage.setItem(key, value));
}

/** @param {string} key */
export function forgetKept(key) {
  attempt(() => localStorage.removeItem(key));
}

/** @param {string} key */
export function readHere(key) {
  return attempt(() => sessionStorage.getItem(key));
}

/** @param {string} key @param {string} value */
export function keepHere(key, value) {
  attempt(() => sessionStorage.setItem(key, value));
}

/** @param {string} key */
export function forgetHere(key) {
  attempt(() => sessionStorage.removeItem(key));
}

/** Forget all that this tab keeps. */
export function forgetAllHere() {
  attempt(() => sessionStorage.clear());
}

/**
 * @template T
 * @param {() => T} access
 * @returns {T | null}
 */
function attempt(access) {
  try {
    return access();
  } catch {
    return null;
  }
}
