// The figures of each campaign and each advisor, side by side. A click on a row filters the whole view. Groups with few
// answers come last in any order and have no rank, because one answer would make them the best or the worst.

import { intervalBar } from "./chart_bars.js";
import { count, score } from "./charts.js";
import { fill, h, setHidden } from "./dom.js";
import { card } from "./feedback_figures.js";
import { isAnswered } from "./feedback_query.js";
import { duration, percent } from "./format.js";
import { keyedList } from "./keyed_list.js";
import { link } from "./router.js";

const FIRST = 10;
/** Minimum number of answers for a rank. */
const RANKED = 10;
const BAR_WIDTH = 132;
/**
 * Sortable columns: heading and sort key.
 * @type {Record<string, {title: string, of: (group: Api.GroupTally) => number | string | null}>}
 */
const COLUMNS = {
  name: { title: "", of: ({ key, name }) => name ?? key },
  nps: { title: "NPS", of: ({ nps }) => nps },
  answers: { title: "Answers", of: ({ responses }) => responses },
  response: { title: "Response", of: ({ response_rate: rate }) => rate },
  reach: { title: "Reach", of: ({ reach_rate: rate }) => rate },
  average: { title: "Call time", of: ({ average_duration_seconds: seconds }) => seconds },
};
/** Columns that do not fit on a phone are shown below the name. */
const WIDE = ["answers", "response", "reach", "average"];

/** @typedef {{column: string, isDescending: boolean}} Order */

/** @typedef {Api.GroupTally & {chosen: boolean, place: number | null}} Row place: rank, if it has enough answers */

/**
 * @param {string} name campaign or advisor
 * @param {string} title
 * @returns {{element: HTMLElement, show: (groups: Api.GroupTally[], chosen?: string | null) => void}} shows groups of
 *   the API's summary, and which of them is chosen
 */
export function groupTable(name, title) {
  const body = h("tbody", {});
  const head = headOf(name, (column) => {
    const { order } = state;
    // Names sort from A, numbers from the greatest.
    const isDescending = order.column === column ? !order.isDescending : column !== "name";
    state.order = { column, isDescending };
    draw();
  });
  const table = h(
    "table",
    { class: "table groups", "data-testid": `groups-${name}` },
    h("caption", { class: "visually-hidden" }, title),
    h("thead", {}, head.element),
    body,
  );
  const few = h("p", { class: "muted small", "data-testid": `few-${name}` }, FEW);
  const nothing = h("p", { class: "muted" }, "No calls in this time.");
  const more = h("button", { type: "button", class: "button button-quiet" });
  const arrange = keyedList(
    body,
    ({ key }) => key ?? "",
    ({ key }) => groupRow(name, key),
  );
  /** @type {{groups: Api.GroupTally[], chosen: string | null, all: boolean, order: Order}} */
  const state = { groups: [], chosen: null, all: false, order: { column: "nps", isDescending: true } };
  const draw = () => {
    const { groups, chosen, all, order } = state;
    const last = body.lastElementChild;
    const sorted = sort(groups, order);
    const shown = sorted.filter(({ key }, index) => all || index < FIRST || key === chosen);
    arrange(shown.map((group) => ({ ...group, chosen: chosen !== null && group.key === chosen })));
    head.show(order);
    few.hidden = groups.every(isRanked);
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
  return { element: card(title, null, "card-groups", table, few, nothing, more), show };
}

const FEW = `Grey: fewer than ${RANKED} answers, too few for a place in the order.`;

/** @param {Api.GroupTally} group */
function isRanked({ responses }) {
  return responses >= RANKED;
}

/**
 * Sorts; groups with few answers come last, and groups without a value after those with one.
 * @param {Api.GroupTally[]} groups
 * @param {Order} order
 * @returns {Omit<Row, "chosen">[]}
 */
function sort(groups, { column, isDescending }) {
  const { of } = COLUMNS[column];
  const sorted = [...groups].sort(
    (one, other) => Number(isRanked(other)) - Number(isRanked(one)) || compare(of(one), of(other), isDescending),
  );
  return sorted.map((group, index) => ({ ...group, place: isRanked(group) ? index + 1 : null }));
}

/**
 * @param {number | string | null} one
 * @param {number | string | null} other
 * @param {boolean} isDescending
 */
function compare(one, other, isDescending) {
  if (one === null || other === null) {
    return Number(one === null) - Number(other === null);
  }
  const difference =
    typeof one === "number" ? one - Number(other) : one.localeCompare(String(other), undefined, { numeric: true });
  return isDescending ? -difference : difference;
}

/**
 * @param {string} name
 * @param {(column: string) => void} onChoice
 * @returns {{element: HTMLElement, show: (order: Order) => void}}
 */
function headOf(name, onChoice) {
  /** @type {Record<string, HTMLElement>} */
  const cells = {};
  /**
   * @param {string} column
   * @param {string | null} look
   */
  const cell = (column, look) => {
    const title = COLUMNS[column].title || titled(name);
    const button = h("button", { type: "button", class: "sort", onClick: () => onChoice(column) }, title);
    cells[column] = h("th", { scope: "col", class: look, "data-column": column }, button);
    return cells[column];
  };
  const element = h(
    "tr",
    {},
    h("th", { scope: "col", class: "number group-place" }, h("span", { class: "visually-hidden" }, "Place")),
    cell("name", null),
    cell("nps", "number"),
    h("th", { scope: "col" }, "-100 to 100"),
    WIDE.map((column) => cell(column, "number wide")),
  );
  /** @param {Order} order */
  const show = ({ column, isDescending }) => {
    Object.entries(cells).forEach(([key, one]) => {
      if (key === column) {
        one.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
      } else {
        one.removeAttribute("aria-sort");
      }
    });
  };
  return { element, show };
}

/**
 * A row keeps its link element, which may have the focus.
 * @param {string} name
 * @param {string | null} key
 */
function groupRow(name, key) {
  const title = key === null ? h("span", { class: "muted" }, `No ${name}`) : h("a", {});
  const below = h("span", { class: "group-below muted small" });
  const place = h("td", { class: "number group-place" });
  const number = h("td", { class: "number group-score" });
  const bar = h("td", { class: "group-bar" });
  const others = WIDE.map(() => h("td", { class: "number wide" }));
  const element = h("tr", {}, place, h("th", { scope: "row" }, title, below), number, bar, others);
  /** @param {Row} group */
  const show = (group) => {
    if (key !== null) {
      lead(title, name, group);
    }
    element.classList.toggle("chosen", group.chosen);
    element.classList.toggle("few", group.place === null);
    fill(place, group.place === null ? h("span", { class: "visually-hidden" }, "none") : `${group.place}.`);
    fill(below, belowName(group));
    fill(number, score(group.nps));
    fill(bar, intervalOf(group));
    figuresOf(group).forEach((text, index) => fill(others[index], text));
  };
  return { element, show };
}

/**
 * The link filters the view by the group, or removes that filter if the group is chosen.
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
