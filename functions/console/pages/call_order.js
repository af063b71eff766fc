// The order of the list: live calls, calls that have just ended, then all others by their begin, as the API sorts.

import { NPS_CATEGORIES, OVER, STATUSES, TO_COME } from "./constants.js";

/** @typedef {{rank: number, began: number, id: number}} Position of a call in the list */

/** @type {ReadonlySet<string>} */
const WAITING = new Set(TO_COME);
/** @type {ReadonlySet<string>} */
const ENDED = new Set(OVER);
/** Statuses of a call with somebody on the line, now or in a moment. */
export const LIVE_STATUSES = STATUSES.filter((status) => !WAITING.has(status) && !ENDED.has(status));
/** @type {ReadonlySet<string>} */
const LIVE = new Set(LIVE_STATUSES);
/** Outcomes arrive within this time after the end; until then a call stays where it was watched. */
const JUST_ENDED_MILLISECONDS = 180_000;
/** A call without an end for longer than this is not live: its end was lost. */
const LONGEST_MILLISECONDS = 4 * 3_600_000;
/** Rank of calls that are sorted only by their begin. */
export const REST = 2;

/**
 * @param {Api.Call} call
 * @returns {number} milliseconds since 1970; without a begin, when the row was made or last changed
 */
export function began(call) {
  return Date.parse(call.start_time ?? call.end_time ?? call.updated_at ?? "") || -Infinity;
}

/**
 * @param {Api.Call} call
 * @param {number} [now]
 * @returns {boolean} whether the call is live
 */
export function isLive(call, now = Date.now()) {
  return LIVE.has(call.status) && (!call.start_time || now - Date.parse(call.start_time) < LONGEST_MILLISECONDS);
}

/**
 * @param {Api.Call} call
 * @returns {boolean} whether it has not been dialled yet, as the API decides it
 */
export function isToCome({ start_time: start, end_time: end, status }) {
  return !start && !end && WAITING.has(status);
}

/**
 * @param {number | null | undefined} score 0 to 10
 * @returns {string | null} promoter, passive or detractor; null without a score
 */
export function npsCategoryOf(score) {
  return NPS_CATEGORIES.find(({ last }) => typeof score === "number" && score <= last)?.name ?? null;
}

/**
 * 0: live; 1: it has just ended, and its outcome is about to arrive; 2: all others.
 * @param {Api.Call} call
 * @param {number} now
 */
function rankOf(call, now) {
  if (isLive(call, now)) {
    return 0;
  }
  return call.end_time && now - Date.parse(call.end_time) < JUST_ENDED_MILLISECONDS ? 1 : REST;
}

/**
 * A call's position, for `compare`.
 * @param {Api.Call} call
 * @param {number} [now]
 * @returns {Position}
 */
export function placeOf(call, now = Date.now()) {
  return { rank: rankOf(call, now), began: began(call), id: call.id };
}

/**
 * @param {Position} one
 * @param {Position} other
 * @returns {number} negative if `one` is above `other`
 */
export function compare(one, other) {
  if (one.rank !== other.rank) {
    return one.rank - other.rank;
  }
  return one.began === other.began ? other.id - one.id : other.began - one.began;
}
