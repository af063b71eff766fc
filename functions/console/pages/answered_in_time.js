// How many unhappy customers were answered in time; the feedback view shows it.

import { get } from "./api.js";
import { fill, h } from "./dom.js";
import { percent } from "./format.js";

/** @import {Parameters} from "./api.js" */

/**
 * @typedef {object} Share
 * @property {number} count
 * @property {number} of
 * @property {number | null} share
 */

/** @typedef {Api.FollowUpSummary & {answered_in_time?: Share | null}} Summary */

/**
 * @typedef {object} Figure
 * @property {HTMLElement} element
 * @property {(asked: Parameters, signal?: AbortSignal) => Promise<void>} load takes `from`, `to` and `timezone`;
 *   nothing is shown without an answer, without detractors, or with a filter by campaign or advisor
 */

/** @returns {Figure} */
export function answeredInTime() {
  const value = h("dd", { class: "quality-value", "data-testid": "answered-in-time" });
  const hint = h("dd", { class: "muted small" });
  const element = h(
    "section",
    { class: "card answered-in-time", hidden: true, "aria-label": "Answered in time" },
    h("dl", { class: "quality-facts" }, h("div", {}, h("dt", {}, "Answered in time"), value, hint)),
  );
  /**
   * @param {Parameters} asked
   * @param {AbortSignal} [signal]
   */
  const load = async ({ from, to, timezone, campaign, advisor }, signal) => {
    // The API counts this for the whole organization.
    const isWhole = !campaign && !advisor;
    const asked = isWhole ? get("follow-ups/summary", { from, to, timezone }, { signal }) : null;
    /** @type {Summary | null} */
    const summary = asked && (await asked.catch(() => null));
    if (signal?.aborted) {
      return;
    }
    const share = summary?.answered_in_time;
    element.hidden = !share?.of;
    if (share?.of) {
      const text = `${share.count.toLocaleString()} of ${share.of.toLocaleString()} unhappy customers. `;
      fill(value, percent(share.share));
      fill(hint, text, h("a", { href: "?view=follow-ups" }, "Show who waits"));
    }
  };
  return { element, load };
}
