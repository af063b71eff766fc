// The reader's data in the API: the organization, whether they may write, and their user id.

import { get } from "./api.js";

/**
 * `user_id`: the reader's id among the organization's users; null or missing if unknown.
 * @typedef {Api.Me & {user_id?: number | null}} Reader
 */

/** @type {Promise<Reader> | null} */
let known = null;

/**
 * Reads once; after an error the next call reads again.
 * @returns {Promise<Reader>}
 */
export function readReader() {
  known ??= get("me").catch((error) => {
    known = null;
    throw error;
  });
  return known;
}

/** Forgets the reader, as after a new sign-in. */
export function forgetReader() {
  known = null;
}
