// The gateway that served this page: one client for all views, how its connection is, and who one is.

import { batch, signal } from "@preact/signals";

import { Client, StagecastError } from "../client.js";

/** @import { State } from "../client/types.d.ts" */

const TOKEN_KEY = "stagecast.token";

/** How the connection is. @type {import("@preact/signals").Signal<State>} */
export const connection = signal({ name: "closed" });

/** Why a token is asked for; null while none is. @type {import("@preact/signals").Signal<string | null>} */
export const tokenAsked = signal(null);

/** Counts the tokens that were given: views begin anew with each. */
export const identity = signal(0);

/** Whether a token is at hand. */
export const hasToken = signal(readToken() !== undefined);

// Somebody looks at this page: it says that the connection is lost, and never gives up.
export const client = new Client(undefined, { token: () => readToken() ?? "", patienceMs: Infinity });

client.addEventListener("state", (event) => {
  connection.value = /** @type {CustomEvent<State>} */ (event).detail;
});

/**
 * Take a token from now on.
 * @param {string} token
 * @param {boolean} isKept beyond this tab
 */
export function giveToken(token, isKept) {
  forget();
  (isKept ? localStorage : sessionStorage).setItem(TOKEN_KEY, token);
  batch(() => {
    hasToken.value = true;
    tokenAsked.value = null;
    identity.value += 1;
  });
}

/** Forget who one was, and all that this tab holds of it: its connections are of that token, and drafts are theirs. */
export function forgetToken() {
  forget();
  sessionStorage.clear();
  location.reload();
}

/**
 * Notice an error that means that there is no good token; true if it was one.
 * @param {unknown} error
 */
export function noticeRefusal(error) {
  if (!(error instanceof StagecastError) || error.code !== "unauthenticated") return false;
  tokenAsked.value = hasToken.value ? "The token is not good any more." : "This gateway asks who you are.";
  return true;
}

function forget() {
  sessionStorage.removeItem(TOKEN_KEY);
  localStorage.removeItem(TOKEN_KEY);
}

function readToken() {
  return sessionStorage.getItem(TOKEN_KEY) ?? localStorage.getItem(TOKEN_KEY) ?? undefined;
}
