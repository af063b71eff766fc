// Changes of follow-ups: those of others arrive over the WebSocket, and this page's own at once.

import { live } from "./live.js";

/** @type {ReadonlySet<Api.CallEventType>} */
const TELLING = new Set(["FollowUpOpened", "FollowUpChanged", "FollowUpOverdue"]);

/**
 * @typedef {object} News
 * @property {number} callId the call of the follow-up
 * @property {Api.FollowUp | null} followUp the current one, if it is known
 */

/** Dispatches "news", with News as its detail. */
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
