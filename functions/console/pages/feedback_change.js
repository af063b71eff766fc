// The change of a score since the preceding period, and whether it may be due to chance.

import { count, score } from "./charts.js";
import { h } from "./dom.js";
import { isAnswered } from "./feedback_query.js";

/** @import {Child} from "./dom.js" */
/** @import {Answered} from "./feedback_query.js" */

/**
 * The difference of two scores and its 95 % interval, by the square-and-add method: the distances from the scores to
 * the ends of their intervals add up as squares (Newcombe, "Interval estimation for the difference between independent
 * proportions", Statistics in Medicine 17, 1998; Zou and Donner, "Construction of confidence limits about effect
 * measures", Statistics in Medicine 27, 2008).
 * @param {Answered} now
 * @param {Answered} before
 * @returns {{change: number, low: number, high: number}}
 */
export function changeOf(now, before) {
  const change = now.nps - before.nps;
  return {
    change,
    low: Math.max(-200, change - Math.hypot(now.nps - now.nps_low, before.nps_high - before.nps)),
    high: Math.min(200, change + Math.hypot(now.nps_high - now.nps, before.nps - before.nps_low)),
  };
}

/**
 * @param {Api.Tally} now
 * @param {Api.Tally | null} before null if it could not be read
 * @param {number} days
 * @returns {Child}
 */
export function changeWords(now, before, days) {
  const span = days === 1 ? "the day before" : `the ${count(days)} days before`;
  if (!before || !isAnswered(now)) {
    return null;
  }
  if (!isAnswered(before)) {
    return h("span", { class: "muted" }, `Nobody gave a score in ${span}`);
  }
  const { change, low, high } = changeOf(now, before);
  const isSure = low > 0 || high < 0;
  const look = isSure ? (change > 0 ? "change-up" : "change-down") : "change-unsure";
  return [
    h("span", {}, h("strong", { class: `change ${look}` }, signed(change)), ` against ${span}`),
    h("span", { class: "muted" }, `${score(before.nps)} then, n = ${count(before.responses)}`),
    h(
      "span",
      { class: "muted" },
      `${signed(low)} to ${signed(high)} is the 95 % interval: ${isSure ? "hardly by chance" : "may be chance"}`,
    ),
  ];
}

/**
 * @param {number} points
 * @returns {string} "+6", "−3", "±0"
 */
function signed(points) {
  const whole = Math.round(points);
  return whole === 0 ? "±0" : whole > 0 ? `+${whole}` : `−${-whole}`;
}
