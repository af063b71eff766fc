// The view "feedback": figures of the calls, and what customers said. It reads again after a report.

import { answeredInTime } from "./answered_in_time.js";
import { ApiError, get } from "./api.js";
import { fill, h, listen } from "./dom.js";
import { firstFigures, furtherFigures } from "./feedback_figures.js";
import { feedbackFilters } from "./feedback_filters.js";
import { groupTable } from "./feedback_groups.js";
import { qualityCard } from "./feedback_quality.js";
import { feedbackList } from "./feedback_list.js";
import { listParameters, queryOf } from "./feedback_query.js";
import { live } from "./live.js";
import { panel } from "./panel.js";
import { readersZone } from "./periods.js";
import { link, location, onNavigate, recallPlace, rememberPlace } from "./router.js";
import { empty, handOn } from "./placeholders.js";

/** @import {Query} from "./feedback_query.js" */
/** @import {Parameters} from "./api.js" */

/** Call events that change a figure or the list. */
/** @type {ReadonlySet<Api.CallEventType>} */
const TELLING = new Set(["FeedbackRecorded", "CallCompleted"]);
/** A report causes both call events, and many calls may end together. */
const GATHER_MILLISECONDS = 400;
const REST_MILLISECONDS = 3000;

/**
 * @typedef {object} Answer
 * @property {Api.FeedbackSummary} summary
 * @property {Api.FeedbackSummary | null} before of the preceding period; null if it could not be read
 * @property {Api.PeriodTally[] | null} everyone the periods of all advisors, if one is chosen
 * @property {Query} query
 * @property {string} zone in which its periods begin
 * @property {Api.GroupTally[]} byCampaign
 * @property {Api.GroupTally[]} byAdvisor
 * @property {Api.QualityFigures | null} quality null if it could not be read
 */

/**
 * @param {HTMLElement} container
 * @returns {() => void} ends it
 */
export function mount(container) {
  const page = buildPage();
  const news = gather(() => page.refresh());
  const hear = (/** @type {CustomEvent<Api.CallEvent>} */ { detail }) => TELLING.has(detail.event) && news.arrived();
  const endings = [
    onNavigate((parameters) => parameters.get("view") === "feedback" && page.hasAsked() && page.ask(parameters)),
    listen(live, "event", hear),
    listen(live, "resync", () => page.hasAsked() && news.arrived()), // before that nothing can be missed
    rememberPlace(page.place),
    listen(document, "visibilitychange", () => news.look()),
    news.stop,
    page.stop,
  ];
  fill(container, page.element);
  let isOver = false;
  live.settled().then(() => (isOver ? undefined : page.begin()));
  return () => {
    isOver = true;
    endings.forEach((end) => end());
  };
}

function buildPage() {
  const filters = feedbackFilters();
  const list = feedbackList();
  const figures = firstFigures({ onChoice: list.reveal });
  const further = furtherFigures();
  const groups = { campaign: groupTable("campaign", "By campaign"), advisor: groupTable("advisor", "By advisor") };
  const quality = qualityCard();
  const answered = answeredInTime();
  fill(figures.slot, answered.element);
  const nothing = h("div", {});
  const tables = h("div", { class: "group-tables" }, groups.campaign.element, groups.advisor.element);
  const content = h("div", { class: "feedback-figures" }, nothing, figures.element);
  const rest = h("div", { class: "feedback-figures" }, tables, further.element, quality.element);
  /** @type {{query: Query | null, figures: string, list: string}} */
  const asked = { query: null, figures: "", list: "" };
  const summary = panel({
    content,
    rest,
    text: "Counting …",
    read: (signal) => readSummary(asked.query ?? queryOf(location(), new Date()), signal),
    show: (answer) => {
      const {
        summary: {
          total: { calls },
        },
        query,
        byCampaign,
        byAdvisor,
      } = answer;
      figures.show(answer);
      further.show(answer);
      answered.load({ ...query.narrow, timezone: answer.zone });
      figures.element.hidden = further.element.hidden = calls === 0;
      quality.show(calls ? answer.quality : null);
      fill(nothing, calls ? null : noCalls(query));
      filters.offer("campaign", byCampaign);
      filters.offer("advisor", byAdvisor);
      groups.campaign.show(byCampaign, query.narrow.campaign);
      groups.advisor.show(byAdvisor, query.narrow.advisor);
      list.tell(answer.summary.reasons);
      tables.hidden = byCampaign.length + byAdvisor.length === 0;
    },
  });
  /** @param {URLSearchParams} parameters */
  const ask = (parameters) => {
    const query = queryOf(parameters, new Date());
    const [before, now] = [{ ...asked }, questionsOf(query)];
    Object.assign(asked, now, { query });
    filters.show(query);
    figures.choose(query.reason);
    list.show(query);
    const reading = now.figures !== before.figures && summary.load("fresh");
    const listing = now.list !== before.list && list.load("fresh");
    return Promise.all([reading, listing]).then(() => {
      list.element.hidden = below.hidden = false;
    });
  };
  // The figures are above the list, so the list waits for them and does not move.
  const below = h("div", { class: "feedback-below" }, rest);
  list.element.hidden = below.hidden = true;
  const begin = async () => {
    const place = recallPlace();
    list.expect(place?.items ?? 0);
    await ask(location());
    if (place) {
      await frames(2); // charts have no height before they are drawn
      window.scrollTo(0, place.top);
    }
  };
  const place = () => ({ top: window.scrollY, items: list.depth() });
  const element = h(
    "div",
    { class: "feedback-view", "data-testid": "feedback-view" },
    h("div", { class: "feedback-top" }, h("h1", {}, "Feedback"), filters.element),
    summary.element,
    list.element,
    below,
  );
  const refresh = () => {
    const query = queryOf(location(), new Date()); // "the last 7 days" mean other days tomorrow
    asked.query = query;
    list.show(query);
    return Promise.all([summary.load("quiet"), list.load("quiet")]);
  };
  const hasAsked = () => asked.query !== null;
  const stop = () => [summary, list, filters].forEach((part) => part.stop());
  return { element, ask, begin, place, hasAsked, refresh, stop };
}

