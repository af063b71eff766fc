// Bar charts: how often each score was given, the calls' outcomes, and the confidence interval of a score.

import { npsCategoryOf } from "./call_order.js";
import { chart, compact, count, label, line, picture, round, ticks, track } from "./charts.js";
import { ANSWERED, NPS_CATEGORIES } from "./constants.js";
import { fill, h, svg } from "./dom.js";
import { percent, scoresOf, words } from "./format.js";
import { keyedList } from "./keyed_list.js";

/** From bad to good. */
export const SCORE_CATEGORIES = NPS_CATEGORIES.map((category) => ({
  ...category,
  title: `${words(category.name)}s`,
  range: scoresOf(category.first, category.last),
}));
/** @typedef {(typeof SCORE_CATEGORIES)[number]} ScoreCategory */
const TOP = 22;
const PLOT = 200;
const LEFT = 34;
const SCORES_HEIGHT = TOP + PLOT + 52;
/** Width in pixels of the longest category name, with a margin. */
const NAME_WIDTH = 64;
/** @type {ReadonlySet<string>} */
const REACHED = new Set(ANSWERED);

/**
 * @returns {{element: HTMLElement, show: (scores: number[]) => void}} shows how often each score from 0 to 10 was given
 */
export function scoreChart() {
  return chart("chart-scores", SCORES_HEIGHT, drawScores, tellScores);
}

/**
 * Bars whose length is their share, each a link. The values are text, so no table repeats them.
 * @param {(outcome: string) => string} hrefOf the address of the calls with an outcome
 * @returns {{element: HTMLElement, show: (outcomes: Record<string, number>) => void}} shows outcome -> calls
 */
export function outcomeChart(hrefOf) {
  const element = h("ul", { class: "outcomes", role: "list", "data-testid": "chart-outcomes" });
  const arrange = keyedList(
    element,
    ({ outcome }) => outcome,
    ({ outcome }) => outcomeRow(outcome, hrefOf),
  );
  /** @param {Record<string, number>} outcomes */
  const show = (outcomes) => {
    const total = sum(Object.values(outcomes));
    const rows = Object.entries(outcomes).map(([outcome, calls]) => ({ outcome, calls, share: calls / total }));
    arrange(rows.sort((one, other) => other.calls - one.calls));
  };
  return { element, show };
}

/**
 * A score and its 95 % interval on the line from -100 to 100. It is hidden from screen readers, as the values are
 * beside it.
 * @param {{nps: number, nps_low: number, nps_high: number}} tally
 * @param {number} width in pixels
 * @returns {SVGElement}
 */
export function intervalBar({ nps, nps_low: low, nps_high: high }, width) {
  const span = { class: "interval-span", y: 6, height: 8, rx: 4 };
  const x = (/** @type {number} */ value) => round(6 + ((value + 100) / 200) * (width - 12));
  return svg(
    "svg",
    { width, height: 20, viewBox: `0 0 ${width} 20`, class: "interval", "aria-hidden": "true" },
    line("chart-grid", [x(-100), 10], [x(100), 10]),
    line("chart-zero", [x(0), 2], [x(0), 18]),
    svg("rect", { ...span, x: x(low), width: Math.max(1, round(x(high) - x(low))) }),
    svg("circle", { cx: x(nps), cy: 10, r: 4.5, class: "interval-dot" }),
  );
}

/**
 * @param {number[]} scores
 * @param {number} width
 */
function drawScores(scores, width) {
  const levels = ticks(Math.max(...scores), 3);
  /** @param {number} number */
  const y = (number) => TOP + (1 - number / levels[levels.length - 1]) * PLOT;
  const step = (width - LEFT) / scores.length;
  const x = (/** @type {number} */ index) => LEFT + (index + 0.5) * step;
  const total = sum(scores);
  const description = `${count(total)} answers from 0 to 10. The figures are in the table.`;
  return picture(
    { width, height: SCORES_HEIGHT, title: "Answers by score", description },
    levels.map((level) => [
      line(level ? "chart-grid" : "chart-axis", [LEFT, y(level)], [width, y(level)]),
      label(LEFT - 8, y(level) + 4, compact(level), { "text-anchor": "end" }),
    ]),
    scores.map((number, index) => drawScore({ number, index, total, x: x(index), y: y(number), step })),
    SCORE_CATEGORIES.map((category) => drawCategoryName(category, x, step, width)),
  );
}

/** @param {{number: number, index: number, total: number, x: number, y: number, step: number}} bar */
function drawScore({ number, index, total, x, y, step }) {
  const thickness = Math.min(46, step * 0.74);
  return svg(
    "g",
    {},
    svg("title", {}, `Score ${index}: ${count(number)} (${percent(total ? number / total : 0)})`),
    svg("rect", {
      x: round(x - thickness / 2),
      width: round(thickness),
      y: round(y),
      height: round(TOP + PLOT - y),
      rx: 2,
      class: `category-${npsCategoryOf(index)}`,
    }),
    number > 0 && label(x, y - 6, compact(number), { "text-anchor": "middle", class: "chart-label chart-value" }),
    label(x, TOP + PLOT + 17, String(index), { "text-anchor": "middle" }),
  );
}

/**
 * A bar below the scores of a category, and its name; if that is wider than two scores, names end at the right.
 * @param {ScoreCategory} category
 * @param {(index: number) => number} x
 * @param {number} step
 * @param {number} width
 */
function drawCategoryName({ name, title, first, last }, x, step, width) {
  const [left, right] = [x(first) - step * 0.37, x(last) + step * 0.37];
  const isTight = last - first === 1 && step < NAME_WIDTH / 2;
  const place = isTight ? width - (last === 10 ? 0 : NAME_WIDTH) : (left + right) / 2;
  return [
    svg("rect", {
      x: round(left),
      width: round(right - left),
      y: TOP + PLOT + 25,
      height: 3,
      class: `category-${name}`,
    }),
    label(place, TOP + PLOT + 44, title, { "text-anchor": isTight ? "end" : "middle" }),
  ];
}

/** @param {number[]} scores */
function tellScores(scores) {
  const total = sum(scores);
  return {
    caption: "Answers by score",
    head: ["Score", "Answers", "Share"],
    rows: scores.map((number, index) => [String(index), count(number), percent(total ? number / total : 0)]),
  };
}

/**
 * @param {string} outcome
 * @param {(outcome: string) => string} hrefOf
 */
function outcomeRow(outcome, hrefOf) {
  const figures = h("span", { class: "number" });
  const bar = svg("rect", { height: 8, rx: 4, class: REACHED.has(outcome) ? "outcome-reached" : "outcome-other" });
  const anchor = h("a", {}, h("span", {}, words(outcome)), figures, track(8, bar));
  return {
    element: h("li", { "data-outcome": outcome }, anchor),
    show: (/** @type {{calls: number, share: number}} */ { calls, share }) => {
      fill(figures, h("strong", {}, count(calls)), ` ${percent(share)}`);
      bar.setAttribute("width", `${round(Math.max(0.5, share * 100))}%`);
      anchor.setAttribute("href", hrefOf(outcome));
    },
  };
}

/** @param {number[]} numbers */
function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
