// The filter by time: a range such as "Yesterday", which is relative to today, or two dates.

import { dateInput } from "./date_input.js";
import { h } from "./dom.js";
import { isoDate, RANGE_NAMES } from "./periods.js";
import { location, navigate } from "./router.js";

/** @import {Filters} from "./call_filters.js" */

const DATES = "dates";
const CHOICES = { "": "Any time", ...RANGE_NAMES, [DATES]: "Between two dates" };

/**
 * @returns {{element: HTMLElement, show: (given: Filters) => void, stop: () => void}} show takes the address's filters
 */
export function timeFilter() {
  const range = h(
    "select",
    { class: "input", "aria-label": "Time", "data-testid": "call-filter-range", onChange: () => choose(range.value) },
    Object.entries(CHOICES).map(([value, title]) => h("option", { value }, title)),
  );
  const dates = ["from", "to"].map((name) =>
    dateInput(
      {
        class: "input",
        name,
        "aria-label": name === "from" ? "From" : "To",
        "data-testid": `call-filter-${name}`,
        hidden: true,
      },
      (value, options) => navigate({ [name]: value, range: null }, options),
    ),
  );
  /** @param {Filters} given */
  const show = ({ range: name, from, to }) => {
    const isDates = Boolean(from || to);
    const isKnown = name !== undefined && Object.hasOwn(RANGE_NAMES, name);
    range.value = isDates ? DATES : isKnown ? name : "";
    dates.forEach(({ element }, place) => {
      element.hidden = !isDates;
      if (element !== document.activeElement) {
        element.value = dayOf([from, to][place] ?? "");
      }
    });
  };
  const element = h(
    "div",
    { class: "time-filter" },
    range,
    dates.map((date) => date.element),
  );
  return { element, show, stop: () => dates.forEach(({ stop }) => stop()) };
}

/** @param {string} value a key of CHOICES */
function choose(value) {
  const today = isoDate(new Date());
  navigate(
    value === DATES
      ? { range: null, from: location().get("from") ?? today, to: location().get("to") ?? today }
      : { range: value, from: null, to: null },
  );
}

/**
 * The day, in the reader's time zone, of a time with an offset; for the date control.
 * @param {string} value
 */
function dayOf(value) {
  const at = new Date(value);
  return !value || /^\d{4}-\d{2}-\d{2}$/.test(value) || Number.isNaN(at.getTime()) ? value : isoDate(at);
}
