// Facts about a call: summary, feedback, visit, and details for support.

import { otherAnswers } from "./answers.js";
import { fill, h } from "./dom.js";
import { endedSentence } from "./ended_reason.js";
import { dateTime, dollars, phone, words } from "./format.js";
import { showScore } from "./call_row.js";
import { reportSentence } from "./report_origin.js";
import { link } from "./router.js";

/** @import {SeenCall} from "./call_attempts.js" */
/** @import {Child} from "./dom.js" */

const SLOW_MILLISECONDS = 1000;

/**
 * @param {SeenCall} call with its feedback
 * @returns {HTMLElement | null} null while nothing is known
 */
export function outcomeSection(call) {
  const { summary, feedback, nps_score: score } = call;
  if (!summary && !feedback) {
    return null;
  }
  const { content, positives, detractors, action_items: actions } = feedback ?? {};
  return section(
    "outcome",
    "What came of it",
    h(
      "div",
      { class: "outcome" },
      score === null ? null : scoreOf(score),
      h(
        "div",
        { class: "outcome-text" },
        content && content !== summary ? h("p", { "data-testid": "feedback-content" }, content) : null,
        summary
          ? h("p", { class: content && content !== summary ? "muted" : "", "data-testid": "call-summary" }, summary)
          : null,
      ),
    ),
    h(
      "div",
      { class: "points" },
      points("Went well", positives, "good"),
      points("Went wrong", detractors, "bad"),
      points("To do", actions, "accent"),
    ),
    answersSection(otherAnswers(call)),
  );
}

/**
 * @param {SeenCall} call with its visit
 * @returns {HTMLElement}
 */
export function serviceRecordSection(call) {
  const { service_record: serviceRecord } = call;
  return section(
    "visit",
    "Visit and call",
    h(
      "dl",
      { class: "facts", "data-testid": "service-record" },
      fact("Customer", serviceRecord?.customer_name ?? call.customer_name),
      fact("Phone", phone(serviceRecord?.phone ?? call.phone)),
      fact("Vehicle", serviceRecord?.vehicle ?? call.vehicle),
      fact("Service", serviceRecord?.service ?? call.service),
      fact("Appointment", serviceRecord?.appointment ? dateTime(serviceRecord.appointment) : null),
      fact("Advisor", call.advisor_name),
      fact("Rating", serviceRecord?.rating),
      fact("Visit's feedback", serviceRecord?.feedback === call.feedback?.content ? null : serviceRecord?.feedback),
      fact("Campaign", call.campaign_name),
      fact("Direction", `${words(call.direction)}${call.demo ? ", demonstration" : ""}`),
      fact("Reason for the call", call.call_reason),
      fact("How it ended", endedSentence(call)),
      fact("Report", reportSentence(call)),
    ),
    relatedCalls(call.related_calls),
  );
}

/**
 * Other calls about the visit: a customer who was not reached may have called back.
 * @param {Api.RelatedCall[]} calls latest first
 * @returns {HTMLElement | null}
 */
function relatedCalls(calls) {
  if (!calls.length) {
    return null;
  }
  return h(
    "div",
    { "data-testid": "related-calls" },
    h("h4", { id: "related-calls-title" }, "Other calls about this visit"),
    h("ul", { class: "related-calls", "aria-labelledby": "related-calls-title" }, calls.map(relatedCall)),
  );
}

/** @param {Api.RelatedCall} call */
function relatedCall(call) {
  const at = call.start_time ?? call.end_time;
  const who = call.direction === "inbound" ? "The customer called" : "The customer was called";
  const came = words(call.outcome ?? call.status);
  const score = call.nps_score === null ? null : h("span", { class: "score" });
  if (score) {
    showScore(score, call.nps_score);
  }
  return h(
    "li",
    {},
    h("a", { href: link({ call: call.id, turn: null }) }, at ? dateTime(at) : "Not begun"),
    ` · ${who} · ${came} `,
    score,
  );
}

/**
 * Details that only support needs: ids, Vapi's values, cost, and the webhooks. A call has some dozens of webhooks, so
 * they are rendered only when the section is open. There is one element for the panel's life, so that a new reading
 * does not close it.
 * @returns {{element: HTMLElement, show: (call: Api.CallDetail, seen: SeenCall) => void}} show takes a call with its
 *   timeline, and the same as the chosen attempt
 */
export function supportSection() {
  /** @type {{call: Api.CallDetail, seen: SeenCall} | null} */
  let shown = null;
  const said = h("span", { class: "muted small" });
  const facts = h("dl", { class: "facts" });
  const place = h("div", { class: "timeline", tabindex: "0", role: "region", "aria-label": "Webhooks" });
  const element = h(
    "details",
    { class: "panel-section", id: "call-timeline", "data-testid": "timeline" },
    h("summary", {}, h("h3", {}, "Details for support")),
    facts,
    h("p", { class: "timeline-title" }, "Webhooks ", said),
    place,
  );
  const draw = () => {
    if (element.open && shown) {
      fill(facts, supportFacts(shown.seen));
      fill(said, timelineSummary(shown.call.timeline));
      fill(place, timelineTable(shown.call.timeline));
    }
  };
  element.addEventListener("toggle", draw);
  /**
   * @param {Api.CallDetail} call
   * @param {SeenCall} seen
   */
  const show = (call, seen) => {
    shown = { call, seen };
    draw();
  };
  return { element, show };
}

