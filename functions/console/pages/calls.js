// The view "calls": filters, list and open call. Call events update it in place.

import { download } from "./api.js";
import { fileNameOf, filtersIn, FILTERS, isTelling, parametersOf } from "./call_filters.js";
import { CallList } from "./call_list.js";
import { isLive } from "./call_order.js";
import { placeOfHit } from "./match.js";
import { CallPanel } from "./call_panel.js";
import { CallStore } from "./call_store.js";
import { LARGEST_FILE } from "./constants.js";
import { announce, closest, fill, h, listen, whileBusy } from "./dom.js";
import { messageOf } from "./errors.js";
import { formOfFiles } from "./file_form.js";
import { FilterBar } from "./filter_bar.js";
import { time } from "./format.js";
import { live } from "./live.js";
import { link, location, nameThis, navigate, onNavigate, recallPlace, rememberPlace } from "./router.js";
import { empty, failure, handOn, loading } from "./placeholders.js";

/** @import {Entry} from "./call_store.js" */

/** While the arrow keys are held down, only the call at which they stop is opened. */
const RESTING_MILLISECONDS = 180;

/**
 * @param {HTMLElement} container
 * @returns {() => void} ends it
 */
export function mount(container) {
  const view = new CallsView();
  fill(container, view.element);
  view.start();
  return () => view.close();
}

