// The inbox's list: read page by page, again after call events, with keyboard navigation.

import { get } from "./api.js";
import { LARGEST_PAGE } from "./constants.js";
import { closest, h, setHidden } from "./dom.js";
import { followUpRow } from "./follow_up_row.js";
import { keyedList } from "./keyed_list.js";
import { panel } from "./panel.js";
import { isPlainClick } from "./router.js";

/** @import {Kind} from "./panel.js" */
/** @import {Parameters} from "./api.js" */
/** @import {FollowUp, Marks} from "./follow_up_row.js" */

const PAGE = 50;
const TICK_MILLISECONDS = 30_000;

/** @typedef {{items: FollowUp[], cursor: string | null}} Page */

/** The list for the parameters that `ask` has set. */
export class FollowUpList {
  /** @type {FollowUp[]} */
  #items = [];
  /** @type {string | null} */
  #cursor = null;
  /** @type {Parameters | null} null: there is no person, and the list is empty */
  #asked = null;
  /** @type {Marks} */
  #marks = { openId: null, currentId: null, mayWrite: false };
  #onMove;
  #onOpen;
  #onShown;
  #list = h("ul", {
    class: "follow-up-list",
    role: "list",
    "aria-label": "Follow-ups",
    onKeydown: (event) => this.#press(event),
    onClick: (event) => this.#click(event),
    onFocusin: (event) => this.#arrive(event),
  });
  #nothing = h("div", {});
  #more = h(
    "button",
    { type: "button", class: "button more", "data-testid": "follow-up-more", hidden: true },
    "Show more",
  );
  #arrange;
  #part;
  #ticking = window.setInterval(() => this.#draw(), TICK_MILLISECONDS);

  /**
   * @param {object} handlers
   * @param {(followUp: FollowUp, button: HTMLButtonElement) => void} handlers.onTake
   * @param {(id: number, options: {byKeyboard: boolean}) => void} handlers.onOpen
   * @param {(id: number) => void} handlers.onMove the arrow keys moved to one
   * @param {() => HTMLElement} handlers.nothing makes the text for an empty list
   * @param {() => void} handlers.onShown after each reading
   */
  constructor({ onTake, onOpen, onMove, nothing, onShown }) {
    this.#onOpen = onOpen;
    this.#onMove = onMove;
    this.#onShown = onShown;
    this.#arrange = keyedList(
      this.#list,
      (/** @type {{followUp: FollowUp, marks: Marks}} */ { followUp }) => followUp.id,
      () => followUpRow(onTake),
    );
    this.#part = panel({
      content: h("div", {}, this.#list, this.#nothing, this.#more),
      text: "Loading follow-ups …",
      read: (signal, kind) => this.#read(signal, kind),
      show: ({ items, cursor }) => {
        this.#items = items;
        this.#cursor = cursor;
        this.#draw();
        setHidden(this.#more, cursor === null, this.#currentLink);
        this.#nothing.replaceChildren(...(items.length ? [] : [nothing()]));
        this.#onShown();
      },
    });
    this.#more.addEventListener("click", () => this.#part.load("more"));
    this.element = this.#part.element;
  }

  /** @param {Parameters | null} parameters of the list to show; null: an empty one */
  ask(parameters) {
    this.#asked = parameters;
    this.#items = [];
    return this.#part.load("fresh");
  }

  /** Reads again as many items as are shown. */
  refresh() {
    return this.#part.load("quiet");
  }

  /**
   * Shows a change of this page before the list is read again.
   * @param {Api.FollowUp} followUp
   * @param {string | null} by the person who made it
   */
  put(followUp, by) {
    const before = this.#items.find(({ id }) => id === followUp.id);
    if (before && before.version < followUp.version) {
      const setBy = before.state === followUp.state ? before.state_set_by : by;
      const item = { ...before, ...followUp, state_set_by: setBy };
      this.#items = this.#items.map((one) => (one === before ? item : one));
      this.#draw();
    }
  }

  /**
   * @param {number | null} openId
   * @param {boolean} mayWrite
   */
  mark(openId, mayWrite) {
    const isThere = this.#items.some(({ id }) => id === openId);
    this.#marks = { openId, mayWrite, currentId: isThere ? openId : this.#marks.currentId };
    this.#draw();
  }

  /** Focuses the current row; returns whether there is one. */
  focus() {
    this.#currentLink?.focus();
    return this.#currentLink !== null;
  }

  /** Ends all requests. */
  close() {
    window.clearInterval(this.#ticking);
    this.#part.stop();
  }

  /**
   * @param {AbortSignal} signal
   * @param {Kind} kind
   * @returns {Promise<Page>}
   */
  async #read(signal, kind) {
    if (this.#asked === null) {
      return { items: [], cursor: null };
    }
    const items = kind === "more" ? [...this.#items] : [];
    const wanted = kind === "quiet" ? Math.max(PAGE, this.#items.length) : items.length + PAGE;
    let cursor = kind === "more" ? this.#cursor : null;
    do {
      const limit = Math.min(LARGEST_PAGE, wanted - items.length);
      const page = await get("follow-ups", { ...this.#asked, limit, cursor }, { signal });
      items.push(...page.items.filter(({ id }) => !items.some((one) => one.id === id)));
      cursor = page.next_cursor;
    } while (cursor !== null && items.length < wanted);
    return { items, cursor };
  }

  /** If the row with the focus was removed, the next one gets the focus. */
  #draw() {
    const rows = [...this.#list.children];
    const focused = rows.findIndex((row) => row.contains(document.activeElement));
    const ids = this.#items.map(({ id }) => id);
    const { currentId } = this.#marks;
    if (currentId === null || !ids.includes(currentId)) {
      const before = rows.findIndex((row) => idOf(row) === currentId);
      const next = rows.slice(Math.max(0, before)).find((row) => ids.includes(idOf(row)));
      this.#marks = { ...this.#marks, currentId: next ? idOf(next) : (ids[ids.length - 1] ?? null) };
      if (before < 0) {
        this.#marks.currentId = ids[0] ?? null;
      }
    }
    this.#arrange(this.#items.map((followUp) => ({ followUp, marks: this.#marks })));
    if (focused >= 0 && !this.#list.contains(document.activeElement)) {
      (this.#currentLink ?? this.element.closest("[tabindex]"))?.focus({ preventScroll: true });
    }
  }

  /** @returns {HTMLElement | null} */
  get #currentLink() {
    return this.#list.querySelector(`[data-follow-up="${this.#marks.currentId}"] .follow-up-link`);
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const row = closest(event, "[data-follow-up]");
    const isOther = closest(event, "button, a:not(.follow-up-link)") !== null;
    if (row && !isOther && isPlainClick(event) && !String(window.getSelection())) {
      event.preventDefault();
      this.#go(idOf(row));
      this.#onOpen(idOf(row), { byKeyboard: event.detail === 0 });
    }
  }

  /** @param {FocusEvent} event */
  #arrive(event) {
    const row = closest(event, "[data-follow-up]");
    if (row && idOf(row) !== this.#marks.currentId) {
      this.#marks = { ...this.#marks, currentId: idOf(row) };
      this.#draw();
    }
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const index = this.#items.findIndex(({ id }) => id === this.#marks.currentId);
    /** @type {Record<string, number>} */
    const targets = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: this.#items.length - 1 };
    const target = targets[event.key];
    if (target !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      const { id } = this.#items[Math.max(0, Math.min(this.#items.length - 1, target))];
      this.#go(id);
      this.#onMove(id);
    }
  }

  /** @param {number} id */
  #go(id) {
    this.#marks = { ...this.#marks, currentId: id };
    this.#draw();
    this.#currentLink?.focus();
  }
}

/** @param {Element} row */
function idOf(row) {
  return row instanceof HTMLElement ? Number(row.dataset.followUp) : 0;
}
