// The order of the list: calls that go on, or have just ended, on top; then as the API sorts, by when they began.

/** Statuses of a call that somebody is on, or will be in a moment. */
const LIVE = new Set(["Ringing", "In Progress", "Forwarding"]);
/** Those of calls that may belong to the top. */
export const CURRENT = [...LIVE, "Ended", "Completed"];
/** What came of a call appears within this time of its end; until then it stays where it was watched. */
const JUST_ENDED_MILLISECONDS = 180_000;
/** A call without an end for longer than this has lost it: it is not going on. */
const LONGEST_MILLISECONDS = 4 * 3_600_000;

/**
 * @param {Object} call
 * @returns {number} milliseconds since 1970; without a time of its own, when the call was made or last changed
 */
export function began(call) {
  return Date.parse(call.start_time ?? call.end_time ?? call.updated_at ?? "") || -Infinity;
}

/**
 * @param {Object} call
 * @param {number} [now]
 * @returns {boolean} whether somebody is on the phone
 */
export function isLive(call, now = Date.now()) {
  return LIVE.has(call.status) && (!call.start_time || now - Date.parse(call.start_time) < LONGEST_MILLISECONDS);
}

/**
 * @param {Object} call
 * @param {number} [now]
 * @returns {boolean} whether it belongs to the top: calls made meanwhile, thousands perhaps, would hide it
 */
export function isCurrent(call, now = Date.now()) {
  return isLive(call, now) || (Boolean(call.end_time) && now - Date.parse(call.end_time) < JUST_ENDED_MILLISECONDS);
}

/**
 * A call's place, to be compared by `compare`.
 * @param {Object} call
 * @param {number} [now]
 * @returns {{current: boolean, began: number, id: number}}
 */
export function placeOf(call, now = Date.now()) {
  return { current: isCurrent(call, now), began: began(call), id: call.id };
}

/**
 * @param {{current: boolean, began: number, id: number}} one
 * @param {{current: boolean, began: number, id: number}} other
 * @returns {number} negative if `one` is above `other`
 */
export function compare(one, other) {
  if (one.current !== other.current) {
    return one.current ? -1 : 1;
  }
  return one.began === other.began ? other.id - one.id : other.began - one.began;
}
