// How the calls of a period ran: cost, response times of the assistant, lost answers.

import { count } from "./charts.js";
import { fill, h } from "./dom.js";
import { card } from "./feedback_figures.js";
import { dollars, percent, seconds } from "./format.js";

const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
/** Maximum number of weeks and of versions; the latest are shown. */
const MOST_ROWS = 60;

/**
 * @returns {{element: HTMLElement, show: (figures: Api.QualityFigures | null) => void}} show takes null if they could
 *   not be read; the rest of the page does not depend on them
 */
export function qualityCard() {
  const facts = h("dl", { class: "quality-facts" });
  const rows = h("tbody", {});
  const table = h(
    "details",
    { class: "quality-versions", "data-testid": "quality-versions" },
    h("summary", {}, "Time to answer by week and assistant's version"),
    h(
      "div",
      { class: "table-scroll", tabindex: "0", role: "region", "aria-label": "Time to answer by week and version" },
      h("table", { class: "table" }, h("thead", {}, h("tr", {}, HEADS.map(headOf))), rows),
    ),
  );
  const element = card("How calls ran", "Costs as Vapi reports them", "card-quality", facts, table);
  element.dataset.testid = "quality-figures";
  /** @param {Api.QualityFigures | null} figures */
  const show = (figures) => {
    const isKnown = figures !== null && (figures.costs.dollars > 0 || figures.measured + figures.answers.expected > 0);
    element.hidden = !isKnown;
    if (isKnown) {
      fill(facts, factsOf(figures));
      table.hidden = figures.versions.length === 0;
      fill(rows, figures.versions.slice(-MOST_ROWS).reverse().map(rowOf));
    }
  };
  return { element, show };
}

/** @param {Api.QualityFigures} figures */
function factsOf({ costs, answers, median_turn_latency_ms: latency, measured }) {
  return [
    fact("Cost per call", dollars(costs.per_call), `${dollars(costs.dollars)} for ${count(costs.calls)} calls`),
    fact("Per conversation", dollars(costs.per_reached), `${count(costs.reached)} people reached`),
    fact("Per answer", dollars(costs.per_response), `${count(costs.responses)} scores`),
    fact("Time to answer", seconds(latency), measured ? `in the middle of ${count(measured)} calls` : "not measured"),
    fact(
      "Answers lost",
      percent(answers.lost_share),
      answers.expected ? `${count(answers.lost)} of ${count(answers.expected)} not worked out` : "none expected",
    ),
  ];
}

/**
 * @param {string} title
 * @param {string} value
 * @param {string} hint
 */
function fact(title, value, hint) {
  return h(
    "div",
    {},
    h("dt", {}, title),
    h("dd", { class: "quality-value" }, value),
    h("dd", { class: "muted small" }, hint),
  );
}

const HEADS = ["Week from", "Assistant", "Calls", "Time to answer"];

/**
 * @param {string} text
 * @param {number} place
 */
function headOf(text, place) {
  return h("th", { scope: "col", class: place > 1 ? "number" : null }, text);
}

/** @param {Api.VersionFigures} figures */
function rowOf({ starts, assistant_name: name, assistant_id: id, assistant_version: version, ...figures }) {
  const assistant = [name ?? id, version && `version ${version}`].filter(Boolean).join(", ") || "–";
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, day.format(new Date(starts))),
    h("td", {}, assistant),
    h("td", { class: "number" }, count(figures.measured)),
    h("td", { class: "number" }, seconds(figures.median_turn_latency_ms)),
  );
}
