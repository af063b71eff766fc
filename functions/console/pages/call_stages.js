// The way of a call, from its place in the queue to its report, with the times that are known.

import { h } from "./dom.js";
import { dateTime } from "./format.js";

const REMEMBERED = 200;
/** A status within this time before the start is the start itself, of which the report knows the millisecond. */
const SAME_MILLISECONDS = 500;
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

/** Call -> status -> when its news was received; the stored timeline does not say which status a webhook told. */
const heard = new Map();

/**
 * Remembers when a call came to a stage, for as long as this page is open.
 * @param {{event: string, call_id: number, changed: Object, received_at: string}} notice
 */
export function observe({ event, call_id: id, changed, received_at: at }) {
  if (event === "CallStatusChanged" && changed?.status) {
    heard.set(id, { ...heard.get(id), [changed.status]: at });
    if (heard.size > REMEMBERED) {
      heard.delete(heard.keys().next().value);
    }
  }
}

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

function timesOf(call) {
  const known = heard.get(call.id) ?? {};
  const before = statusesBefore(call);
  return {
    // The first status before the start shows that the call was queued by then, the last of several that it rang.
    Queued: known.Queued ?? before.at(0),
    Ringing: known.Ringing ?? (before.length > 1 ? before.at(-1) : undefined),
    "In Progress": call.start_time ?? known["In Progress"],
    Ended: call.end_time ?? known.Ended,
    Completed: call.status === "Completed" ? reportedAt(call) : undefined,
  };
}

/** Times of the status updates that came before somebody answered, or before it ended without an answer. */
function statusesBefore({ status, start_time: start, end_time: end, timeline }) {
  const limit = Date.parse(start ?? end ?? "") - SAME_MILLISECONDS;
  const times = timeline
    .filter(({ kind }) => kind === "status")
    .map(timeOf)
    .sort();
  const isBefore = Number.isNaN(limit) ? () => RANKS[status] >= 0 : (at) => Date.parse(at) < limit;
  return times.filter(isBefore);
}

function reportedAt({ timeline }) {
  return timeline
    .filter(({ kind }) => kind === "report")
    .map(timeOf)
    .at(-1);
}

function timeOf({ occurred_at: at, received_at: receivedAt }) {
  return at ?? receivedAt;
}
