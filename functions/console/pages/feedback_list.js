// What customers said, call by call: a list that is read page by page, and updated after call events.

import { download, get } from "./api.js";
import { npsCategoryOf } from "./call_order.js";
import { SCORE_CATEGORIES } from "./chart_bars.js";
import { count } from "./charts.js";
import { LARGEST_FILE, LARGEST_PAGE } from "./constants.js";
import { fill, h, setHidden, whileBusy } from "./dom.js";
import { messageOf } from "./errors.js";
import { linkToCalls, listParameters, queryOf, searchedText } from "./feedback_query.js";
import { formOfFiles } from "./file_form.js";
import { dateTime, duration, phone, words } from "./format.js";
import { choose, keyedList } from "./keyed_list.js";
import { panel } from "./panel.js";
import { isoDate } from "./periods.js";
import { link, location, navigate } from "./router.js";
import { empty } from "./placeholders.js";

/** @import {Query} from "./feedback_query.js" */
/** @import {Kind} from "./panel.js" */
/** @import {Child} from "./dom.js" */

/** Number of items that are shown first; their explanation is below. */
const FIRST = 10;
/** Number of items that each click adds. */
const MORE = 25;
/** Number of items in a request, usually all of them, so that their total is known. */
const PAGE = 50;
const TYPING_MILLISECONDS = 300;
const SEARCH = "Search complaints and action items";
const HIDE = ": show every reason";
const FILE = `The newest ${LARGEST_FILE.toLocaleString()} of these, for a spreadsheet`;

/**
 * @typedef {object} State
 * @property {Query} query
 * @property {Api.FeedbackItem[]} items
 * @property {string | null} cursor
 * @property {number} visible number of items that are shown
 * @property {number} expected number of items to show after the next reading
 * @property {Api.ReasonCount[]} reasons the reasons of this period
 */

/** @typedef {{call_id: number, item: Api.FeedbackItem, query: Query, label: string | null}} Shown */

/**
 * @returns {{element: HTMLElement, show: (query: Query) => void, reveal: () => void, expect: (items: number) => void,
 *   tell: (reasons: Api.ReasonCount[]) => void, depth: () => number, load: (kind: Kind) => Promise<void>,
 *   stop: () => void}} show: sets what `load` reads; reveal: scrolls to it and focuses it;
 *   expect: sets how many items the next reading shows; tell: sets the labels of the reasons
 */
export function feedbackList() {
  const list = h("ul", { class: "feedback-items", role: "list" });
  const nothing = h("div", {});
  const more = h("button", { type: "button", class: "button more", "data-testid": "feedback-more" }, "Show more");
  more.addEventListener("click", () => {
    state.visible += MORE;
    if (state.visible > state.items.length && state.cursor !== null) {
      part.load("more");
    } else {
      draw();
    }
  });
  const arrange = keyedList(
    list,
    (/** @type {Shown} */ { call_id: id }) => id,
    () => feedbackItem(),
  );
  /** @type {State} */
  const state = {
    query: queryOf(location(), new Date()),
    items: [],
    cursor: null,
    visible: FIRST,
    expected: 0,
    reasons: [],
  };
  const number = h("span", { class: "muted small", role: "status", "data-testid": "feedback-count" });
  const part = panel({
    content: h("div", { class: "feedback-list" }, list, nothing, more),
    text: "Reading what customers said …",
    read: (signal, kind) => readItems(state, signal, kind),
    show: (page) => {
      Object.assign(state, page, { expected: 0 });
      draw();
      fill(nothing, state.items.length ? null : emptyList(state.query));
    },
  });
  const draw = () => {
    const last = list.lastElementChild;
    arrange(state.items.slice(0, state.visible).map((item) => shownOf(item, state)));
    const isAll = state.cursor === null && state.visible >= state.items.length;
    setHidden(more, isAll, last?.querySelector("a") ?? title);
    fill(number, state.items.length ? numberOf(state) : "");
    controls.name(labelOf(state.query.reason, state.reasons));
  };
  const controls = listControls(() => state.query);
  const title = h("h2", { tabindex: "-1", class: "list-title" }, "What customers said");
  const element = h(
    "section",
    { class: "card card-list", "aria-label": "What customers said" },
    h("div", { class: "card-head" }, title, number, controls.element),
    part.element,
  );
  /** Scrolls to the list, and focuses it. */
  const reveal = () => {
    element.scrollIntoView({ block: "start" });
    title.focus({ preventScroll: true });
  };
  /** @param {Query} query */
  const show = (query) => {
    state.query = query;
    controls.show(query);
    controls.name(labelOf(query.reason, state.reasons));
  };
  /** @param {Api.ReasonCount[]} reasons */
  const tell = (reasons) => {
    state.reasons = reasons;
    draw();
  };
  /**
   * Sets the minimum number of items of the next reading.
   * @param {number} items
   */
  const expect = (items) => {
    state.expected = items;
  };
  const depth = () => Math.min(state.visible, state.items.length);
  return { element, show, reveal, expect, tell, depth, load: part.load, stop: part.stop };
}