/**
 * A key that changes when the reader asks for something else.
 * @param {Query} query
 */
function questionsOf(query) {
  return { figures: JSON.stringify([query.narrow, query.period]), list: JSON.stringify(listParameters(query)) };
}

/**
 * The figures of a period, and those of each campaign and advisor. A filter by campaign or advisor does not apply to
 * the comparison with the others.
 * @param {Query} query
 * @param {AbortSignal} signal
 * @param {string} [zone]
 * @returns {Promise<Answer>}
 */
async function readSummary(query, signal, zone = readersZone()) {
  const { narrow, period } = query;
  /** @param {Parameters} parameters */
  const ask = (parameters) => get("feedback/summary", { ...narrow, timezone: zone, ...parameters }, { signal });
  // If these fail, the other figures are shown all the same.
  const readQuality = () => get("quality/summary", { ...narrow, timezone: zone }, { signal }).catch(() => null);
  try {
    const [whole, campaigns, advisors, before, quality] = await Promise.all([
      ask({ period, group: narrow.campaign ? null : "campaign" }),
      narrow.campaign ? ask({ campaign: null, group: "campaign" }) : null,
      ask({ advisor: null, group: "advisor", period: narrow.advisor ? period : null }),
      // The rest of the page does not depend on it.
      ask({ ...query.before }).catch(() => null),
      readQuality(),
    ]);
    const [byCampaign, byAdvisor] = [(campaigns ?? whole).groups, advisors.groups];
    const everyone = narrow.advisor ? advisors.periods : null;
    return { summary: whole, before, everyone, query, zone, byCampaign, byAdvisor, quality };
  } catch (error) {
    if (error instanceof ApiError && error.field === "timezone" && zone !== "UTC") {
      return readSummary(query, signal, "UTC"); // the database does not know this time zone
    }
    throw error;
  }
}

/** @param {Query} query */
function noCalls({ narrow: { campaign, advisor, direction } }) {
  const hint =
    direction !== "all"
      ? h("a", { href: link({ direction: "all" }), onClick: handOn() }, "Show calls of every direction")
      : campaign || advisor
        ? h(
            "a",
            { href: link({ campaign: null, advisor: null }), onClick: handOn() },
            "Show every campaign and advisor",
          )
        : "Choose a longer time above, or wait: figures appear here as calls come to an end.";
  return empty(`No ${direction === "all" ? "" : `${direction} `}calls in this time`, hint);
}

/**
 * Combines many events into one reading, and delays it while the page is hidden.
 * @param {() => void} read
 */
function gather(read) {
  let timer = 0;
  let waits = false;
  let last = 0;
  const run = () => {
    timer = 0;
    if (document.hidden) {
      waits = true;
      return;
    }
    last = Date.now();
    read();
  };
  const arrived = () => {
    timer ||= window.setTimeout(run, Math.max(GATHER_MILLISECONDS, last + REST_MILLISECONDS - Date.now()));
  };
  const look = () => {
    if (waits && !document.hidden) {
      waits = false;
      arrived();
    }
  };
  return { arrived, look, stop: () => window.clearTimeout(timer) };
}

/** @param {number} count */
async function frames(count) {
  for (let frame = 0; frame < count; frame += 1) {
    await new Promise(requestAnimationFrame);
  }
}
