// One row of the list. It is updated in place, so that focus and selection stay.

import { h } from "./dom.js";
import { dateTime, duration, phone, time, words } from "./format.js";
import { attemptOf } from "./call_attempts.js";
import { placeOfHit, showMatch } from "./match.js";
import { npsCategoryOf, isLive } from "./call_order.js";
import { reportMark, reportSentence } from "./report_origin.js";
import { link } from "./router.js";

/** @import {Entry} from "./call_store.js" */
/** @import {Child} from "./dom.js" */

const FLASH_MILLISECONDS = 1600;
const dayFormat = new Intl.DateTimeFormat(undefined, { weekday: "short", month: "short", day: "numeric" });
const dateFormat = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric" });
/** Older days are shown with the year instead of the weekday. */
const RECENT_MILLISECONDS = 180 * 86_400_000;

/** Name of a column -> its heading. */
export const COLUMNS = {
  nps: "Score",
  customer: "Customer",
  vehicle: "Vehicle",
  service: "Service",
  advisor: "Advisor",
  start: "Start",
  duration: "Duration",
  outcome: "Outcome",
};

/** A row and its cells. A row outside the rendered range is reused for another call. */
export class CallRow {
  #cells;
  #link;
  #phone;
  #attempt;
  #report;
  #said;
  #match = h("div", { class: "call-match", "data-testid": "call-match" });
  #state;
  #score;
  #day = h("span", { class: "start-day" });
  #time = h("span", { class: "start-time" });
  /** @type {Api.Call | null} */
  #call = null;

