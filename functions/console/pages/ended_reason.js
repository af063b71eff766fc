// Why a call ended, as a sentence. The reason's own word is for support, and stands with the details.

import { OUTCOMES } from "./constants.js";

/**
 * The families of the outcome, as the API decides it: whatever the reason is called, one of them is true.
 * @type {Record<Api.Outcome, string>}
 */
const BY_OUTCOME = {
  reached: "The conversation came to its end.",
  transferred: "The call was handed over to a person.",
  voicemail: "A mailbox answered.",
  busy: "The line was busy.",
  no_answer: "Nobody answered.",
  cancelled: "The call was cancelled before anybody answered.",
  failed: "A technical fault ended the call.",
  unknown: "It is not known why the call ended.",
};
/**
 * What a reason says beyond its family; the first that fits counts. Reasons are compared in lower case.
 * @type {[Api.Outcome[], RegExp, string][]}
 */
const BY_REASON = [
  [["reached"], /silence-time/, "Nobody said anything for a while, so the call ended."],
  [["no_answer"], /silence-time/, "Somebody or something answered, and nobody spoke."],
  [["reached"], /max-duration/, "The call reached its longest time."],
  [["reached"], /^customer-(ended|hung)/, "The customer hung up."],
  [["reached"], /^assistant-(ended|said|hung)/, "The assistant said goodbye and hung up."],
  [["reached"], /transfer|forwarding/, "It was to be handed over to a person, who could not be had."],
  [["no_answer"], /reject|declin|sip-603|sip-607|sip-608/, "The call was declined."],
  [["no_answer"], /before-(call-)?connect/, "The customer hung up before the call began."],
  [["failed"], /number|misdialed|unallocated|out-of-service|not-in-service/, "The number cannot be called."],
  [["failed"], /credit|wallet|subscription|-limit|exceeded|concurrency/, "The calling service's limit was reached."],
  [["failed"], /assistant-request|assistant-not|no-assistant|call[.-]start/, "The call could not be started."],
  [["failed"], /llm|voice|transcriber|model|pipeline/, "The assistant stopped working during the call."],
];

/**
 * @param {{ended_reason: string | null, outcome: string | null}} call
 * @returns {string | null} a sentence; null as long as nothing is known of its end
 */
export function endedSentence({ ended_reason: reason, outcome }) {
  if (!reason && !outcome) {
    return null;
  }
  const word = (reason ?? "")
    .trim()
    .toLowerCase()
    .replace(/[\s_]+/g, "-");
  const found = BY_REASON.find(([outcomes, pattern]) => outcomes.some((one) => one === outcome) && pattern.test(word));
  return found?.[2] ?? BY_OUTCOME[OUTCOMES.find((one) => one === outcome) ?? "unknown"];
}
