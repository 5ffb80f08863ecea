// The client with the requests of these views, whose types it does not have yet.

import { client } from "../gateway.js";

/** @import { Requests } from "./types.d.ts" */

export const requests = /** @type {Requests} */ (/** @type {unknown} */ (client));
