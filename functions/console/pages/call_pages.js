// Pages of the list of calls, and calls that are read by their ids.

import { get } from "./api.js";
import { began, REST } from "./call_order.js";
import { LARGEST_PAGE } from "./constants.js";

/** @import {Position} from "./call_order.js" */

/** Live calls are read separately if later calls fill the first page. */
export const CURRENT_MILLISECONDS = 4 * 3_600_000;

/**
 * Reads the calls that exist, regardless of other filters. An answer may have fewer rows than requested, if rows are
 * long.
 * @param {number[]} ids LARGEST_PAGE at most
 * @param {AbortSignal} signal
 */
export async function readCalls(ids, signal) {
  /** @type {Api.Call[]} */
  const found = [];
  /** @type {string | null} */
  let cursor = null;
  do {
    /** @type {Api.CallPage} */
    const page = await get("calls", { ids: ids.join(","), limit: LARGEST_PAGE, cursor }, { signal });
    found.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return found;
}

/**
 * Whether a full first page may have cut off calls that began so recently that they may still be live.
 * @param {Api.CallPage} page
 */
export function isCrowded({ items, next_cursor: cursor }) {
  const last = items.at(-1);
  return cursor !== null && last !== undefined && Date.now() - began(last) < CURRENT_MILLISECONDS;
}

/**
 * @param {Api.Call[]} calls
 * @returns {Position | null}
 */
export function boundaryOf(calls) {
  const last = calls.at(-1);
  return last ? { rank: REST, began: began(last), id: last.id } : null;
}
