// Who reads, as the API knows them: the organization, whether they may write, and which person of it they are.

import { get } from "./api.js";

/**
 * `user_id`: the person of the organization that the reader is; null or left out if nobody knows.
 * @typedef {Api.Me & {user_id?: number | null}} Reader
 */

/** @type {Promise<Reader> | null} */
let known = null;

/**
 * Asks once; what could not be read is asked for again the next time.
 * @returns {Promise<Reader>}
 */
export function readReader() {
  known ??= get("me").catch((error) => {
    known = null;
    throw error;
  });
  return known;
}

/** Somebody else reads now. */
export function forgetReader() {
  known = null;
}
