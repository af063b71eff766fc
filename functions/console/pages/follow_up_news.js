// What becomes of follow-ups: what others did comes over the WebSocket, what this page did is known at once.

import { live } from "./live.js";

/** @type {ReadonlySet<Api.CallEventType>} */
const TELLING = new Set(["FollowUpOpened", "FollowUpChanged", "FollowUpOverdue"]);

/**
 * @typedef {object} News
 * @property {number} callId whose follow-up it is of
 * @property {Api.FollowUp | null} followUp as it is now, if that is known already
 */

/** Tells "news", with News as its detail. */
class FollowUpNews extends EventTarget {
  constructor() {
    super();
    live.addEventListener("event", (event) => {
      const { detail } = /** @type {CustomEvent<Api.CallEvent>} */ (event);
      if (TELLING.has(detail.event)) {
        this.#tell({ callId: detail.call_id, followUp: null });
      }
    });
  }

  /** @param {Api.FollowUp} followUp that this page has just opened or changed */
  changed(followUp) {
    this.#tell({ callId: followUp.call_id, followUp });
  }

  /** @param {News} news */
  #tell(news) {
    this.dispatchEvent(new CustomEvent("news", { detail: news }));
  }
}

export const followUpNews = new FollowUpNews();
