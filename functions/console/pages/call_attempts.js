// A call with several attempts: the choice of an attempt, and the call as that attempt.

import { fill, h } from "./dom.js";
import { dateTime, ordinal, words } from "./format.js";
import { keyedList } from "./keyed_list.js";

/** @typedef {string | number} Key of an attempt */

/** @typedef {Api.CallDetail & {attempt: Api.Attempt | null}} SeenCall a call as one of its attempts */

/**
 * The fields that each attempt has itself; the others are the call's.
 * @type {(keyof Api.Attempt & keyof Api.CallDetail)[]}
 */
const ITS_OWN = [
  "vapi_call_id",
  "status",
  "start_time",
  "end_time",
  "duration_seconds",
  "outcome",
  "ended_reason",
  "nps_score",
  "has_recording",
  "recording_elsewhere",
  "recording_copy",
  "cost_dollars",
  "quality",
  "call_reason",
  "summary",
  "feedback",
  "reported_by",
  "reconciliation",
];

/**
 * @param {{attempt_number: number | null, attempt_count: number}} call
 * @returns {string} "2nd attempt", if there are several attempts
 */
export function attemptOf({ attempt_number: number, attempt_count: count }) {
  if (number === 0) {
    return "Dialled again";
  }
  if (count < 2 || !number) {
    return "";
  }
  return number === count ? `${ordinal(number)} attempt` : `${ordinal(number)} of ${count} attempts`;
}

/**
 * @param {Api.Attempt} attempt of the API's call
 * @returns {Key} key for the API: numbers change when an earlier attempt becomes known
 */
export function keyOf({ vapi_call_id: id, number }) {
  return id ?? number;
}

/**
 * The call as one of its attempts, with only the data of that attempt.
 * @param {Api.CallDetail} call with its attempts
 * @param {Key | null} key of an attempt; null for the one that the call shows
 * @returns {SeenCall} a call; `attempt` is the attempt, or null if there is none
 */
export function asAttempt(call, key) {
  const { attempts } = call;
  const place = attempts.findIndex((attempt) => (key === null ? attempt.shown : keyOf(attempt) === key));
  const attempt = attempts[place] ?? null;
  if (attempts.length < 2 || !attempt) {
    return { ...call, attempt };
  }
  const began = place > 0 ? Date.parse(attempt.began_at ?? "") || -Infinity : -Infinity;
  const next = Date.parse(attempts[place + 1]?.began_at ?? "") || Infinity;
  return {
    ...call,
    ...(attempt.shown ? {} : Object.fromEntries(ITS_OWN.map((name) => [name, attempt[name]]))),
    status: (attempt.shown ? call.status : attempt.status) ?? "",
    attempt_number: attempt.number,
    attempt,
    timeline: call.timeline.filter(
      ({ vapi_call_id: id }) => id === attempt.vapi_call_id || (id === null && attempt.shown),
    ),
    incidents: call.incidents.filter(({ occurred_at: at }) => Date.parse(at) >= began && Date.parse(at) < next),
  };
}

/**
 * A menu of a call's attempts; nothing if there is only one.
 * @param {(key: Key | null) => void} onChoose gets an attempt's key, or null for the one that the call shows
 * @returns {{element: HTMLElement, show: (call: Api.CallDetail, chosen: Key | null) => void}} shows a call with its
 *   attempts, and which one is chosen
 */
export function attemptChoice(onChoose) {
  const element = h("div", {
    class: "attempts",
    role: "group",
    "aria-label": "Attempts",
    "data-testid": "attempts",
    hidden: true,
  });
  const arrange = keyedList(
    element,
    ({ attempt }) => keyOf(attempt),
    () => attemptButton(onChoose),
  );
  /**
   * @param {Api.CallDetail} call
   * @param {Key | null} chosen
   */
  /**
   * @param {Api.CallDetail} call
   * @param {Key | null} chosen
   */
  const show = ({ attempts }, chosen) => {
    element.hidden = attempts.length < 2;
    arrange(
      attempts.map((attempt) => ({
        attempt,
        isChosen: chosen === null ? attempt.shown : keyOf(attempt) === chosen,
      })),
    );
  };
  return { element, show };
}

/** @param {(key: Key | null) => void} onChoose */
function attemptButton(onChoose) {
  /** @type {Api.Attempt | null} */
  let shown = null;
  const element = h("button", {
    type: "button",
    class: "attempt",
    onClick: () => shown && onChoose(shown.shown ? null : keyOf(shown)),
  });
  /** @param {{attempt: Api.Attempt, isChosen: boolean}} item */
  /** @param {{attempt: Api.Attempt, isChosen: boolean}} item */
  const show = ({ attempt, isChosen }) => {
    shown = attempt;
    const { number, outcome, status, start_time: start, end_time: end, began_at: began } = attempt;
    const came = outcome ? words(outcome) : status;
    const at = start ?? end ?? began;
    element.dataset.testid = `attempt-${number}`;
    element.setAttribute("aria-pressed", String(isChosen));
    element.title = number === 0 ? "What was there before Vapi's first message" : "";
    fill(
      element,
      h("span", { class: "attempt-name" }, number === 0 ? "Before" : ordinal(number)),
      h("span", { class: "attempt-facts" }, [came, at && dateTime(at)].filter(Boolean).join(" · ")),
    );
  };
  return { element, show };
}