/** @param {SeenCall} call */
function supportFacts(call) {
  /** @param {string | null} text */
  const code = (text) => text && h("code", {}, text);
  return [
    fact("Call", code(String(call.id))),
    fact("Vapi's call", code(call.vapi_call_id)),
    fact("Ended reason", code(call.ended_reason)),
    fact("Status", call.status),
    fact("Cost", call.cost_dollars === null ? null : dollars(call.cost_dollars)),
    fact("Vapi's campaign", code(call.quality?.vapi_campaign_id ?? null)),
    fact("Vapi's assistant", code(call.quality?.assistant_id ?? null)),
    fact("Name as Vapi has it", call.attempt?.customer_name),
    fact("SIP address", call.attempt?.customer_sip_uri),
  ];
}

/** @param {Api.Event[]} timeline */
function timelineSummary(timeline) {
  const count = timeline.length === 1 ? "1 received" : `${timeline.length} received`;
  const sorted = timeline.map(({ processing_ms: ms }) => ms).sort((one, other) => one - other);
  return sorted.length
    ? `${count}, stored in ${milliseconds(sorted[Math.floor(sorted.length / 2)])} (median)`
    : "none received yet";
}

/** @param {Api.Event[]} timeline */
function timelineTable(timeline) {
  const heads = ["Received", "Webhook", "Delivery", "Stored in", ""].map((text, place) =>
    h(
      "th",
      { scope: "col", class: place === 2 || place === 3 ? "number" : null },
      text || h("span", { class: "visually-hidden" }, "Remark"),
    ),
  );
  return h(
    "table",
    { class: "table timeline-table" },
    h("thead", {}, h("tr", {}, heads)),
    h("tbody", {}, timeline.map(timelineRow)),
  );
}

/** @param {Api.Event} event */
function timelineRow(event) {
  const { type, status, received_at: at, delivery_ms: delivery, processing_ms: processing } = event;
  const { origin, outcome, repeats } = event;
  const remarks = [
    origin === "reconciliation" ? "asked for" : null,
    outcome === "applied" ? null : outcome,
    repeats ? `repeated ${repeats}×` : null,
  ]
    .filter(Boolean)
    .join(", ");
  return h(
    "tr",
    {},
    h("td", {}, h("time", { datetime: at, title: dateTime(at) }, clock(at))),
    h("td", {}, type, status ? h("span", { class: "muted" }, ` · ${status}`) : null),
    h("td", { class: "number" }, delivery === null ? "–" : milliseconds(delivery)),
    h("td", { class: processing > SLOW_MILLISECONDS ? "number slow" : "number" }, milliseconds(processing)),
    h("td", { class: "muted" }, remarks),
  );
}

/** @param {number} score */
function scoreOf(score) {
  const value = h("span", { class: "score score-large" });
  showScore(value, score);
  return h("div", { class: "outcome-score" }, value, h("span", { class: "muted small" }, "of 10"));
}

/**
 * @param {string} title
 * @param {string | null | undefined} text
 * @param {string} tone
 */
function points(title, text, tone) {
  const lines = (text ?? "")
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  return lines.length
    ? h(
        "div",
        { class: "point-list", "data-tone": tone },
        h("h4", {}, title),
        h(
          "ul",
          {},
          lines.map((line) => h("li", {}, line)),
        ),
      )
    : null;
}

/**
 * Other answers; a nested object is shown as JSON.
 * @param {[string, unknown][]} answers
 */
function answersSection(answers) {
  return answers.length
    ? h(
        "details",
        { class: "answers", "data-testid": "other-answers" },
        h("summary", {}, "Other answers"),
        h(
          "dl",
          { class: "facts" },
          answers.map(([name, value]) =>
            fact(words(name), typeof value === "object" ? JSON.stringify(value) : String(value)),
          ),
        ),
      )
    : null;
}

/**
 * @param {string} name
 * @param {Child} value
 */
export function fact(name, value) {
  return value === null || value === undefined || value === "" ? null : [h("dt", {}, name), h("dd", {}, value)];
}

/**
 * @param {string} id
 * @param {string} title
 * @param {...Child} children
 */
export function section(id, title, ...children) {
  return h(
    "section",
    { class: "panel-section", id: `call-${id}`, "aria-labelledby": `call-${id}-title` },
    h("h3", { id: `call-${id}-title` }, title),
    children,
  );
}

/** @param {number} value */
function milliseconds(value) {
  return value < 10_000 ? `${value} ms` : `${(value / 1000).toFixed(value < 100_000 ? 1 : 0)} s`;
}

/** @param {string} at */
function clock(at) {
  return new Date(at).toLocaleTimeString(undefined, { hour: "numeric", minute: "2-digit", second: "2-digit" });
}
