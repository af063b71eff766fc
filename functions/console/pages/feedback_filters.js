// The row of controls above the figures: period and filters. The address contains all of them.

import { dateInput } from "./date_input.js";
import { fill, h } from "./dom.js";
import { directionInAddress, DIRECTIONS, FILTERS } from "./feedback_query.js";
import { isoDate, RANGE_NAMES, USUAL_RANGE } from "./periods.js";
import { link, location, navigate } from "./router.js";

/** @import {Query} from "./feedback_query.js" */
/** @import {Time} from "./periods.js" */

/**
 * @typedef {object} Filters
 * @property {HTMLElement} element
 * @property {(query: Query) => void} show the address's values
 * @property {(name: "campaign" | "advisor", groups: Api.GroupTally[]) => void} offer the groups as options
 * @property {() => void} stop
 */

/** @returns {Filters} */
export function feedbackFilters() {
  const time = timeFilter();
  const direction = selection("direction", (value) => navigate({ direction: directionInAddress(value) }));
  fill(
    direction,
    Object.entries(DIRECTIONS).map(([name, title]) => h("option", { value: name }, title)),
  );
  const chosen = {
    campaign: choice("campaign", "Campaign", "All campaigns"),
    advisor: choice("advisor", "Advisor", "All advisors"),
  };
  const demo = h("input", {
    type: "checkbox",
    "data-testid": "feedback-filter-demo",
    onChange: () => navigate({ demo: demo.checked ? "true" : null }),
  });
  const clear = h("a", { class: "button button-quiet", "data-testid": "feedback-clear" }, "Clear filters");
  const element = h(
    "div",
    { class: "feedback-filters", role: "search", "aria-label": "What the figures count" },
    time.parts,
    field("Direction", direction),
    chosen.campaign.element,
    chosen.advisor.element,
    h("label", { class: "check", title: "Demonstrations. They never count among real calls." }, demo, "Demo calls"),
    clear,
  );
  /** @param {Query} query */
  const show = (query) => {
    time.show(query.time);
    direction.value = query.narrow.direction ?? "";
    Object.entries(chosen).forEach(([name, { show: select }]) => select(query.narrow[name]));
    demo.checked = query.narrow.demo === "true";
    const given = FILTERS.filter((name) => location().has(name));
    const hadFocus = clear === document.activeElement;
    clear.hidden = given.length === 0;
    if (hadFocus && clear.hidden) {
      time.focus();
    }
    clear.setAttribute("href", link(Object.fromEntries(given.map((name) => [name, null]))));
  };
  return { element, show, stop: time.stop, offer: (name, groups) => chosen[name].offer(groups) };
}

function timeFilter() {
  const range = selection("range", (value) => choose(value));
  fill(
    range,
    Object.entries({ ...RANGE_NAMES, dates: "Between two dates" }).map(([name, title]) =>
      h("option", { value: name }, title),
    ),
  );
  const dates = ["from", "to"].map((name) =>
    dateInput({ class: "input", "data-testid": `feedback-filter-${name}` }, (value, options) =>
      navigate({ [name]: value, range: null }, options),
    ),
  );
  const inputs = dates.map(({ element }) => element);
  const fields = [field("From", inputs[0]), field("To", inputs[1])];
  /** @type {Time | null} */
  let shown = null;
  /** @param {string} name */
  const choose = (name) => {
    const dates = { from: isoDate(shown?.from ?? new Date()), to: isoDate(new Date()), range: null };
    navigate(name === "dates" ? dates : { from: null, to: null, range: name === USUAL_RANGE ? null : name });
  };
  /** @param {Time} time */
  const show = (time) => {
    shown = time;
    range.value = time.name;
    fields.forEach((element) => {
      element.hidden = time.name !== "dates";
    });
    inputs.forEach((input, index) => {
      if (input !== document.activeElement) {
        input.value = location().get(["from", "to"][index]) ?? "";
      }
    });
  };
  const focus = () => range.focus();
  return { parts: [field("Time", range), fields], show, focus, stop: () => dates.forEach(({ stop }) => stop()) };
}

/**
 * A select with the answers' groups as options; the chosen one stays, even if this period has no such call.
 * @param {string} name
 * @param {string} title
 * @param {string} all
 */
function choice(name, title, all) {
  const select = selection(name, (value) => navigate({ [name]: value }));
  /** @type {Map<string | null, string>} */
  const names = new Map();
  let value = "";
  const draw = () => {
    const options = new Map([...names].filter(([key]) => key !== null));
    if (value && !options.has(value)) {
      options.set(value, /^\d+$/.test(value) ? `${title} ${value}` : value);
    }
    const sorted = [...options].sort(([, one], [, other]) => one.localeCompare(other));
    fill(
      select,
      h("option", { value: "" }, all),
      sorted.map(([key, called]) => h("option", { value: key }, called)),
    );
    select.value = value;
  };
  /** @param {Api.GroupTally[]} groups */
  const offer = (groups) => {
    const before = names.size;
    groups.forEach(({ key, name: called }) => names.set(key, called ?? `${title} ${key}`));
    if (names.size !== before) {
      draw();
    }
  };
  /** @param {string | null | undefined} next */
  const show = (next) => {
    value = next ?? "";
    draw();
  };
  return { element: field(title, select), show, offer };
}

/**
 * @param {string} name
 * @param {(value: string) => void} choose
 */
function selection(name, choose) {
  const select = h("select", { class: "input", "data-testid": `feedback-filter-${name}` });
  select.addEventListener("change", () => choose(select.value));
  return select;
}

/**
 * @param {string} title
 * @param {HTMLElement} input
 */
function field(title, input) {
  return h("label", { class: "field" }, h("span", {}, title), input);
}
