// A part of a view that is read from the API: first, when something else is asked for, and again with news.

import { fill, h } from "./dom.js";
import { time } from "./format.js";
import { failure, handOn, loading } from "./states.js";

/**
 * `load("fresh")` says that it is reading, and what went wrong; any other kind leaves what is shown until there is
 * something better, and waits for its turn.
 * @param {object} part
 * @param {HTMLElement} part.content shown once there is something to show
 * @param {string} part.text while it is loading for the first time
 * @param {function(AbortSignal, string): Promise<*>} part.read gets the kind of load, too
 * @param {function(*): void} part.show
 * @returns {{element: HTMLElement, load: function(string): Promise<void>, stop: function(): void}}
 */
export function panel({ content, text, read, show }) {
  const state = h("div", { class: "panel-state" });
  const element = h("div", { class: "panel" }, state, content);
  let current = null;
  let next = null;
  let shownAt = null;
  content.hidden = true;

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

  function begin(kind) {
    if (kind === "fresh" && content.hidden) {
      fill(state, loading(text));
    }
    element.setAttribute("aria-busy", kind === "fresh");
  }

  function end(kind, failed) {
    element.setAttribute("aria-busy", "false");
    if (failed && (kind === "fresh" || content.hidden)) {
      content.hidden = true;
      fill(state, failure(failed, () => load("fresh")));
    } else if (failed) {
      fill(state, outdated(shownAt, () => load(kind)));
    } else {
      content.hidden = false;
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

function outdated(since, retry) {
  return h("p", { class: "notice panel-notice", role: "status", "data-testid": "outdated" },
    h("span", {}, `There may be news that could not be read. This is as of ${time(since.toISOString())}.`),
    h("button", { type: "button", class: "button", onClick: handOn(retry) }, "Try again"));
}
