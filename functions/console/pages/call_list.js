// The list: a table in which only the visible rows are rendered, so that thousands of rows scroll as fast as ten.

import { CallGroups, gap, HEADING_HEIGHT, stretch } from "./call_groups.js";
import { CallRow, COLUMNS } from "./call_row.js";
import { closest, h } from "./dom.js";
import { isPlainClick } from "./router.js";

/** @import {Entry} from "./call_store.js" */

/** Rows that are rendered above and below the visible ones, so that scrolling finds them ready. */
const SPARE = 10;
const STEP = 4;
/** The next page is read when this many rows are left below. */
const AHEAD = 20;
const TICK_MILLISECONDS = 1000;

/** Shows entries of a CallStore. */
export class CallList {
  /** @type {Entry[]} */
  #entries = [];
  /** @type {Map<number, CallRow>} */
  #rows = new Map();
  #groups = new CallGroups();
  #isMeasured = false;
  #rendered = "";
  /** @type {number | null} */
  #openId = null;
  /** @type {number | null} */
  #currentId = null;
  #isComplete = true;
  #isPrinting = false;
  #above = 0;
  #frame = 0;
  #onOpen;
  #onMore;
  #onAbove;
  #onMove;
  #body = h("tbody", { role: "rowgroup" });
  #gaps = [gap(), gap(), gap()];
  #ticking = window.setInterval(() => this.#rows.forEach((row) => row.tick()), TICK_MILLISECONDS);
  #resizing;

