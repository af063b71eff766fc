// What customers said, call by call: a list that is read page by page, and follows the news.

import { download, get } from "./api.js";
import { bandOf, BANDS } from "./chart_bars.js";
import { count } from "./charts.js";
import { fill, h, whileBusy } from "./dom.js";
import { linkToCalls, listParameters, searchedText } from "./feedback_query.js";
import { dateTime, duration, phone, words } from "./format.js";
import { choose, keyedList } from "./keyed.js";
import { panel } from "./panel.js";
import { isoDate, readersZone } from "./periods.js";
import { link, navigate } from "./router.js";
import { empty } from "./states.js";

const PAGE = 25;
/** The most that the API gives at once. */
const LARGEST_PAGE = 200;
const LARGEST_FILE = 5000;
const TYPING_MILLISECONDS = 300;
const SEARCH = "Search complaints and action items";
const FILE = `The newest ${LARGEST_FILE.toLocaleString()} of these, for a spreadsheet`;

/**
 * @returns {{element: HTMLElement, show: function(Query): void, load: function(string): Promise<void>,
 *   stop: function(): void}} show: what `load` is going to read
 */
export function feedbackList() {
  const list = h("ul", { class: "feedback-items", role: "list" });
  const nothing = h("div", {});
  const more = h("button", { type: "button", class: "button more", "data-testid": "feedback-more" }, "Show more");
  more.addEventListener("click", () => part.load("more"));
  const arrange = keyedList(list, ({ call_id: id }) => id, () => feedbackItem());
  const state = { query: null, items: [], cursor: null, wanted: 0 };
  const number = h("span", { class: "muted small", role: "status", "data-testid": "feedback-count" });
  const part = panel({
    content: h("div", { class: "feedback-list" }, list, nothing, more), text: "Reading what customers said …",
    read: (signal, kind) => readItems(state, signal, kind),
    show: (page) => {
      Object.assign(state, page, { wanted: 0 });
      arrange(state.items.map((item) => ({ item, query: state.query })).map(withKey));
      fill(number, state.items.length ? numberOf(state) : "");
      fill(nothing, state.items.length ? null : emptyList(state.query));
      more.hidden = state.cursor === null;
    },
  });
  const controls = listControls(() => state.query);
  const title = h("h2", { tabindex: "-1", class: "list-title" }, "What customers said");
  const element = h("section", { class: "card card-list", "aria-label": "What customers said" },
    h("div", { class: "card-head" }, title, number, controls.element), part.element);
  /** Brings it into sight, and the keyboard with it. */
  const reveal = () => {
    element.scrollIntoView({ block: "start" });
    title.focus({ preventScroll: true });
  };
  const show = (query) => {
    state.query = query;
    controls.show(query);
  };
  /** Reads so many items at least, when it reads next. */
  const expect = (items) => {
    state.wanted = items;
  };
  const depth = () => state.items.length;
  return { element, show, reveal, expect, depth, load: part.load, stop: part.stop };
}

/** "22 from detractors": of whom there are how many; with a +, there are more. */
function numberOf({ items, cursor, query: { band, everything } }) {
  const named = BANDS.find(({ name }) => name === band);
  const whom = named ? `from ${named.title.toLowerCase()}` : everything ? "in all" : "with a score or a complaint";
  return `${count(items.length)}${cursor === null ? "" : "+"} ${whom}`;
}

function withKey({ item, query }) {
  return { call_id: item.call_id, item, query };
}

/** "more" reads on from the last page; the other kinds read from the top, "quiet" as many as were shown. */
async function readItems({ query, items: shown, cursor: last, wanted: expected }, signal, kind) {
  const items = kind === "more" ? [...shown] : [];
  const wanted = kind === "quiet" ? Math.max(PAGE, shown.length) : Math.max(items.length + PAGE, expected);
  let cursor = kind === "more" ? last : null;
  do {
    const limit = Math.min(LARGEST_PAGE, wanted - items.length);
    const page = await get("feedback", { ...listParameters(query), limit, cursor }, { signal });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null && items.length < wanted);
  return { items, cursor };
}

function emptyList({ band, text, narrow, everything }) {
  if (!everything && !band && !searchedText(text)) {
    const all = h("a", { href: link({ said: "all" }) }, "Show everything that was noted");
    return empty("Nobody gave a score or complained in this time", all);
  }
  const isNarrowed = band || searchedText(text) || narrow.campaign || narrow.advisor;
  if (!isNarrowed) {
    const others = h("a", { href: link({ direction: "all" }) }, "Show that of every direction");
    const hint = "It appears here as soon as a call's report has come. ";
    return empty("No feedback in this time", [hint, narrow.direction === "all" ? null : others]);
  }
  const all = link({ band: null, text: null, campaign: null, advisor: null });
  return empty("No feedback fits these filters", h("a", { href: all }, "Show all feedback of this time"));
}

