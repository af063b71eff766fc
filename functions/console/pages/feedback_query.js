// What the address of the feedback view asks for, in the API's words.

import { isoDate, periodOf, timeOf } from "./periods.js";
import { link } from "./router.js";

/** Parameters of the address that narrow what is shown; `range`, `from` and `to` are the time, `period` the trend's. */
export const FILTERS = ["range", "from", "to", "direction", "campaign", "advisor", "demo", "band", "said", "text"];
/** Whose calls; those that nobody chose are the first. */
export const DIRECTIONS = { outbound: "Outbound", inbound: "Inbound", web: "Web", all: "All" };
const USUAL_DIRECTION = "outbound";

/**
 * @typedef {object} Query
 * @property {{name: string, from: Date, to: ?Date, days: number}} time
 * @property {string} period day, week or month
 * @property {Object<string, ?string>} narrow what all figures are narrowed by, as parameters of the API
 * @property {?string} band
 * @property {boolean} everything whether the list also has what says neither a score nor a complaint
 * @property {?string} text
 */

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
    band: parameters.get("band"),
    everything: parameters.get("said") === "all",
    text: parameters.get("text")?.trim(),
  };
}

/**
 * @param {?string} name
 * @returns {?string} the same for the address, which does not say what is usual
 */
export function directionInAddress(name) {
  return name === USUAL_DIRECTION ? null : name;
}

/**
 * The API refuses a text without letters or digits.
 * @param {?string} text
 * @returns {?string} what to search for, if that is anything
 */
export function searchedText(text) {
  return text && /[\p{L}\p{N}]/u.test(text) ? text : null;
}

/**
 * @param {Query} query
 * @returns {Object<string, ?string>} parameters of `GET /feedback` and `GET /feedback.csv`
 */
export function listParameters({ narrow, band, everything, text }) {
  const words = searchedText(text);
  return { ...narrow, band, telling: everything || band || words ? null : "true", text: words };
}

/**
 * The same calls in the other view, whose dates are days, too.
 * @param {Query} query
 * @param {Object<string, *>} more changes of the address, such as an outcome or a call
 * @returns {string} for an `<a href>`
 */
export function linkToCalls({ time, narrow }, more) {
  const to = time.to ? isoDate(new Date(time.to - 1)) : null;
  const direction = narrow.direction === "all" ? null : narrow.direction;
  const same = { from: isoDate(time.from), to, direction, demo: narrow.demo ?? "false" };
  const none = { range: null, band: null, said: null, text: null, period: null, call: null };
  return link({ ...none, ...same, view: "calls", ...more });
}

function directionOf(name) {
  return Object.hasOwn(DIRECTIONS, name ?? "") ? name : USUAL_DIRECTION;
}