/**
 * The count, such as "22 from detractors"; a + means that there are more.
 * @param {State} state
 */
function numberOf({ items, cursor, reasons, query: { nps_category: category, reason, text, everything } }) {
  const named = SCORE_CATEGORIES.find(({ name }) => name === category);
  const counted = reason && !named && !text ? reasons.find(({ key }) => key === reason) : null;
  if (counted) {
    return `${count(Math.max(counted.count, items.length))} because of this`;
  }
  const others = category === "none" ? "without a score" : everything ? "in all" : "with a score or a complaint";
  const whom = named ? `from ${named.title.toLowerCase()}` : others;
  return `${count(items.length)}${cursor === null ? "" : "+"} ${whom}`;
}

/**
 * @param {Api.FeedbackItem} item
 * @param {State} state
 * @returns {Shown}
 */
function shownOf(item, { query, reasons }) {
  return { call_id: item.call_id, item, query, label: labelOf(item.reason, reasons) };
}

/**
 * @param {string | null} key
 * @param {Api.ReasonCount[]} reasons
 * @returns {string | null} the reason's label, or null until the figures are known
 */
function labelOf(key, reasons) {
  return key && (reasons.find((reason) => reason.key === key)?.label ?? words(key));
}

/**
 * "more" reads the next page; the other kinds read from the top, "quiet" as many items as are shown.
 * @param {State} state
 * @param {AbortSignal} signal
 * @param {Kind} kind
 * @returns {Promise<{items: Api.FeedbackItem[], cursor: string | null, visible: number}>}
 */
async function readItems({ query, items: known, cursor: last, visible: shown, expected }, signal, kind) {
  const items = kind === "more" ? [...known] : [];
  const visible = kind === "fresh" ? Math.max(FIRST, expected) : shown;
  const wanted = Math.max(items.length + PAGE, visible);
  let cursor = kind === "more" ? last : null;
  do {
    const limit = Math.min(LARGEST_PAGE, wanted - items.length);
    const page = await get("feedback", { ...listParameters(query), limit, cursor }, { signal });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null && items.length < wanted);
  return { items, cursor, visible };
}

/** @param {Query} query */
function emptyList({ nps_category: category, reason, text, narrow, everything }) {
  if (!everything && !category && !reason && !searchedText(text)) {
    const all = h("a", { href: link({ said: "all" }) }, "Show everything that was noted");
    return empty("Nobody gave a score or complained in this time", all);
  }
  const isNarrowed = category || reason || searchedText(text) || narrow.campaign || narrow.advisor;
  if (!isNarrowed) {
    const others = h("a", { href: link({ direction: "all" }) }, "Show that of every direction");
    const hint = "It appears here as soon as a call's report has come. ";
    return empty("No feedback in this time", [hint, narrow.direction === "all" ? null : others]);
  }
  const all = link({ nps_category: null, reason: null, text: null, campaign: null, advisor: null });
  return empty("No feedback fits these filters", h("a", { href: all }, "Show all feedback of this time"));
}

/** @param {() => Query} shownQuery */
function listControls(shownQuery) {
  const choices = [
    { name: "telling", title: "Score or complaint", to: { nps_category: null, said: null } },
    ...SCORE_CATEGORIES.map(({ name, title }) => ({ name, title, to: { nps_category: name, said: null } })),
    { name: "all", title: "Everything", to: { nps_category: null, said: "all" } },
  ];
  const anchors = choices.map(({ name, title }) => h("a", { "data-testid": `feedback-category-${name}` }, title));
  const because = h("a", { class: "badge badge-accent because", "data-testid": "feedback-reason" });
  const categories = h("nav", { class: "segments", "aria-label": "Which of them" }, anchors);
  const search = h("input", {
    class: "input",
    type: "search",
    maxlength: "100",
    placeholder: SEARCH,
    "aria-label": SEARCH,
    "data-testid": "feedback-filter-text",
  });
  const file = h("button", { type: "button", class: "button", title: FILE, "data-testid": "feedback-csv" }, "CSV");
  const said = h("span", { class: "small muted", role: "status" });
  file.addEventListener("click", () => whileBusy(file, () => save(said, shownQuery())));
  let timer = 0;
  search.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => navigate({ text: search.value }, { replace: true }), TYPING_MILLISECONDS);
  });
  /** @param {Query} query */
  const show = ({ nps_category: category, text, everything }) => {
    const chosen = category ?? (everything ? "all" : "telling");
    choices.forEach(({ name, to }, place) => choose(anchors[place], link(to), name === chosen));
    if (document.activeElement !== search) {
      search.value = text ?? "";
    }
  };
  /** @param {string | null} label label of the chosen reason; null if none is chosen */
  const name = (label) => {
    setHidden(because, label === null, anchors[0]);
    fill(because, label, h("span", { "aria-hidden": "true" }, "×"), h("span", { class: "visually-hidden" }, HIDE));
    because.setAttribute("href", link({ reason: null }));
  };
  return { element: h("div", { class: "list-controls" }, because, categories, search, file, said), show, name };
}

