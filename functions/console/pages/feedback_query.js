// The address of the feedback view as parameters of the API.

import { isoDate, periodOf, timeOf } from "./periods.js";
import { link } from "./router.js";

/** @import {Changes} from "./router.js" */
/** @import {Time} from "./periods.js" */

/**
 * Parameters of the address that select what is shown; `range`, `from` and `to` are the period, `period` the trend's
 * unit.
 */
export const FILTERS = [
  "range",
  "from",
  "to",
  "direction",
  "campaign",
  "advisor",
  "demo",
  "nps_category",
  "reason",
  "said",
  "text",
];
/**
 * Choices of the calls that count; the first is the default.
 * @type {Record<string, string>}
 */
export const DIRECTIONS = { outbound: "Outbound", inbound: "Inbound", web: "Web", all: "All" };
const USUAL_DIRECTION = "outbound";

/**
 * @typedef {object} Query
 * @property {Time} time
 * @property {string} period day, week or month
 * @property {Record<string, string | null | undefined>} narrow parameters of the API for all figures
 * @property {{from: string, to: string}} before the preceding period of the same length, for comparison
 * @property {string | null} nps_category
 * @property {string | null} reason the key of a reason, or "any"
 * @property {boolean} everything whether the list also has items without a score and a complaint
 * @property {string | null} text
 */

/**
 * A tally with answers, which therefore has a score.
 * @typedef {Api.Tally & {nps: number, nps_low: number, nps_high: number}} Answered
 */

/**
 * @template {Api.Tally} T
 * @param {T} tally
 * @returns {tally is T & Answered}
 */
export function isAnswered(tally) {
  return tally.responses > 0 && tally.nps !== null;
}

/**
 * @param {URLSearchParams} parameters
 * @param {Date} now
 * @returns {Query}
 */
export function queryOf(parameters, now) {
  const time = timeOf(parameters, now);
  return {
    time,
    period: periodOf(parameters.get("period"), time.days),
    narrow: {
      from: time.from.toISOString(),
      to: time.to?.toISOString(),
      direction: directionOf(parameters.get("direction")),
      campaign: parameters.get("campaign"),
      advisor: parameters.get("advisor"),
      demo: parameters.get("demo") === "true" ? "true" : null,
    },
    before: timeBefore(time, now),
    nps_category: parameters.get("nps_category"),
    reason: reasonOf(parameters.get("reason")),
    everything: parameters.get("said") === "all",
    text: parameters.get("text")?.trim() ?? null,
  };
}

/**
 * @param {string | null} name
 * @returns {string | null} the value for the address, which omits the default
 */
export function directionInAddress(name) {
  return name === USUAL_DIRECTION ? null : name;
}

/**
 * The API refuses a text without letters or digits.
 * @param {string | null} text
 * @returns {string | null} the text to search for, or null
 */
export function searchedText(text) {
  return text && /[\p{L}\p{N}]/u.test(text) ? text : null;
}

/**
 * @param {Query} query
 * @returns {Record<string, string | null | undefined>} parameters of `GET /feedback` and `GET /feedback.csv`
 */
export function listParameters({ narrow, nps_category: category, reason, everything, text }) {
  const words = searchedText(text);
  const telling = everything || category || reason || words ? null : "true";
  return { ...narrow, nps_category: category, reason, telling, text: words };
}

/**
 * The address of the same calls in the calls view, whose dates are days, too.
 * @param {Query} query
 * @param {Changes} more changes of the address, such as an outcome or a call
 * @returns {string} for an `<a href>`
 */
export function linkToCalls({ time, narrow }, more) {
  const to = time.to ? isoDate(new Date(time.to.getTime() - 1)) : null;
  const direction = narrow.direction === "all" ? null : narrow.direction;
  const same = { from: isoDate(time.from), to, direction, demo: narrow.demo ?? "false" };
  const none = { range: null, nps_category: null, reason: null, said: null, text: null, period: null, call: null };
  return link({ ...none, ...same, view: "calls", ...more });
}

/**
 * @param {Time} time
 * @param {Date} now
 */
function timeBefore({ from, to }, now) {
  const milliseconds = (to ?? now).getTime() - from.getTime();
  return { from: new Date(from.getTime() - Math.max(1, milliseconds)).toISOString(), to: from.toISOString() };
}

/**
 * Null for a text that cannot be a key, because the API refuses it.
 * @param {string | null} key
 */
function reasonOf(key) {
  return key !== null && /^[a-z0-9_]{1,40}$/.test(key) ? key : null;
}

/** @param {string | null} name */
function directionOf(name) {
  return name !== null && Object.hasOwn(DIRECTIONS, name) ? name : USUAL_DIRECTION;
}
