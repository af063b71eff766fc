// The figures of a period: the score and its interval, its change, and the calls' outcomes.

import { SCORE_CATEGORIES, intervalBar, outcomeChart, scoreChart } from "./chart_bars.js";
import { EVERYONE, trendChart } from "./chart_trend.js";
import { chart, count, label, score, track } from "./charts.js";
import { fill, h, svg } from "./dom.js";
import { isAnswered, linkToCalls } from "./feedback_query.js";
import { changeWords } from "./feedback_change.js";
import { reasonsCard } from "./feedback_reasons.js";
import { duration, percent } from "./format.js";
import { choose } from "./keyed_list.js";
import { isPlainClick, link, navigate } from "./router.js";

/** @import {Answer} from "./feedback.js" */

/** @import {Query} from "./feedback_query.js" */
/** @import {ScoreCategory} from "./chart_bars.js" */
/** @import {Trend} from "./chart_trend.js" */
/** @import {Child} from "./dom.js" */

/** A wider interval than this means little: nine answers have one of about 80. */
const VAGUE = 60;
const SCALE_HEIGHT = 40;
const PERIODS = { day: "Day", week: "Week", month: "Month" };

/**
 * What a manager wants to know first: the score, its change, and what went wrong.
 * @param {{onChoice: () => void}} handlers onChoice: called when a score category or a reason is chosen
 * @returns {{element: HTMLElement, slot: HTMLElement, show: (answer: Answer) => void,
 *   choose: (reason: string | null) => void}} slot: an element in the score card for content of another module
 *   choose: marks the reason by which the list is filtered
 */
export function firstFigures({ onChoice }) {
  const hero = scoreCard(onChoice);
  const reasons = reasonsCard(onChoice);
  const element = h("div", { class: "figures" }, hero.element, reasons.element);
  /** @param {Answer} answer */
  const show = ({ summary, before, query }) => {
    hero.show(summary.total, before?.total ?? null, query.time.days);
    reasons.show(summary.reasons, before?.reasons ?? null);
    reasons.choose(query.reason);
  };
  return { element, slot: hero.slot, show, choose: reasons.choose };
}

/**
 * Charts that explain these figures: the score over time, how often each score was given, the outcomes.
 * @returns {{element: HTMLElement, show: (answer: Answer) => void}}
 */
export function furtherFigures() {
  const trend = trendCard();
  const scores = scoreChart();
  const outcomes = outcomeCard();
  const histogram = card("Scores", "How often each was given", "card-scores", scores.element);
  const element = h("div", { class: "figures" }, trend.element, histogram, outcomes.element);
  /** @param {Answer} answer */
  const show = ({ summary, everyone, query, zone }) => {
    const { periods, until } = summary;
    const openFrom = query.time.to ? new Date().toISOString() : until;
    trend.show({ periods, everyone, period: query.period, zone, openFrom });
    scores.show(summary.scores);
    outcomes.show(summary.outcomes, query);
  };
  return { element, show };
}

/**
 * @param {string} title
 * @param {Child} hint
 * @param {string} name its class
 * @param {...Child} content
 * @returns {HTMLElement}
 */
export function card(title, hint, name, ...content) {
  const below = hint ? h("p", { class: "muted small" }, hint) : null;
  const head = h("div", { class: "card-head" }, h("h2", {}, title), below);
  return h("section", { class: `card ${name}`, "aria-label": title }, head, content);
}

/** @param {() => void} onChoice */
function scoreCard(onChoice) {
  const number = h("span", { class: "hero-number", "data-testid": "nps-score" });
  const words = h("p", { class: "hero-words", "data-testid": "nps-interval" });
  const scale = chart("chart-interval", SCALE_HEIGHT, drawScale, tellScale);
  const categories = SCORE_CATEGORIES.map((category) => categoryLegend(category, onChoice)).reverse();
  const bar = h("div", { class: "hero-bar" });
  const change = h("p", { class: "hero-change small", "data-testid": "nps-change" });
  const facts = factList();
  const slot = h("div", { class: "score-slot" });
  const element = card(
    "Net Promoter Score",
    "Promoters less detractors, in percent of all answers",
    "card-score",
    h("div", { class: "hero" }, h("div", { class: "hero-figure" }, number, words), change),
    scale.element,
    bar,
    h(
      "ul",
      { class: "category-legend", role: "list" },
      categories.map(({ element: item }) => item),
    ),
    facts.element,
    slot,
  );
  /**
   * @param {Api.Tally} total
   * @param {Api.Tally | null} before
   * @param {number} days
   */
  const show = (total, before, days) => {
    fill(number, score(total.nps));
    fill(words, wordsOf(total));
    fill(change, changeWords(total, before, days));
    facts.show(total);
    scale.element.hidden = !total.responses;
    scale.show(total);
    fill(bar, drawCategories(total));
    categories.forEach((category) => category.show(total));
  };
  return { element, slot, show };
}

/**
 * @param {Api.Tally} total
 * @returns {Child}
 */
function wordsOf(total) {
  if (!isAnswered(total)) {
    return h("span", {}, "Nobody gave a score in this time.");
  }
  const { responses, nps_low: low, nps_high: high } = total;
  return [
    h("strong", {}, `${score(low)} to ${score(high)}`),
    " is the 95 % interval",
    h("span", { class: "muted" }, `n = ${count(responses)}`),
    high - low > VAGUE ? h("span", { class: "badge badge-warn" }, "Few answers") : null,
  ];
}

/**
 * @param {Api.Tally} total
 * @param {number} width
 */
