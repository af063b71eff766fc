// The numbers of open and overdue follow-ups in the navigation of every view, kept current.

import { get } from "./api.js";
import { fill, h, listen } from "./dom.js";
import { followUpNews } from "./follow_up_news.js";
import { live } from "./live.js";
import { coalesce } from "./refresh_queue.js";

/** Minimum time between two readings, however many events come. */
const REST_MILLISECONDS = 1000;
const RETRY_MILLISECONDS = 15_000;
/** The counts are of the present and do not depend on the API's period, so the shortest is requested. */
const SPAN_MILLISECONDS = 3_600_000;

/** @typedef {{open: number, acknowledged: number, overdue: number}} Counts */

/** Dispatches "change" after each reading of `value`. */
class FollowUpCounts extends EventTarget {
  /** @type {Counts | null} */
  value = null;
  #retry = 0;

  /**
   * Reads, and shows the numbers behind the link's name, until it is ended.
   * @param {HTMLAnchorElement} link
   * @returns {() => void} ends it
   */
  showIn(link) {
    const place = h("span", { class: "view-counts", "data-testid": "follow-up-counts" });
    link.append(place);
    let isOver = false;
    const ask = coalesce(async () => {
      if (!isOver) {
        window.clearTimeout(this.#retry);
        await this.#read(place, ask);
      }
    }, REST_MILLISECONDS);
    const endings = [
      listen(followUpNews, "news", ask),
      listen(live, "resync", () => this.value && ask()), // before that nothing was read, and nothing can be missed
    ];
    live.settled().then(ask);
    return () => {
      isOver = true;
      this.value = null;
      window.clearTimeout(this.#retry);
      endings.forEach((end) => end());
    };
  }

  /**
   * @param {HTMLElement} place
   * @param {() => void} ask
   */
  async #read(place, ask) {
    if (live.state === "refused") {
      return;
    }
    try {
      const from = new Date(Date.now() - SPAN_MILLISECONDS).toISOString();
      const { open, acknowledged, overdue } = await get("follow-ups/summary", { from, period: "day" });
      this.value = { open, acknowledged, overdue };
      fill(place, number(open, "open", ""), number(overdue, "overdue", "view-count-late"));
      this.dispatchEvent(new Event("change"));
    } catch {
      this.#retry = window.setTimeout(ask, RETRY_MILLISECONDS); // the views show the error
    }
  }
}

/**
 * @param {number} count
 * @param {string} what
 * @param {string} look
 */
function number(count, what, look) {
  const properties = { class: `view-count ${look}`, title: `${count} ${what}`, "data-testid": `follow-ups-${what}` };
  return count
    ? [" ", h("span", properties, count.toLocaleString(), h("span", { class: "visually-hidden" }, ` ${what}`))]
    : null;
}

export const followUpCounts = new FollowUpCounts();
