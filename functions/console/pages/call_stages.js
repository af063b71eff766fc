// The way of a call, from its place in the queue to its report, with the times that are known.

import { h } from "./dom.js";
import { dateTime } from "./format.js";

const STAGES = ["Queued", "Ringing", "In Progress", "Ended", "Completed"];
const RANKS = {
  Ready: -1,
  Scheduled: -1,
  Queued: 0,
  Ringing: 1,
  "In Progress": 2,
  Forwarding: 2,
  Ended: 3,
  Missed: 3,
  Failed: 3,
  Completed: 4,
};
const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit", second: "2-digit" });

/**
 * @param {Object} call with its timeline
 * @returns {Array<{name: string, at: ?string, state: "done"|"now"|"skipped"|"to come"}>}
 */
export function stagesOf(call) {
  const times = timesOf(call);
  const rank = RANKS[call.status] ?? -1;
  return STAGES.map((name, place) => ({
    name,
    at: times[name] ?? null,
    state: stateOf(place, rank, call, times[name]),
  }));
}

/**
 * @param {Object} call with its timeline
 * @returns {HTMLElement[]} items of an ordered list
 */
export function stageItems(call) {
  return stagesOf(call).map(({ name, at, state }) =>
    h(
      "li",
      { class: "stage", "data-state": state, "aria-current": state === "now" ? "step" : null },
      h("span", { class: "stage-name" }, name),
      h(
        "span",
        { class: "stage-time", title: at ? dateTime(at) : null },
        at ? clock.format(new Date(at)) : state === "skipped" ? "–" : "",
      ),
      h(
        "span",
        { class: "visually-hidden" },
        { now: ", now", "to come": ", still to come", skipped: ", did not happen", done: "" }[state],
      ),
    ),
  );
}

function stateOf(place, rank, call, at) {
  if (place === rank) {
    return "now";
  }
  if (place > rank) {
    return "to come";
  }
  // Nobody answered: the call has an end, and never was in progress.
  return STAGES[place] === "In Progress" && !at && call.end_time ? "skipped" : "done";
}

/** The report knows start and end to the millisecond; else the first webhook of a stage counts, or the last report. */
function timesOf({ start_time: start, end_time: end, timeline }) {
  const told = (name) =>
    timeline
      .filter(({ status }) => status === name)
      .map(({ occurred_at: at, received_at: receivedAt }) => at ?? receivedAt)
      .sort();
  return {
    Queued: told("Queued").at(0),
    Ringing: told("Ringing").at(0),
    "In Progress": start ?? told("In Progress").at(0),
    Ended: end ?? told("Ended").at(0),
    Completed: told("Completed").at(-1),
  };
}