function drawScale(total, width) {
  /** @type {[number, string, string][]} */
  const ends = [
    [0, "-100", "start"],
    [width / 2, "0", "middle"],
    [width, "100", "end"],
  ];
  return svg(
    "svg",
    { width, height: SCALE_HEIGHT, viewBox: `0 0 ${width} ${SCALE_HEIGHT}`, "aria-hidden": "true" },
    isAnswered(total) ? intervalBar(total, width) : null,
    ends.map(([x, text, anchor]) => label(x, 36, text, { "text-anchor": anchor })),
  );
}

/** @param {Api.Tally} total */
function tellScale({ nps, nps_low: low, nps_high: high, responses }) {
  return {
    caption: "Net Promoter Score",
    head: ["Score", "From", "To", "Answers"],
    rows: responses ? [[score(nps), score(low), score(high), count(responses)]] : [],
  };
}

/**
 * Shares of the categories as one bar; the legend below has them as text.
 * @param {Api.Tally} total
 */
function drawCategories(total) {
  let left = 0;
  const parts = [...SCORE_CATEGORIES].reverse().map(({ name }) => {
    const share = total.responses ? (100 * total[`${name}s`]) / total.responses : 0;
    left += share;
    return svg("rect", { x: `${left - share}%`, width: `${share}%`, height: 14, class: `category-${name}` });
  });
  return track(14, ...parts);
}

/**
 * @param {ScoreCategory} category
 * @param {() => void} onChoice
 */
function categoryLegend({ name, title, range }, onChoice) {
  const share = h("strong", {});
  const number = h("span", { class: "muted" });
  /** @param {MouseEvent} event */
  const choose = (event) => {
    if (isPlainClick(event)) {
      event.preventDefault();
      navigate({ nps_category: name });
      onChoice(); // the list is below, outside the window
    }
  };
  const swatch = h("span", { class: `swatch swatch-${name}`, "aria-hidden": "true" });
  const anchor = h(
    "a",
    { class: "category-link", onClick: choose },
    swatch,
    h("span", {}, title, h("span", { class: "muted" }, ` ${range}`)),
    share,
    number,
  );
  return {
    element: h("li", {}, anchor),
    show: (/** @type {Api.Tally} */ total) => {
      const calls = total[`${name}s`];
      fill(share, total.responses ? percent(calls / total.responses) : "–");
      fill(number, count(calls));
      anchor.setAttribute("href", link({ nps_category: name }));
    },
  };
}

function factList() {
  const facts = {
    answers: fact("Answers", "fact-answers"),
    response: fact("Response rate", "fact-response"),
    reach: fact("Reach rate", "fact-reach"),
    duration: fact("Average call", "fact-duration"),
  };
  const element = h(
    "dl",
    { class: "facts" },
    Object.values(facts).map((one) => one.element),
  );
  /** @param {Api.Tally} total */
  const show = (total) => {
    facts.answers.show(count(total.responses), `from ${count(total.calls)} calls`);
    facts.response.show(percent(total.response_rate), ofPeople(total));
    facts.reach.show(percent(total.reach_rate), ofCalls(total));
    facts.duration.show(duration(total.average_duration_seconds), "minutes, of those reached");
  };
  return { element, show };
}

/** @param {Api.Tally} total */
function ofPeople({ reached }) {
  return reached ? `of ${count(reached)} people reached` : "nobody was reached";
}

/** @param {Api.Tally} total */
function ofCalls({ reached, tried }) {
  return tried ? `${count(reached)} of ${count(tried)} calls` : "no call has come to an end";
}

/**
 * @param {string} title
 * @param {string} name
 */
function fact(title, name) {
  const value = h("dd", { class: "fact-value", "data-testid": name });
  const hint = h("dd", { class: "fact-hint muted small" });
  return {
    element: h("div", { class: "fact" }, h("dt", {}, title), value, hint),
    show: (/** @type {string} */ text, /** @type {string} */ words) => {
      fill(value, text);
      fill(hint, words);
    },
  };
}

function trendCard() {
  const trend = trendChart();
  const anchors = Object.entries(PERIODS).map(([name, title]) =>
    h("a", { "data-period": name, "data-testid": `feedback-period-${name}` }, title),
  );
  const choices = h("nav", { class: "segments", "aria-label": "Trend by" }, anchors);
  const everyone = h(
    "span",
    { class: "legend-everyone", "data-testid": "legend-everyone" },
    h("span", { class: "swatch swatch-everyone", "aria-hidden": "true" }),
    EVERYONE,
  );
  const legend = h(
    "p",
    { class: "legend muted small" },
    h("span", { class: "swatch swatch-line", "aria-hidden": "true" }),
    "NPS",
    h("span", { class: "swatch swatch-band", "aria-hidden": "true" }),
    "95 % interval",
    h("span", { class: "swatch swatch-volume", "aria-hidden": "true" }),
    "answers",
    everyone,
  );
  const element = h(
    "section",
    { class: "card card-trend", "aria-label": "Trend" },
    h("div", { class: "card-head" }, h("h2", {}, "Trend"), legend, choices),
    trend.element,
  );
  /** @param {Trend} data */
  const show = (data) => {
    anchors.forEach((anchor) => {
      const { period } = anchor.dataset;
      choose(anchor, link({ period }), period === data.period);
    });
    everyone.hidden = !data.everyone;
    trend.show(data);
  };
  return { element, show };
}

function outcomeCard() {
  /** @type {Query | null} */
  let query = null;
  const outcomes = outcomeChart((outcome) => (query ? linkToCalls(query, { outcome }) : ""));
  const nothing = h("p", { class: "muted" }, "No call has come to an end in this time.");
  const element = card("Outcomes", "What came of the calls", "card-outcomes", outcomes.element, nothing);
  /**
   * @param {Record<string, number>} counts
   * @param {Query} next
   */
  const show = (counts, next) => {
    query = next;
    nothing.hidden = Object.keys(counts).length > 0;
    outcomes.show(counts);
  };
  return { element, show };
}
