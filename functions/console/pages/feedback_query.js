// What the address of the feedback view asks for, in the API's words.

import { periodOf, timeOf } from "./periods.js";

/** Parameters of the address that narrow what is shown; `range`, `from` and `to` are the time, `period` the trend's. */
export const FILTERS = ["range", "from", "to", "direction", "campaign", "advisor", "demo", "band", "text"];
/** Whose calls; those that nobody chose are the first. */
export const DIRECTIONS = { outbound: "Outbound", inbound: "Inbound", web: "Web", all: "All" };
const USUAL_DIRECTION = "outbound";

/**
 * @typedef {object} Query
 * @property {{name: string, from: Date, to: ?Date, days: number}} time
 * @property {string} period day, week or month
 * @property {Object<string, ?string>} narrow what all figures are narrowed by, as parameters of the API
 * @property {?string} band
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
export function listParameters({ narrow, band, text }) {
  return { ...narrow, band, text: searchedText(text) };
}

function directionOf(name) {
  return Object.hasOwn(DIRECTIONS, name ?? "") ? name : USUAL_DIRECTION;
}