class CallsView {
  #store = new CallStore();
  #list = new CallList({
    onOpen: (id, { byKeyboard }) => this.#open(id, byKeyboard),
    onMove: (id) => this.#follow(id),
    onMore: () => this.#store.more(),
    onAbove: (count) => this.#showAbove(count),
  });
  #export = h(
    "button",
    {
      type: "button",
      class: "button",
      "data-testid": "call-export",
      title: `The newest ${LARGEST_FILE.toLocaleString()} of these calls, for a spreadsheet`,
      onClick: () => whileBusy(this.#export, () => this.#save()),
    },
    "CSV",
  );
  /** Not a live region, because it changes all the time with many calls. */
  #count = h("span", { class: "call-count muted small", "data-testid": "call-count" });
  #saved = h("span", { class: "call-saved muted small", "data-testid": "call-saved" });
  #filters = new FilterBar(this.#count, this.#saved, this.#export);
  #toCome = h("a", { class: "to-come", "data-testid": "to-come", hidden: true });
  #above = h("button", {
    type: "button",
    class: "button button-primary new-calls",
    "data-testid": "new-calls",
    hidden: true,
    onClick: () => this.#list.toTop(),
  });
  #stale = h("div", { class: "notice call-stale", role: "status", "data-testid": "stale", hidden: true });
  #state = h("div", { class: "call-state" });
  #panelPlace = h("div", { class: "panel-place" });
  /** @type {CallPanel | null} */
  #panel = null;
  /** @type {string | null} */
  #asked = null;
  #resting = 0;
  /**
   * The list's parameters for which the visible rows were read.
   * @type {string | null}
   */
  #shown = null;
  /**
   * Where to scroll once the list is read: pixels from the top, or null for the open call.
   * @type {number | null}
   */
  #place = null;
  #isPlaced = true;
  /** @type {(() => void)[]} */
  #endings = [];
  #run = new AbortController();

  constructor() {
    this.element = h(
      "div",
      { class: "calls", "data-testid": "calls-view" },
      h("h1", { class: "visually-hidden" }, "Calls"), // outside the list, which an open call covers on a phone
      h(
        "section",
        { class: "call-main", "aria-label": "List of calls" },
        this.#filters.element,
        this.#stale,
        this.#toCome,
        h("div", { class: "call-area" }, this.#list.element, this.#state, this.#above),
      ),
      this.#panelPlace,
    );
  }

  start() {
    const press = (/** @type {KeyboardEvent} */ event) => this.#press(event);
    const hear = (/** @type {CustomEvent<Api.CallEvent>} */ { detail }) => this.#hear(detail);
    this.#endings.push(
      listen(this.#store, "change", () => this.#show()),
      listen(live, "event", hear),
      listen(live, "resync", () => this.#resync()),
      listen(document, "keydown", press), // on the document: a click on an element without focus focuses the page
      listen(window, "beforeprint", () => this.#list.print(true)),
      listen(window, "afterprint", () => this.#list.print(false)),
    );
    this.#endings.push(rememberPlace(() => ({ top: this.#list.top, depth: this.#list.depth, asked: this.#asked })));
    this.element.toggleAttribute("data-open", callIn(location()) !== null); // reserves the open call's place
    this.#filters.show();
    this.#filters.fit();
    this.#show();
    live.settled().then(() => !this.#run.signal.aborted && this.#begin());
  }

  #begin() {
    this.#endings.push(onNavigate((address) => this.#go(address)));
    this.#go(location());
    this.#filters.learn(this.#run.signal);
  }

  close() {
    this.#endings.forEach((end) => end());
    this.#run.abort();
    window.clearTimeout(this.#resting);
    this.#filters.close();
    this.#panel?.close();
    this.#list.close();
    this.#store.close();
  }

  /** @param {URLSearchParams} address */
  #go(address) {
    if ((address.get("view") ?? "calls") !== "calls") {
      return;
    }
    const filters = filtersIn(address);
    const asked = JSON.stringify(parametersOf(filters));
    this.#filters.show();
    this.#showPanel(callIn(address), turnIn(address));
    if (asked !== this.#asked) {
      const place = recallPlace();
      const isSame = place?.asked === asked;
      this.#asked = asked;
      this.#place = isSame ? place.top : null;
      this.#isPlaced = false;
      fill(this.#saved);
      this.#list.toTop();
      this.#store.open(filters, (isSame && place.depth) || 0);
    }
  }

  /** @param {Api.CallEvent} callEvent */
  #hear(callEvent) {
    this.#store.hear(callEvent);
    if (this.#panel?.id === callEvent.call_id) {
      this.#panel.refresh();
    }
  }

  #resync() {
    if (this.#asked !== null) {
      // before that nothing was read, and nothing can be missed
      this.#store.resync(this.#list.depth, this.#list.first);
      this.#panel?.refresh();
    }
  }

  #show() {
    const { entries, state, error, isComplete, readAt } = this.#store;
    this.#list.show(entries, { isComplete });
    this.#filters.offer(entries.map(({ call }) => call));
    this.element.setAttribute("aria-busy", String(state === "loading"));
    this.#shown = state === "ready" ? this.#asked : this.#shown;
    this.#showCount(entries, isComplete, state);
    this.#showToCome();
    this.#showStale(state === "failed" ? readAt : null);
    fill(this.#state, this.#stateOf(entries, state, error, readAt));
    this.#list.element.hidden = entries.length === 0;
    this.#showPlace(state); // a hidden list cannot be scrolled
  }

  /**
   * Keeps the last reading visible, and says that it may be outdated or belongs to other filters.
   * @param {Date | null} readAt
   */
  #showStale(readAt) {
    const isOther = readAt && this.#shown !== this.#asked;
    const words = isOther
      ? "These are not the calls that you asked for: they could not be read. "
      : readAt && `The list could not be read again; it is as of ${time(readAt.toISOString())}. `;
    fill(this.#stale, readAt ? [words, this.#retryButton()] : null).hidden = !readAt;
    this.#list.element.toggleAttribute("data-other", Boolean(isOther));
  }

  /**
   * Restores the scroll position of this history entry; without one, scrolls to the open call, once.
   * @param {string} state
   */
  #showPlace(state) {
    if (this.#isPlaced || state !== "ready") {
      return;
    }
    this.#isPlaced = true;
    if (this.#place !== null) {
      this.#list.goTo(this.#place);
    } else if (this.#panel) {
      this.#list.reveal(this.#panel.id);
    }
  }

  /** One row for all calls to come, so that they do not bury past ones. */
  #showToCome() {
    const isOpen = location().get("to_come") === "true";
    const { toCome } = this.#store;
    // Until the count is known, the row keeps its place, and the focus if it has it.
    const isUnknown = this.#store.state === "loading" && !(this.#store.readAt && this.#toCome.hidden);
    this.#toCome.hidden = !isOpen && !isUnknown && !toCome?.count;
    this.#toCome.setAttribute("href", link({ to_come: isOpen ? null : "true" }));
    const number = toCome?.count ? `${countOf(toCome)} to come ▸` : "\u00a0";
    const text = isOpen ? "◂ Back to the calls that have begun" : number;
    if (this.#toCome.textContent !== text) {
      this.#toCome.textContent = text;
    }
  }

  /**
   * @param {Entry[]} entries
   * @param {string} state
   * @param {unknown} error
   * @param {Date | null} readAt
   */
  #stateOf(entries, state, error, readAt) {
    if (entries.length > 0) {
      return null;
    }
    if (state === "failed" && !readAt) {
      return failure(error, () => this.#retry());
    }
    return state === "loading" ? loading("Loading calls …") : this.#nothing();
  }

  #nothing() {
    const { from, to } = filtersIn(location());
    if (from && to && from > to) {
      return empty("No call matches", "The first day is after the last one.");
    }
    const isFiltered = Object.keys(filtersIn(location())).length > 0;
    const all = h(
      "a",
      { class: "button", href: link(Object.fromEntries(FILTERS.map((name) => [name, null]))), onClick: handOn() },
      "Show all calls",
    );
    const { customer } = filtersIn(location());
    if (customer && isTelling(customer)) {
      return empty(`Nothing was found for “${customer}”`, [
        "All the words have to be there: in the name, the vehicle, the advisor, or in what was said. ",
        all,
      ]);
    }
    return isFiltered
      ? empty("No call matches these filters", all)
      : empty("No calls yet", "They appear here by themselves, as soon as one is placed or comes in.");
  }

  #retryButton() {
    return h("button", { type: "button", class: "button", onClick: handOn(() => this.#retry()) }, "Try again");
  }

  #retry() {
    return this.#store.readAt && this.#shown === this.#asked
      ? this.#store.resync(this.#list.depth, this.#list.first)
      : this.#store.open(filtersIn(location()));
  }

  /**
   * @param {Entry[]} entries
   * @param {boolean} isComplete
   * @param {string} state
   */
  #showCount(entries, isComplete, state) {
    const live = entries.filter(({ call }) => isLive(call)).length;
    const known = this.#store.total ?? { count: entries.length, is_all: isComplete };
    const total = isComplete ? { count: entries.length, is_all: true } : known;
    const calls = `${countOf(total)} ${total.count === 1 && total.is_all ? "call" : "calls"}`;
    const text = state === "loading" ? "" : live ? `${live.toLocaleString()} live · ${calls}` : calls;
    if (!this.#panel) {
      nameThis(live ? `Calls, ${live} live` : "Calls");
    }
    if (this.#count.textContent !== text) {
      this.#count.textContent = text;
    }
  }

  /** @param {number} count */
  #showAbove(count) {
    this.#above.hidden = count === 0;
    this.#above.textContent = count === 1 ? "1 new call ↑" : `${count} new calls ↑`;
  }

  /**
   * @param {number} id
   * @param {boolean} byKeyboard
   */
  #open(id, byKeyboard) {
    const hit = this.#placeOf(id);
    navigate(hit);
    if (hit.turn !== null) {
      this.#panel?.focusTurn();
    } else if (byKeyboard || isNarrow()) {
      this.#panel?.focus();
    }
    if (window.matchMedia("(max-height: 480px)").matches) {
      this.#panelPlace.scrollIntoView(); // the page scrolls on a phone, and the row was further down
    }
  }

  /**
   * Opens the call that the arrow keys have moved to.
   * @param {number} id
   */
  #follow(id) {
    window.clearTimeout(this.#resting);
    if (this.#panel && !isNarrow()) {
      this.#resting = window.setTimeout(() => navigate(this.#placeOf(id), { replace: true }), RESTING_MILLISECONDS);
    }
  }

  /** @param {number} id */
  #placeOf(id) {
    return placeOfHit(this.#store.entries.find(({ call }) => call.id === id)?.call ?? { id });
  }

  #close() {
    navigate({ call: null, turn: null });
    this.#list.mark(null);
    this.#list.focus();
  }

  /**
   * @param {number | null} id
   * @param {number | null} turn index of the turn to go to
   */
  #showPanel(id, turn) {
    if (id !== (this.#panel?.id ?? null)) {
      this.#panel?.close();
      this.#panel = id === null ? null : new CallPanel(id, { onClose: () => this.#close(), onName: nameThis });
      nameThis("Calls");
      fill(this.#panelPlace, this.#panel?.element);
      this.element.toggleAttribute("data-open", id !== null);
    }
    this.#panel?.lookFor(turn, location().get("customer") ?? "");
    this.#store.hold(id);
    this.#list.mark(id);
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.key === "Escape" && this.#panel && !event.defaultPrevented && !closest(event, "[type=search]")) {
      event.preventDefault();
      this.#close();
    }
  }

  async #save() {
    try {
      const filters = filtersIn(location());
      const asked = { ...parametersOf(filters), ...formOfFiles() };
      const { nextCursor } = await download("calls.csv", asked, fileNameOf(filters));
      announce(nextCursor ? `Saved the newest ${LARGEST_FILE} calls` : "Saved all calls");
      fill(this.#saved, nextCursor ? `Saved the newest ${LARGEST_FILE.toLocaleString()}` : "Saved");
    } catch (error) {
      fill(this.#stale, `The file could not be made. ${messageOf(error)}`).hidden = false;
    }
  }
}

/** @param {Api.CallCount} counted */
function countOf({ count, is_all: isAll }) {
  return `${count.toLocaleString()}${isAll ? "" : "+"}`;
}

/** @param {URLSearchParams} address */
function callIn(address) {
  const id = address.get("call") ?? "";
  return /^[1-9]\d{0,9}$/.test(id) ? Number(id) : null;
}

/** @param {URLSearchParams} address */
function turnIn(address) {
  const turn = address.get("turn") ?? "";
  return /^\d{1,4}$/.test(turn) ? Number(turn) : null;
}

function isNarrow() {
  return window.matchMedia("(max-width: 900px)").matches;
}
