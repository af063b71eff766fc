// Texts about a follow-up: its cause, its age, its due time, its history.

import { UNANSWERED } from "./constants.js";
import { dateTime, phone, time } from "./format.js";

/** @typedef {Api.ListedFollowUp} FollowUp */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "short", hour: "numeric", minute: "2-digit" });
const DIALLABLE = /^\+?[0-9 ().-]{3,20}$/;

/** @type {Record<string, string>} */
const STATES = { open: "Open", acknowledged: "Taken", resolved: "Resolved", dismissed: "Dismissed" };
/** @type {Record<string, string>} */
const DEEDS = { acknowledged: "took it", resolved: "resolved it", dismissed: "dismissed it" };

/**
 * @param {Pick<Api.FollowUp, "state">} followUp
 * @returns {boolean} whether it still needs an action
 */
export function isUnanswered({ state }) {
  return UNANSWERED.some((unanswered) => unanswered === state);
}

/**
 * Whether it is overdue by this browser's clock: it becomes so without an event.
 * @param {Pick<Api.FollowUp, "state" | "due_at">} followUp
 * @param {number} [now]
 */
export function isOverdue(followUp, now = Date.now()) {
  return isUnanswered(followUp) && Date.parse(followUp.due_at) < now;
}

/** @param {FollowUp} followUp */
export function customerOf({ customer_name: name, phone: number }) {
  return name || phone(number);
}

/**
 * @param {string} number
 * @returns {string | null} the address that dials it; null if it is not a number
 */
export function dialLink(number) {
  return DIALLABLE.test(number) ? `tel:${number.replace(/[^+0-9]/g, "")}` : null;
}

/**
 * The customer's own words: the first complaint, else the feedback, else the request.
 * @param {FollowUp} followUp
 * @returns {string | null}
 */
export function saidIn({ detractors, content, action_items: actions }) {
  return firstLine(detractors) ?? firstLine(content) ?? firstLine(actions);
}

/**
 * @param {Pick<FollowUp, "trigger" | "nps_score">} followUp
 * @returns {string} why it was opened
 */
export function reasonOf({ trigger, nps_score: score }) {
  /** @type {Record<string, string>} */
  const reasons = {
    score: score === null ? "A low score" : `Gave ${score} of 10`,
    callback_requested: "Asked to be called back",
    action_item: "Something is to be done",
    manual: "Opened by hand",
  };
  return reasons[trigger] ?? trigger;
}

/**
 * @param {string} from ISO
 * @param {number} [now]
 * @returns {string} "26 h"
 */
export function ageOf(from, now = Date.now()) {
  return lengthOf(now - Date.parse(from));
}

/**
 * @param {FollowUp | Api.FollowUp} followUp
 * @param {number} [now]
 * @returns {string} when it is due, how late it is, or when it was closed
 */
export function dueOf(followUp, now = Date.now()) {
  if (!isUnanswered(followUp)) {
    return followUp.resolved_at ? dateTime(followUp.resolved_at) : "";
  }
  const due = Date.parse(followUp.due_at);
  if (due < now) {
    return `overdue by ${lengthOf(now - due)}`;
  }
  const isToday = new Date(due).toDateString() === new Date(now).toDateString();
  return `due ${isToday ? `by ${time(followUp.due_at)}` : momentOf(due, now)}`;
}

/**
 * @param {FollowUp} followUp
 * @returns {string} its state with the person: "Taken by Kim Example"
 */
export function stateOf({ state, state_set_by: by }) {
  return by && state !== "open" ? `${STATES[state]} by ${by}` : STATES[state];
}

/**
 * @param {Pick<FollowUp, "assignee_id" | "assignee_name">} followUp
 * @returns {string} the assignee; empty if there is none
 */
export function assigneeOf({ assignee_id: id, assignee_name: name }) {
  return name || (id === null ? "" : `Person ${id}`);
}

/**
 * @param {Api.FollowUpEntry} entry
 * @param {Map<number, string>} people id -> name
 * @returns {string} the person and the change
 */
export function deedOf(entry, people) {
  const who = entry.actor_name || (entry.actor_subject === null ? null : "Somebody");
  if (entry.action === "opened") {
    return who ? `${who} opened it` : "The call's report opened it";
  }
  const deeds = [];
  const { assignee_id: assignee, cause } = entry.changes ?? {};
  if (entry.from_state !== entry.to_state) {
    const isGivenBack = entry.from_state === "acknowledged";
    deeds.push(DEEDS[entry.to_state] ?? (isGivenBack ? "gave it back" : "opened it again"));
  }
  if (Array.isArray(assignee)) {
    deeds.push(assignee[1] === null ? "took the name off" : `gave it to ${people.get(assignee[1]) ?? "somebody"}`);
  }
  if (Array.isArray(cause)) {
    deeds.push(cause[1] === null ? "took the cause back" : `said why: ${cause[1]}`);
  }
  if (!deeds.length) {
    deeds.push(entry.note ? "wrote" : "changed it");
  }
  return `${who ?? "A report"} ${listed(deeds)}`;
}

/** @param {string[]} deeds */
function listed(deeds) {
  return deeds.length > 1 ? `${deeds.slice(0, -1).join(", ")} and ${deeds[deeds.length - 1]}` : deeds[0];
}

/**
 * @param {number} at
 * @param {number} now
 */
function momentOf(at, now) {
  return Math.abs(at - now) < 6 * DAY ? weekday.format(at) : dateTime(new Date(at).toISOString());
}

/** @param {number} milliseconds */
function lengthOf(milliseconds) {
  const length = Math.max(0, milliseconds);
  if (length < HOUR) {
    return `${Math.floor(length / MINUTE)} min`;
  }
  return length < 3 * DAY ? `${Math.floor(length / HOUR)} h` : `${Math.floor(length / DAY)} days`;
}

/** @param {string | null} text */
function firstLine(text) {
  return (
    (text ?? "")
      .split("\n")
      .map((line) => line.trim())
      .find(Boolean) ?? null
  );
}
