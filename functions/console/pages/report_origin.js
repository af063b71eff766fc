// How the report of a call came, if not by itself; and that none will come.

/**
 * @typedef {{reported_by: string | null, reconciliation: string | null}} Reported
 */

/**
 * @param {Reported} call
 * @returns {string} a few words for a line of the list; none for a call whose report came, or may still come
 */
export function reportMark({ reported_by: reportedBy, reconciliation }) {
  if (reconciliation) {
    return "No report";
  }
  return reportedBy === "reconciliation" ? "Fetched later" : "";
}

/**
 * @param {Reported} call
 * @returns {string | null} the same as a sentence; null where the mark is empty
 */
export function reportSentence({ reported_by: reportedBy, reconciliation }) {
  if (reconciliation) {
    return reconciliation === "unrecoverable"
      ? "No report came, and Vapi no longer keeps the call."
      : "No report came, and Vapi does not know the call.";
  }
  return reportedBy === "reconciliation" ? "Fetched from Vapi later: no report came by itself." : null;
}