/**
 * @param {HTMLElement} said
 * @param {Query} query
 */
async function save(said, query) {
  fill(said, "Preparing the file …");
  try {
    const rows = { ...listParameters(query), ...formOfFiles() };
    const { nextCursor } = await download("feedback.csv", rows, `feedback-${isoDate(new Date())}.csv`);
    const most = LARGEST_FILE.toLocaleString();
    fill(said, nextCursor ? `The file has the newest ${most}. Choose a shorter time for the others.` : "");
  } catch (error) {
    fill(said, `The file could not be made: ${messageOf(error)}`);
  }
}

/** @returns {{element: HTMLElement, show: (shown: Shown) => void}} */
function feedbackItem() {
  const element = h("li", { class: "feedback-item", "data-testid": "feedback-item" });
  /** @type {string} */
  let before = "";
  /** @param {Shown} shown */
  const show = ({ item, query, label }) => {
    const now = JSON.stringify([item, label, query.text, linkToItem(item, query)]);
    if (now !== before) {
      const hadFocus = element.contains(document.activeElement);
      before = now;
      element.dataset.callId = String(item.call_id);
      const said = h("div", { class: "feedback-said" }, headOf(item, label, query), h("blockquote", {}, item.content));
      fill(element, scoreBadge(item), said, pointsOf(item, query.text));
      if (hadFocus) {
        element.querySelector("a")?.focus({ preventScroll: true });
      }
    }
  };
  return { element, show };
}

/** @param {Api.FeedbackItem} item */
function scoreBadge({ nps_score: given }) {
  const category = typeof given === "number" ? npsCategoryOf(given) : "none";
  const said = category === "none" ? "No score" : `Score ${given}, ${category}`;
  return h(
    "span",
    { class: `score score-${category}`, title: said },
    h("span", { "aria-hidden": "true" }, given ?? "–"),
    h("span", { class: "visually-hidden" }, said),
  );
}

/**
 * @param {Api.FeedbackItem} item
 * @param {string | null} label of what went wrong
 * @param {Query} query
 */
function headOf(item, label, query) {
  const facts = [item.vehicle, item.service, item.advisor_name, item.campaign_name].filter(Boolean).join(" · ");
  const when = item.start_time ?? item.end_time;
  const lasted = item.duration_seconds ? duration(item.duration_seconds) : null;
  const call = [dateTime(when), lasted, item.outcome === "reached" || !item.outcome ? null : words(item.outcome)];
  return h(
    "div",
    { class: "feedback-head" },
    h("h3", {}, h("a", { href: linkToItem(item, query) }, item.customer_name || phone(item.phone))),
    h("span", { class: "muted small" }, h("time", { datetime: when }, call.filter(Boolean).join(" · "))),
    label ? h("span", { class: "badge" }, label) : null,
    item.demo ? h("span", { class: "badge" }, "Demo") : null,
    facts ? h("p", { class: "muted small" }, facts) : null,
  );
}

/**
 * A link to the call in the calls view, with the same filters; the browser's back button returns here.
 * @param {Api.FeedbackItem} item
 * @param {Query} query
 */
function linkToItem({ call_id: call }, query) {
  return linkToCalls(query, { call, nps_category: query.nps_category, reason: query.reason });
}

/**
 * @param {Api.FeedbackItem} item
 * @param {string | null | undefined} text
 */
function pointsOf(item, text) {
  const parts = [
    points("What went wrong", "detractors", item.detractors, text),
    points("To do", "actions", item.action_items, text),
    points("What went well", "positives", item.positives, null),
  ].filter(Boolean);
  return parts.length ? h("div", { class: "points" }, parts) : null;
}

/**
 * @param {string} title
 * @param {string} name
 * @param {string | null} lines
 * @param {string | null | undefined} text
 */
function points(title, name, lines, text) {
  const texts = (lines ?? "").split("\n").filter((line) => line.trim());
  return texts.length
    ? h(
        "div",
        { class: `points-${name}` },
        h("h4", {}, title),
        h(
          "ul",
          {},
          texts.map((line) => h("li", {}, marked(line, text))),
        ),
      )
    : null;
}

/**
 * The text with marks at the beginnings of the searched words, as the API finds them.
 * @param {string} line
 * @param {string | null | undefined} text
 * @returns {Child}
 */
function marked(line, text) {
  const wanted = (text ?? "").match(/[\p{L}\p{N}]+/gu);
  if (!wanted) {
    return line;
  }
  const pattern = new RegExp(`((?<![\\p{L}\\p{N}])(?:${wanted.join("|")}))`, "giu");
  return line.split(pattern).map((piece, index) => (index % 2 ? h("mark", {}, piece) : piece));
}
