// How a call's report arrived, if not as a webhook, or that there will be none.

/**
 * @typedef {{reported_by: string | null, reconciliation: string | null}} Reported
 */

/**
 * @param {Reported} call
 * @returns {string} a short text for a row of the list; empty if a webhook brought the report, or still may
 */
export function reportMark({ reported_by: reportedBy, reconciliation }) {
  if (reconciliation) {
    return "No report";
  }
  return reportedBy === "reconciliation" ? "Fetched later" : "";
}

/**
 * @param {Reported} call
 * @returns {string | null} the same as a sentence; null if the short text is empty
 */
export function reportSentence({ reported_by: reportedBy, reconciliation }) {
  if (reconciliation) {
    return reconciliation === "unrecoverable"
      ? "No report came, and Vapi no longer keeps the call."
      : "No report came, and Vapi does not know the call.";
  }
  return reportedBy === "reconciliation" ? "Fetched from Vapi later: no report came by itself." : null;
}
