// How an attempt ran: how quickly the assistant answered, what it cost, which questions stayed open, and why.

import { fact, section } from "./call_facts.js";
import { h } from "./dom.js";
import { dateTime, dollars, seconds, words } from "./format.js";

/** @import {SeenCall} from "./call_attempts.js" */
/** @import {Child} from "./dom.js" */

/** What takes the time until the assistant answers. @type {[keyof Api.Quality, string][]} */
const STEPS = [
  ["endpointing_latency_average_ms", "to notice that the customer has finished"],
  ["transcriber_latency_average_ms", "to understand"],
  ["model_latency_average_ms", "to think"],
  ["voice_latency_average_ms", "to speak"],
];

/** Vapi's status of a transfer -> what it means. @type {Record<string, string>} */
const TRANSFERS = {
  connected: "somebody was there",
  completed: "somebody was there",
  "no-answer": "nobody answered",
  busy: "the line was busy",
  voicemail: "a voicemail answered",
  failed: "it failed",
  cancelled: "it was cancelled",
};

/**
 * @param {SeenCall} call
 * @returns {HTMLElement | null} null if its report has no data about it
 */
export function qualitySection({ quality }) {
  if (!quality) {
    return null;
  }
  const facts = [
    fact("Answered after", latencyOf(quality)),
    fact("Interruptions", interruptionsOf(quality)),
    fact("Cost", costOf(quality)),
    fact("Assistant", assistantOf(quality)),
    fact("Transferred", listOf(quality.transfers.map(transferOf))),
    fact("Not asked", listOf(quality.skipped_answers.map(skippedOf))),
    fact("Answers lost", lostOf(quality)),
    fact("Recording", consentOf(quality)),
    fact("Vapi's judgement", listOf([quality.success_evaluation, ...quality.scorecards.map(scorecardOf)])),
    fact("More about the end", quality.ended_message),
  ].filter(Boolean);
  return facts.length
    ? section("quality", "How it ran", h("dl", { class: "facts", "data-testid": "quality" }, facts))
    : null;
}

/** @param {Api.Quality} quality */
function latencyOf(quality) {
  const { turn_latency_median_ms: median, turn_latency_average_ms: average, turn_latencies: turns } = quality;
  const usual = median ?? average;
  if (usual === null) {
    return null;
  }
  const count = turns.filter(({ turn_ms: turn }) => turn !== null).length;
  const how = median === null ? "on average" : count > 1 ? `in the middle of ${count} answers` : "once";
  const steps = STEPS.flatMap(([name, what]) =>
    quality[name] === null ? [] : `${seconds(Number(quality[name]))} ${what}`,
  );
  return [
    `${seconds(usual)} ${how}`,
    steps.length ? h("span", { class: "muted small" }, `\nOn average ${steps.join(", ")}`) : null,
  ];
}

/** @param {Api.Quality} quality */
function interruptionsOf({ user_interruptions: ofCustomer, assistant_interruptions: ofAssistant }) {
  if (ofCustomer === null && ofAssistant === null) {
    return null;
  }
  if (!ofCustomer && !ofAssistant) {
    return "None";
  }
  return listOf([
    ofCustomer ? `The assistant interrupted the customer ${times(ofCustomer)}` : null,
    ofAssistant ? `The customer interrupted the assistant ${times(ofAssistant)}` : null,
  ]);
}

/** @param {Api.Quality} quality */
function costOf({ cost_dollars_by_type: costs }) {
  const known = Object.entries(costs)
    .filter(([, cost]) => cost > 0)
    .sort(([, one], [, other]) => other - one);
  return listOf(known.map(([type, cost]) => `${type === "vapi" ? "Vapi" : words(type)} ${dollars(cost)}`));
}

/** @param {Api.Quality} quality */
function assistantOf({ assistant_name: name, assistant_version: version, activations }) {
  const others = activations.slice(1).map((one) => nameOf(one.assistant_name, one.assistant_version));
  return listOf([nameOf(name, version), ...others], ", then ");
}

/**
 * @param {string | null} name
 * @param {string | null} version
 */
function nameOf(name, version) {
  return [name, version && `version ${version}`].filter(Boolean).join(", ");
}

/** @param {Api.Transfer} transfer */
function transferOf({ to, assistant_name: name, status }) {
  const whom = name ?? (to === "number" ? "a phone number" : to ? words(to).toLowerCase() : "");
  const came = status === null ? "" : (TRANSFERS[status] ?? words(status).toLowerCase());
  return [whom && `To ${whom}`, came].filter(Boolean).join(": ");
}

/** @param {Api.SkippedAnswer} skipped */
function skippedOf({ name, condition, limit, reasons }) {
  return `${words(name)}: ${whyNot(condition, limit, reasons)}`;
}

/**
 * @param {string | null} condition
 * @param {number | null} limit
 * @param {string[]} reasons
 */
function whyNot(condition, limit, reasons) {
  const kind = (condition ?? "").toLowerCase().replace(/[^a-z]/g, "");
  if (kind === "minmessages") {
    return limit === null ? "too little was said" : `fewer than ${limit} things were said`;
  }
  if (kind === "mincallduration") {
    return limit === null ? "the call was too short" : `the call was shorter than ${limit} seconds`;
  }
  if (kind === "endedreason") {
    return reasons.length
      ? `because of how the call ended (asked by: ${reasons.map(words).join(", ")})`
      : "because of how the call ended";
  }
  return condition ? `its condition was not met (${condition})` : "its condition was not met";
}

/** @param {Api.Quality} quality */
function lostOf({ lost_answers: lost, answers_expected: expected }) {
  return lost.length ? `${lost.map(words).join(", ")} (${lost.length} of ${expected} could not be worked out)` : null;
}

/** @param {Api.Quality} quality */
function consentOf({ recording_consent_type: type, recording_consent_granted_at: at }) {
  if (at) {
    return `The customer agreed, ${dateTime(at)}`;
  }
  return type ? "The customer was asked and did not agree" : null;
}

/** @param {Api.Scorecard} card */
function scorecardOf({ name, score, percent }) {
  const result = percent === null ? String(score ?? "") : `${percent} of 100`;
  return [name, result].filter(Boolean).join(": ");
}

/** @param {number} count */
function times(count) {
  return count === 1 ? "once" : count === 2 ? "twice" : `${count} times`;
}

/**
 * The items as lines.
 * @param {(string | null)[]} items
 * @param {string} [between]
 */
function listOf(items, between = "\n") {
  return items.filter(Boolean).join(between);
}
