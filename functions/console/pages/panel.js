// A part of a view that is read from the API: at first, after a change of the filters, and again after events.

import { fill, h } from "./dom.js";
import { time } from "./format.js";
import { failure, handOn, loading } from "./placeholders.js";

/** @typedef {"fresh" | "quiet" | "more"} Kind of loading */

/**
 * `load("fresh")` shows that it is loading, and its error; any other kind keeps the content until there is a new one,
 * and waits for the current load.
 * @template T
 * @param {object} part
 * @param {HTMLElement} part.content hidden until it has been loaded
 * @param {HTMLElement} [part.rest] an element elsewhere that is shown and hidden together with it
 * @param {string} part.text text while it is loading for the first time
 * @param {(signal: AbortSignal, kind: Kind) => Promise<T>} part.read also gets the kind of load
 * @param {(answer: T) => void} part.show
 * @returns {{element: HTMLElement, load: (kind: Kind) => Promise<void>, stop: () => void}}
 */
export function panel({ content, rest, text, read, show }) {
  const state = h("div", { class: "panel-state" });
  const element = h("div", { class: "panel" }, state, content);
  /** @type {AbortController | null} */
  let current = null;
  /** @type {Kind | null} */
  let next = null;
  /** @type {Date | null} */
  let shownAt = null;
  /** @param {boolean} isHidden */
  const hide = (isHidden) => {
    content.hidden = isHidden;
    if (rest) {
      rest.hidden = isHidden;
    }
  };
  hide(true);

  /**
   * @param {Kind} kind
   * @returns {Promise<void>}
   */
  async function load(kind) {
    if (current && kind !== "fresh") {
      next = next === "more" ? next : kind;
      return;
    }
    current?.abort();
    const mine = new AbortController();
    current = mine;
    next = kind === "fresh" ? null : next;
    begin(kind);
    const failed = await attempt(mine.signal, kind);
    if (!mine.signal.aborted) {
      current = null;
      end(kind, failed);
    }
  }

  /**
   * @param {AbortSignal} signal
   * @param {Kind} kind
   */
  async function attempt(signal, kind) {
    try {
      const answer = await read(signal, kind);
      if (!signal.aborted) {
        show(answer);
      }
      return null;
    } catch (error) {
      return error;
    }
  }

  /** @param {Kind} kind */
  function begin(kind) {
    if (kind === "fresh" && content.hidden) {
      fill(state, loading(text));
    }
    element.setAttribute("aria-busy", String(kind === "fresh"));
  }

  /**
   * @param {Kind} kind
   * @param {unknown} failed
   */
  function end(kind, failed) {
    element.setAttribute("aria-busy", "false");
    if (failed && (kind === "fresh" || content.hidden)) {
      hide(true);
      fill(
        state,
        failure(failed, () => load("fresh")),
      );
    } else if (failed) {
      fill(
        state,
        outdated(shownAt ?? new Date(), () => load(kind)),
      );
    } else {
      hide(false);
      shownAt = new Date();
      fill(state);
    }
    if (next) {
      load(next);
    }
    next = null;
  }

  return { element, load, stop: () => current?.abort() };
}

/**
 * @param {Date} since
 * @param {() => void} retry
 */
function outdated(since, retry) {
  return h(
    "p",
    { class: "notice panel-notice", role: "status", "data-testid": "outdated" },
    h("span", {}, `There may be news that could not be read. This is as of ${time(since.toISOString())}.`),
    h("button", { type: "button", class: "button", onClick: handOn(retry) }, "Try again"),
  );
}
