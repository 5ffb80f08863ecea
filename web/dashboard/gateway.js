// The gateway that served this page: one client for all views, how its connection is, and who one is.

import { batch, signal } from "@preact/signals";

import { Client, StagecastError } from "../client.js";
import { forgetAllHere, forgetHere, forgetKept, keep, keepHere, readHere, readKept } from "./storage.js";

/** @import { State } from "../client/types.d.ts" */

const TOKEN_KEY = "stagecast.token";

/** The token of this page, where nothing can be kept. @type {string | undefined} */
let given;

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

// Another tab has forgotten the token, or got another one: what this one shows is not for whoever comes next.
addEventListener("storage", (event) => {
  if (event.key === TOKEN_KEY && event.oldValue !== null) location.reload();
});

/**
 * Take a token from now on.
 * @param {string} token
 * @param {boolean} isKept beyond this tab
 */
export function giveToken(token, isKept) {
  forget();
  given = token;
  (isKept ? keep : keepHere)(TOKEN_KEY, token);
  batch(() => {
    hasToken.value = true;
    tokenAsked.value = null;
    identity.value += 1;
  });
}

/** Forget who one was, and all that this tab holds of it: its connections are of that token, and drafts are theirs. */
export function forgetToken() {
  forget();
  forgetAllHere();
  location.reload();
}

/**
 * Ask how the service is; nobody needs a token for it.
 * @param {AbortSignal} signal
 * @returns {Promise<{ready: boolean, broker: boolean, runners: number}>}
 */
export async function readiness(signal) {
  return (await fetch(new URL("readyz", document.baseURI), { signal })).json();
}

/**
 * Notice an error that means that there is no good token; true if it was one.
 * @param {unknown} error
 */
export function noticeRefusal(error) {
  if (!(error instanceof StagecastError) || error.code !== "unauthenticated") return false;
  tokenAsked.value = hasToken.value ? "The gateway does not accept this token, or does not any more." : "This gateway asks who you are.";
  return true;
}

function forget() {
  given = undefined;
  forgetHere(TOKEN_KEY);
  forgetKept(TOKEN_KEY);
}

function readToken() {
  return given ?? readHere(TOKEN_KEY) ?? readKept(TOKEN_KEY) ?? undefined;
}