  /**
   * @param {object} handlers
   * @param {(id: number, options: {byKeyboard: boolean}) => void} handlers.onOpen Enter or a click on a call
   * @param {(id: number) => void} handlers.onMove the arrow keys moved to a call
   * @param {() => void} handlers.onMore the end of the list is near
   * @param {(count: number) => void} handlers.onAbove number of calls added above the visible rows
   */
  constructor({ onOpen, onMove, onMore, onAbove }) {
    this.#onOpen = onOpen;
    this.#onMove = onMove;
    this.#onMore = onMore;
    this.#onAbove = onAbove;
    const heads = Object.entries(COLUMNS).map(([name, title]) =>
      h("th", { role: "columnheader", scope: "col", class: `call-${name}` }, title),
    );
    this.table = h(
      "table",
      {
        class: "table call-table",
        role: "table",
        "aria-label": "Calls",
        onKeydown: (event) => this.#press(event),
        onFocusin: (event) => this.#arrive(event),
        onClick: (event) => this.#click(event),
      },
      h("thead", { role: "rowgroup" }, h("tr", { role: "row", "aria-rowindex": "1" }, heads)),
      this.#body,
    );
    this.element = h("div", { class: "call-scroller", onScroll: () => this.#later() }, this.table);
    this.#resizing = new ResizeObserver(() => this.#remeasure());
    this.#resizing.observe(this.element);
  }

  /**
   * Shows entries; the visible rows stay where they are, even if others are added above.
   * @param {Entry[]} entries
   * @param {{isComplete: boolean}} options whether there are no more
   */
  show(entries, { isComplete }) {
    const anchor = this.#anchor();
    const before = this.#entries;
    const focused = this.#focusedIndex();
    this.#entries = entries;
    this.#groups.show(entries);
    this.#isComplete = isComplete;
    const isGone = this.#indexOf(this.#currentId) < 0;
    if (isGone) {
      this.#currentId = entries[Math.min(Math.max(0, focused), entries.length - 1)]?.call.id ?? null;
    }
    this.table.setAttribute("aria-rowcount", String(isComplete ? entries.length + 1 : -1));
    this.#render();
    if (isGone && focused >= 0) {
      // the next one takes the place of the one that left
      this.#currentRow?.link.focus({ preventScroll: true });
    }
    if (anchor) {
      this.#return(anchor, before);
    }
  }

  /** @param {number | null} id of the call that is open beside the list */
  mark(id) {
    this.#openId = id;
    if (id !== null && this.#indexOf(id) >= 0) {
      this.#currentId = id;
    }
    this.#render();
  }

  /** Gives the keyboard focus back to the current row. */
  focus() {
    const index = this.#indexOf(this.#currentId);
    if (index >= 0) {
      this.#bring(index);
    }
  }

  /** Scrolls to the newest calls. */
  toTop() {
    this.element.scrollTop = 0;
    this.#clearAbove();
  }

  /** The scroll position: pixels from the top. */
  get top() {
    return this.element.scrollTop;
  }

  /** @param {number} pixels from the top */
  goTo(pixels) {
    this.element.scrollTop = pixels;
    this.#render();
  }

  /**
   * Scrolls a call into the middle unless it is visible; the focus does not move.
   * @param {number} id
   */
  reveal(id) {
    const index = this.#indexOf(id);
    const { height } = this.#groups;
    const top = this.#groups.topOf(index);
    const { scrollTop, clientHeight } = this.element;
    if (index >= 0 && (top < scrollTop || top + 2 * height > scrollTop + clientHeight)) {
      this.goTo(top - clientHeight / 2);
    }
  }

  /** The first visible call, or null. */
  get first() {
    return this.#entries[this.#groups.indexAt(this.element.scrollTop)]?.call ?? null;
  }

  /** @param {boolean} isPrinting all rows are rendered, as paper does not scroll */
  print(isPrinting) {
    this.#isPrinting = isPrinting;
    this.#render();
  }

  /** The number of rows from the top to the last visible one. */
  get depth() {
    return Math.min(this.#entries.length, this.#window()[1]);
  }

  /** Ends all listeners. */
  close() {
    window.clearInterval(this.#ticking);
    window.cancelAnimationFrame(this.#frame);
    this.#resizing.disconnect();
  }

  #later() {
    window.cancelAnimationFrame(this.#frame);
    this.#frame = window.requestAnimationFrame(() => {
      if (String(this.#window()) !== this.#rendered) {
        this.#render();
      }
      if (this.element.scrollTop < this.#groups.height) {
        this.#clearAbove();
      }
    });
  }

  /** First and last row to render: the visible ones and some more; the range moves in steps of several rows. */
  #window() {
    if (this.#isPrinting) {
      return [0, this.#entries.length];
    }
    const first = Math.floor(this.#groups.indexAt(this.element.scrollTop) / STEP) * STEP - SPARE;
    const height = this.element.clientHeight || window.innerHeight;
    const count = Math.ceil(height / this.#groups.height) + STEP + 2 * SPARE;
    return [Math.max(0, first), Math.min(this.#entries.length, Math.max(0, first) + count)];
  }

  #render() {
    const [first, last] = this.#window();
    this.#rendered = String([first, last]);
    const focused = this.#focusedIndex();
    const indexes = Array.from({ length: last - first }, (_, place) => first + place);
    if (focused >= 0 && (focused < first || focused >= last)) {
      indexes[focused < first ? "unshift" : "push"](focused); // a row with the focus must not be removed
    }
    this.#put(this.#fill(indexes));
    this.#measure();
    if (!this.#isComplete && !this.#isPrinting && last - SPARE > this.#entries.length - AHEAD) {
      this.#onMore();
    }
  }

  /**
   * Rows with the headings of their groups, and gaps of the same height for rows that are left out.
   * @param {number[]} indexes
   * @returns {Element[]}
   */
  #fill(indexes) {
    const next = new Map();
    const ids = new Set(indexes.map((index) => this.#entries[index].call.id));
    const free = [...this.#rows].filter(([id]) => !ids.has(id)).map(([, row]) => row);
    const elements = [];
    const gaps = [...this.#gaps];
    let end = 0;
    for (const index of indexes) {
      const heading = this.#groups.headingOf(index);
      const top = this.#groups.topOf(index) - (heading ? HEADING_HEIGHT : 0);
      if (top > end) {
        elements.push(stretch(gaps.shift() ?? gap(), top - end));
      }
      elements.push(...(heading ? [heading] : []), this.#row(index, next, free));
      end = this.#groups.topOf(index) + this.#groups.height;
    }
    if (this.#groups.total > end) {
      elements.push(stretch(gaps.shift() ?? gap(), this.#groups.total - end));
    }
    this.#rows = next;
    return elements;
  }

  /**
   * The row that already shows the call, else a row that is no longer needed, else a new one.
   * @param {number} index
   * @param {Map<number, CallRow>} next
   * @param {CallRow[]} free
   * @returns {HTMLElement}
   */
  #row(index, next, free) {
    const entry = this.#entries[index];
    const row = this.#rows.get(entry.call.id) ?? free.pop() ?? new CallRow();
    row.show(entry, index, { openId: this.#openId, currentId: this.#currentId });
    next.set(entry.call.id, row);
    return row.element;
  }

  /**
   * Moves only elements that are in the wrong place, and restores the focus of a row that had to move.
   * @param {Element[]} elements
   */
  #put(elements) {
    const { activeElement } = document;
    const focused = activeElement instanceof HTMLElement && this.#body.contains(activeElement) ? activeElement : null;
    const wanted = new Set(elements);
    [...this.#body.children].forEach((child) => wanted.has(child) || child.remove());
    let place = this.#body.firstElementChild;
    for (const element of elements) {
      if (element === place) {
        place = element.nextElementSibling;
      } else {
        this.#body.insertBefore(element, place);
      }
    }
    if (focused && focused !== document.activeElement && this.#body.contains(focused)) {
      focused.focus({ preventScroll: true });
    }
  }

  /**
   * All rows have one height, which the style sheet sets and which is larger on a phone. It is measured only if it may
   * have changed.
   */
  #measure() {
    if (this.#isMeasured) {
      return;
    }
    const height = this.#rows.values().next().value?.element.getBoundingClientRect().height;
    this.#isMeasured = Boolean(height);
    if (height && Math.abs(height - this.#groups.height) > 0.01) {
      this.#groups.height = height;
      this.#render();
    }
  }

  #remeasure() {
    const anchor = this.#anchor();
    this.#isMeasured = false;
    this.#render();
    if (anchor) {
      this.#return(anchor, []);
    }
  }

  /** The first visible row, and how much of it is hidden; null at the top, where new calls may push it down. */
  #anchor() {
    const { scrollTop } = this.element;
    const index = this.#groups.indexAt(scrollTop);
    return scrollTop >= 1 && this.#entries[index]
      ? {
          ids: this.#entries.slice(index, index + SPARE).map(({ call }) => call.id),
          rest: scrollTop - this.#groups.topOf(index),
        }
      : null;
  }

  /**
   * @param {{ids: number[], rest: number}} anchor
   * @param {Entry[]} before
   */
  #return({ ids, rest }, before) {
    const offset = ids.findIndex((id) => this.#indexOf(id) >= 0);
    if (offset < 0) {
      return;
    }
    const index = this.#indexOf(ids[offset]) - offset;
    this.element.scrollTop = this.#groups.topOf(index) + rest;
    this.#countAbove(before, index);
    this.#render();
  }

  /**
   * @param {Entry[]} before
   * @param {number} index
   */
  #countAbove(before, index) {
    const known = new Set(before.map(({ call }) => call.id));
    const added = before.length
      ? this.#entries.slice(0, Math.max(0, index)).filter(({ call }) => !known.has(call.id)).length
      : 0;
    if (added) {
      this.#above += added;
      this.#onAbove(this.#above);
    }
  }

  #clearAbove() {
    if (this.#above) {
      this.#above = 0;
      this.#onAbove(0);
    }
  }

  get #currentRow() {
    return this.#currentId === null ? undefined : this.#rows.get(this.#currentId);
  }

  #focusedIndex() {
    const row = document.activeElement?.closest("[data-call]");
    return row instanceof HTMLElement && this.#body.contains(row) ? this.#indexOf(Number(row.dataset.call)) : -1;
  }

  /** @param {number | null} id */
  #indexOf(id) {
    return this.#entries.findIndex(({ call }) => call.id === id);
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const row = closest(event, "[data-call]");
    if (row && isPlainClick(event) && !String(window.getSelection())) {
      event.preventDefault();
      this.#currentId = Number(row.dataset.call);
      this.#currentRow?.link.focus({ preventScroll: true }); // the keys continue from there
      this.#onOpen(this.#currentId, { byKeyboard: event.detail === 0 });
    }
  }

  /**
   * The arrow keys continue from a row that got the focus in any way.
   * @param {FocusEvent} event
   */
  #arrive(event) {
    const row = closest(event, "[data-call]");
    if (row && Number(row.dataset.call) !== this.#currentId) {
      this.#currentId = Number(row.dataset.call);
      this.#render();
    }
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const index = this.#indexOf(this.#currentId);
    const target = this.#targetOf(event.key, index);
    if (target !== null && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      this.#move(Math.max(0, Math.min(this.#entries.length - 1, target)));
    }
  }

  /**
   * @param {string} key
   * @param {number} index
   */
  #targetOf(key, index) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.#groups.height) - 2);
    /** @type {Record<string, number>} */
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page };
    if (key in steps) {
      return index + steps[key];
    }
    return key === "Home" ? 0 : key === "End" ? this.#entries.length - 1 : null;
  }

  /** @param {number} index */
  #move(index) {
    this.#currentId = this.#entries[index].call.id;
    this.#bring(index);
    this.#onMove(this.#currentId);
  }

  /**
   * Scrolls as little as possible, and focuses the row.
   * @param {number} index
   */
  #bring(index) {
    const head = this.table.tHead?.offsetHeight ?? 0;
    const top = index === 0 ? 0 : this.#groups.topOf(index); // the first row with its heading
    const room = this.element.clientHeight - head - this.#groups.height;
    const { scrollTop } = this.element;
    this.element.scrollTop = Math.min(Math.max(scrollTop, top - room), top);
    this.#render();
    this.#currentRow?.link.focus({ preventScroll: true });
  }
}
