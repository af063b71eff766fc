// Positions of the list's rows: all of one height, live calls first, with a heading above each group.

import { isLive } from "./call_order.js";
import { h } from "./dom.js";

/** @import {Entry} from "./call_store.js" */

/** Used before a row has been measured. */
const USUAL_HEIGHT = 52;
/** As in the style sheet. */
export const HEADING_HEIGHT = 30;

/** Without live calls there is one group, which needs no heading. */
export class CallGroups {
  /** Height of a row; a measurement replaces it. */
  height = USUAL_HEIGHT;
  #live = 0;
  #count = 0;
  #headings = [heading("live-now"), heading("finished")];

  /** @param {Entry[]} entries in the order of the list: live calls are first */
  show(entries) {
    const rest = entries.findIndex(({ call }) => !isLive(call));
    this.#live = rest < 0 ? entries.length : rest;
    this.#count = entries.length;
    const [live, finished] = this.#headings;
    write(live, `Live now · ${this.#live.toLocaleString()}`);
    write(finished, "Finished, newest first");
  }

  /**
   * @param {number} index
   * @returns {number} pixels between the beginning of the list and this row
   */
  topOf(index) {
    return index * this.height + this.#headingsAbove(index) * HEADING_HEIGHT;
  }

  /**
   * @param {number} top pixels from the beginning of the list
   * @returns {number} the row at that place, or the one below the heading there
   */
  indexAt(top) {
    if (!this.#live) {
      return Math.floor(top / this.height);
    }
    const amongLive = Math.floor(Math.max(0, top - HEADING_HEIGHT) / this.height);
    if (amongLive < this.#live) {
      return amongLive;
    }
    const rest = top - 2 * HEADING_HEIGHT - this.#live * this.height;
    return this.#live + Math.floor(Math.max(0, rest) / this.height);
  }

  /** Height of all rows and headings in pixels. */
  get total() {
    return this.topOf(this.#count) - (this.#live && this.#live === this.#count ? HEADING_HEIGHT : 0);
  }

  /**
   * @param {number} index
   * @returns {HTMLTableRowElement | null} the heading directly above a row
   */
  headingOf(index) {
    if (!this.#live || (index !== 0 && index !== this.#live)) {
      return null;
    }
    return this.#headings[index === 0 ? 0 : 1];
  }

  /** @param {number} index */
  #headingsAbove(index) {
    return this.#live ? (index < this.#live ? 1 : 2) : 0;
  }
}

/** @param {string} name */
function heading(name) {
  const cell = h("th", { role: "rowheader", scope: "rowgroup" });
  return h("tr", { role: "row", class: "call-group", "data-testid": `call-group-${name}` }, cell);
}

/**
 * @param {HTMLTableRowElement} element
 * @param {string} text
 */
function write(element, text) {
  if (element.textContent !== text) {
    element.cells[0].textContent = text;
  }
}

/** A row that fills the space of rows that are not rendered. */
export function gap() {
  return h("tr", { class: "call-gap", "aria-hidden": "true" }, h("td", {}));
}

/**
 * @param {HTMLTableRowElement} element a gap
 * @param {number} height
 */
export function stretch(element, height) {
  element.cells[0].style.height = `${height}px`;
  return element;
}