function listControls(queryOf) {
  const choices = [
    { name: "telling", title: "Score or complaint", to: { band: null, said: null } },
    ...BANDS.map(({ name, title }) => ({ name, title, to: { band: name, said: null } })),
    { name: "all", title: "Everything", to: { band: null, said: "all" } },
  ];
  const anchors = choices.map(({ name, title }) => h("a", { "data-testid": `feedback-band-${name}` }, title));
  const bands = h("nav", { class: "segments", "aria-label": "Which of them" }, anchors);
  const search = h("input", {
    class: "input", type: "search", maxlength: "100", placeholder: SEARCH, "aria-label": SEARCH,
    "data-testid": "feedback-filter-text",
  });
  const file = h("button", { type: "button", class: "button", title: FILE, "data-testid": "feedback-csv" }, "CSV");
  const said = h("span", { class: "small muted", role: "status" });
  file.addEventListener("click", () => whileBusy(file, () => save(said, queryOf())));
  let timer = 0;
  search.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => navigate({ text: search.value }, { replace: true }), TYPING_MILLISECONDS);
  });
  const show = ({ band, text, everything }) => {
    const chosen = band ?? (everything ? "all" : "telling");
    choices.forEach(({ name, to }, place) => choose(anchors[place], link(to), name === chosen));
    if (document.activeElement !== search) {
      search.value = text ?? "";
    }
  };
  return { element: h("div", { class: "list-controls" }, bands, search, file, said), show };
}

async function save(said, query) {
  fill(said, "Preparing the file …");
  try {
    const rows = { ...listParameters(query), limit: LARGEST_FILE, form: "people", timezone: readersZone() };
    const { nextCursor } = await download("feedback.csv", rows, `feedback-${isoDate(new Date())}.csv`);
    fill(said, nextCursor ? "The file has the newest 5,000. Choose a shorter time for the others." : "");
  } catch (error) {
    fill(said, `The file could not be made: ${error.message}`);
  }
}

function feedbackItem() {
  const element = h("li", { class: "feedback-item", "data-testid": "feedback-item" });
  let before = "";
  const show = ({ item, query }) => {
    const now = JSON.stringify([item, query.text, linkToItem(item, query)]);
    if (now !== before) {
      const hadFocus = element.contains(document.activeElement);
      before = now;
      element.dataset.callId = item.call_id;
      const said = h("div", { class: "feedback-said" }, headOf(item, query), h("blockquote", {}, item.content));
      fill(element, scoreBadge(item), said, pointsOf(item, query.text));
      if (hadFocus) {
        element.querySelector("a").focus({ preventScroll: true });
      }
    }
  };
  return { element, show };
}

function scoreBadge({ nps_score: given }) {
  const band = typeof given === "number" ? bandOf(given) : "none";
  const said = band === "none" ? "No score" : `Score ${given}, ${band}`;
  return h("span", { class: `score score-${band}`, title: said },
    h("span", { "aria-hidden": "true" }, given ?? "–"), h("span", { class: "visually-hidden" }, said));
}

function headOf(item, query) {
  const facts = [item.vehicle, item.service, item.advisor_name, item.campaign_name].filter(Boolean).join(" · ");
  const when = item.start_time ?? item.end_time;
  const lasted = item.duration_seconds ? duration(item.duration_seconds) : null;
  const call = [dateTime(when), lasted, item.outcome === "reached" || !item.outcome ? null : words(item.outcome)];
  return h("div", { class: "feedback-head" },
    h("h3", {}, h("a", { href: linkToItem(item, query) }, item.customer_name || phone(item.phone))),
    h("span", { class: "muted small" }, h("time", { datetime: when }, call.filter(Boolean).join(" · "))),
    item.demo ? h("span", { class: "badge" }, "Demo") : null,
    facts ? h("p", { class: "muted small" }, facts) : null);
}

/** The call in the other view, beside the calls that it was among here; going back leads here again. */
function linkToItem({ call_id: call }, query) {
  return linkToCalls(query, { call, band: query.band });
}

function pointsOf(item, text) {
  const parts = [
    points("What went wrong", "detractors", item.detractors, text),
    points("To do", "actions", item.action_items, text),
    points("What went well", "positives", item.positives, null),
  ].filter(Boolean);
  return parts.length ? h("div", { class: "points" }, parts) : null;
}

function points(title, name, lines, text) {
  const texts = (lines ?? "").split("\n").filter((line) => line.trim());
  return texts.length ? h("div", { class: `points-${name}` },
    h("h4", {}, title), h("ul", {}, texts.map((line) => h("li", {}, marked(line, text))))) : null;
}

/** The text with the beginnings of words that were searched for marked, as the API finds them. */
function marked(line, text) {
  const wanted = (text ?? "").match(/[\p{L}\p{N}]+/gu);
  if (!wanted) {
    return line;
  }
  const pattern = new RegExp(`((?<![\\p{L}\\p{N}])(?:${wanted.join("|")}))`, "giu");
  return line.split(pattern).map((piece, index) => (index % 2 ? h("mark", {}, piece) : piece));
}
