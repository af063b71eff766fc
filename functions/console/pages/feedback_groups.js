// The same figures for each campaign and each advisor, side by side. A row narrows the whole view to its calls.

import { intervalBar } from "./chart_bars.js";
import { count, score } from "./charts.js";
import { fill, h, setHidden } from "./dom.js";
import { card } from "./feedback_figures.js";
import { isAnswered } from "./feedback_query.js";
import { duration, percent } from "./format.js";
import { keyedList } from "./keyed_list.js";
import { link } from "./router.js";

const FIRST = 10;
const BAR_WIDTH = 132;
/** What has no room on a phone is below the name there. */
const WIDE = ["Answers", "Response", "Reach", "Average"];

/** @typedef {Api.GroupTally & {chosen: boolean}} Row */

/**
 * @param {string} name campaign or advisor
 * @param {string} title
 * @returns {{element: HTMLElement, show: (groups: Api.GroupTally[], chosen?: string | null) => void}} shows groups of
 *   the API's summary, and which of them is chosen
 */
export function groupTable(name, title) {
  const body = h("tbody", {});
  const table = h(
    "table",
    { class: "table groups", "data-testid": `groups-${name}` },
    h("caption", { class: "visually-hidden" }, title),
    h("thead", {}, headOf(name)),
    body,
  );
  const nothing = h("p", { class: "muted" }, "No calls in this time.");
  const more = h("button", { type: "button", class: "button button-quiet" });
  const arrange = keyedList(
    body,
    ({ key }) => key ?? "",
    ({ key }) => groupRow(name, key),
  );
  /** @type {{groups: Api.GroupTally[], chosen: string | null, all: boolean}} */
  const state = { groups: [], chosen: null, all: false };
  const draw = () => {
    const { groups, chosen, all } = state;
    const last = body.lastElementChild;
    const shown = groups.filter(({ key }, index) => all || index < FIRST || key === chosen);
    arrange(shown.map((group) => ({ ...group, chosen: chosen !== null && group.key === chosen })));
    table.hidden = groups.length === 0;
    nothing.hidden = groups.length > 0;
    setHidden(more, shown.length === groups.length, last?.querySelector("a"));
    fill(more, `Show all ${count(groups.length)}`);
  };
  more.addEventListener("click", () => {
    state.all = true;
    draw();
  });
  /**
   * @param {Api.GroupTally[]} groups
   * @param {string | null | undefined} chosen
   */
  const show = (groups, chosen) => {
    Object.assign(state, { groups, chosen: chosen || null });
    draw();
  };
  return { element: card(title, null, "card-groups", table, nothing, more), show };
}

/** @param {string} name */
function headOf(name) {
  /**
   * @param {string} text
   * @param {string | null} look
   */
  const cell = (text, look) => h("th", { scope: "col", class: look }, text);
  return h(
    "tr",
    {},
    cell(titled(name), null),
    cell("NPS", "number"),
    cell("-100 to 100", null),
    WIDE.map((text) => cell(text, "number wide")),
  );
}

/**
 * A row keeps its link, which may have the focus.
 * @param {string} name
 * @param {string | null} key
 */
function groupRow(name, key) {
  const title = key === null ? h("span", { class: "muted" }, `No ${name}`) : h("a", {});
  const below = h("span", { class: "group-below muted small" });
  const number = h("td", { class: "number group-score" });
  const bar = h("td", { class: "group-bar" });
  const others = WIDE.map(() => h("td", { class: "number wide" }));
  const element = h("tr", {}, h("th", { scope: "row" }, title, below), number, bar, others);
  /** @param {Row} group */
  const show = (group) => {
    if (key !== null) {
      lead(title, name, group);
    }
    element.classList.toggle("chosen", group.chosen);
    fill(below, belowName(group));
    fill(number, score(group.nps));
    fill(bar, intervalOf(group));
    figuresOf(group).forEach((text, index) => fill(others[index], text));
  };
  return { element, show };
}

/**
 * The link narrows the view to the group, or ends that where it is chosen.
 * @param {HTMLElement} anchor
 * @param {string} name
 * @param {Row} group
 */
function lead(anchor, name, { key, name: called, chosen }) {
  fill(anchor, called ?? `${titled(name)} ${key}`);
  anchor.setAttribute("href", link({ [name]: chosen ? null : key }));
  anchor.setAttribute("aria-current", String(chosen));
  anchor.title = chosen ? `Show every ${name}` : "";
}

/** @param {Api.GroupTally} group */
function intervalOf(group) {
  const text = `${score(group.nps_low)} to ${score(group.nps_high)}`;
  return isAnswered(group)
    ? [intervalBar(group, BAR_WIDTH), h("span", { class: "visually-hidden" }, `95 % interval ${text}`)]
    : null;
}

/** @param {Api.GroupTally} group */
function figuresOf({ responses, response_rate: response, reach_rate: reach, average_duration_seconds: average }) {
  return [count(responses), percent(response), percent(reach), duration(average)];
}

/** @param {Api.GroupTally} group */
function belowName(group) {
  const [responses, response, reach, average] = figuresOf(group);
  return `n = ${responses} · response ${response} · reach ${reach} · ${average}`;
}

/** @param {string} name */
function titled(name) {
  return name[0].toUpperCase() + name.slice(1);
}