  constructor() {
    this.#link = h("a", { class: "call-link", tabindex: "-1" });
    this.#phone = h("span", { class: "call-phone" });
    this.#attempt = h("span", { class: "call-attempt" });
    this.#report = h("span", { class: "call-report" });
    this.#said = h("div", { class: "call-said", "data-testid": "call-said" });
    this.#state = h("span", { class: "call-state-name", "data-testid": "call-status" });
    this.#score = h("span", { class: "score" });
    const name = h("div", { class: "call-name" }, this.#link, this.#phone, this.#attempt, this.#report);
    /** @type {Record<string, Child>} */
    const parts = {
      nps: this.#score,
      customer: [name, this.#match, this.#said],
      start: [this.#day, this.#time],
      outcome: this.#state,
    };
    this.#cells = Object.fromEntries(
      Object.keys(COLUMNS).map((name) => [name, h("td", { role: "cell", class: `call-${name}` }, parts[name] ?? null)]),
    );
    this.element = h("tr", { role: "row", class: "call-row" }, Object.values(this.#cells));
  }

  /** The link that has the focus if the row is the current one. */
  get link() {
    return this.#link;
  }

  /**
   * @param {Entry} entry
   * @param {number} index its index in the list
   * @param {{openId: number | null, currentId: number | null}} marks the open call, and the current one of the keyboard
   */
  show({ call, leaving }, index, { openId, currentId }) {
    if (call !== this.#call) {
      this.#write(call);
    }
    this.element.setAttribute("aria-rowindex", String(index + 2));
    this.element.classList.toggle("call-leaving", leaving);
    this.element.title = leaving ? "No longer matches the filters" : "";
    this.#link.tabIndex = call.id === currentId ? 0 : -1;
    const href = link(placeOfHit(call));
    mark(this.#link, "href", true, href);
    mark(this.#link, "aria-current", call.id === openId);
    mark(this.element, "data-open", call.id === openId);
  }

  /** Updates the duration of a live call. */
  tick() {
    if (this.#call && isLive(this.#call)) {
      write(this.#cells.duration, durationOf(this.#call));
    }
  }

  /** @param {Api.Call} call */
  #write(call) {
    const isFirst = this.#call?.id !== call.id;
    this.#call = call;
    this.element.dataset.call = String(call.id);
    this.element.dataset.testid = `call-row-${call.id}`;
    write(this.#link, nameOf(call));
    write(this.#phone, call.customer_name ? phone(call.phone) : "");
    write(this.#attempt, attemptOf(call));
    write(this.#report, reportMark(call));
    showMatch(this.#match, call.match);
    this.#report.title = reportSentence(call) ?? "";
    showScore(this.#score, call.nps_score);
    const changed = Object.entries(textsOf(call))
      .filter(([name, text]) => write(this.#cells[name], text))
      .map(([name]) => name);
    if (write(this.#state, stateOf(call))) {
      changed.push("outcome");
    }
    if (this.#writeSaid(call)) {
      changed.push("customer");
    }
    if (this.#writeStart(call)) {
      changed.push("start");
    }
    this.element.toggleAttribute("data-live", isLive(call));
    this.element.dataset.outcome = call.outcome ?? "";
    this.element.dataset.npsCategory = npsCategoryOf(call.nps_score) ?? "";
    this.#cells.start.title = dateTime(call.start_time ?? call.end_time);
    if (!isFirst) {
      this.#flash(changed.filter((name) => name !== "duration" || !isLive(call)));
    }
  }

  /**
   * The first complaint, else the summary, so that the reason is readable without opening the call.
   * @param {Api.Call} call
   */
  #writeSaid({ complaint, gist }) {
    const text = complaint ?? gist ?? "";
    this.#said.toggleAttribute("data-complaint", Boolean(complaint));
    this.#said.title = text;
    return write(this.#said, text);
  }

  /**
   * Day and time are separate lines, so that neither is cut.
   * @param {Api.Call} call
   */
  #writeStart(call) {
    const [day, at] = startOf(call);
    const isNew = [write(this.#day, day), write(this.#time, at)];
    return isNew.includes(true);
  }

  /** @param {string[]} names */
  #flash(names) {
    for (const name of names) {
      this.#cells[name].animate?.([{ backgroundColor: "var(--accent-soft)" }, {}], {
        duration: motion(),
        easing: "ease-out",
      });
    }
  }
}

/**
 * @param {HTMLElement} element
 * @param {Api.Call} call
 */
export function showStatus(element, call) {
  write(element, call.status);
  element.title = call.status; // a narrow list shows only the dot
  element.dataset.status = call.status;
  element.toggleAttribute("data-live", isLive(call));
}

/**
 * @param {HTMLElement} element gets the score, its colour, and for listeners its category
 * @param {number | null | undefined} score 0 to 10
 */
export function showScore(element, score) {
  const isKnown = score !== null && score !== undefined;
  write(element, isKnown ? String(score) : "");
  element.dataset.npsCategory = npsCategoryOf(score) ?? "";
  mark(element, "data-testid", isKnown, "nps-score");
  mark(element, "title", isKnown, isKnown ? `${score} of 10: ${npsCategoryOf(score)}` : "");
}

/**
 * @param {Api.Call} call
 * @returns {string} the customer's name, else the number
 */
export function nameOf(call) {
  return call.customer_name || phone(call.phone);
}

/**
 * @param {Api.Call} call
 * @returns {string} its duration, or the time since its begin
 */
export function durationOf(call) {
  if (isLive(call) && call.start_time) {
    return duration(Math.max(0, (Date.now() - Date.parse(call.start_time)) / 1000));
  }
  return call.duration_seconds === null ? "" : duration(call.duration_seconds);
}

/**
 * An unknown value stays empty: a page of dashes is hard to read.
 * @param {Api.Call} call
 */
function textsOf(call) {
  return {
    vehicle: call.vehicle ?? "",
    service: call.service ?? "",
    advisor: call.advisor_name ?? "",
    duration: durationOf(call),
  };
}

/**
 * The outcome, or the status while there is none.
 * @param {Api.Call} call
 */
function stateOf(call) {
  return call.outcome && !isLive(call) ? words(call.outcome) : call.status;
}

/**
 * Day and time; a call that nobody answered has only an end.
 * @param {Api.Call} call
 */
function startOf(call) {
  const at = call.start_time ?? call.end_time;
  if (!at) {
    return ["", ""];
  }
  const date = new Date(at);
  if (date.toDateString() === new Date().toDateString()) {
    return ["Today, ", time(at)];
  }
  const form = Math.abs(Date.now() - date.getTime()) < RECENT_MILLISECONDS ? dayFormat : dateFormat;
  return [`${form.format(date)}, `, time(at)];
}

/**
 * Writes the text only if it is new; returns whether it was.
 * @param {HTMLElement} element
 * @param {string} text
 */
function write(element, text) {
  const isNew = element.textContent !== text;
  if (isNew) {
    element.textContent = text;
  }
  return isNew;
}

/**
 * @param {HTMLElement} element
 * @param {string} name
 * @param {boolean} isSet
 * @param {string} [value]
 */
function mark(element, name, isSet, value = "true") {
  if (isSet && element.getAttribute(name) !== value) {
    element.setAttribute(name, value);
  } else if (!isSet) {
    element.removeAttribute(name);
  }
}

function motion() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : FLASH_MILLISECONDS;
}
