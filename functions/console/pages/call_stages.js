// The stages of a call from the queue to its report, with the known times.

import { OVER, STATUS_RANKS } from "./constants.js";
import { h } from "./dom.js";
import { dateTime } from "./format.js";

/** @typedef {Pick<Api.CallDetail, "status" | "start_time" | "end_time" | "timeline">} Staged */

/** @typedef {"done" | "now" | "skipped" | "to come"} State */

const STAGES = ["Queued", "Ringing", "In Progress", "Ended", "Completed"];
const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit", second: "2-digit" });

/**
 * @param {Staged} call
 * @returns {{name: string, at: string | null, state: State}[]}
 */
function stagesOf(call) {
  const times = timesOf(call);
  const reached = placeOf(call.status);
  return STAGES.map((name, place) => ({
    name,
    at: times[name] ?? null,
    state: stateOf(place, reached, call, times[name]),
  }));
}

/**
 * @param {Staged} call
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

/**
 * Index of the last stage that the status has reached; -1 if it has reached none.
 * @param {string} status
 */
function placeOf(status) {
  if (status !== "Completed" && OVER.some((over) => over === status)) {
    return STAGES.indexOf("Ended");
  }
  const reached = STAGES.findLastIndex((stage) => STATUS_RANKS[stage] <= (STATUS_RANKS[status] ?? 0));
  return STAGES.includes(status) ? STAGES.indexOf(status) : reached;
}

/**
 * @param {number} place
 * @param {number} reached
 * @param {Staged} call
 * @param {string | undefined} at
 * @returns {State}
 */
function stateOf(place, reached, call, at) {
  if (place === reached) {
    return "now";
  }
  if (place > reached) {
    return "to come";
  }
  // Nobody answered: the call ended without having been in progress.
  return STAGES[place] === "In Progress" && !at && call.end_time ? "skipped" : "done";
}

/**
 * The report has exact times of start and end; otherwise the first webhook of a stage counts, or the last report.
 * @param {Staged} call
 * @returns {Record<string, string | undefined>}
 */
function timesOf({ start_time: start, end_time: end, timeline }) {
  /** @param {string} name */
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
