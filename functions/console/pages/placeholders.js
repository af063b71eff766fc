// Placeholders for content that is being loaded, that is empty, or that could not be loaded.

import { h } from "./dom.js";
import { ApiError, messageOf, OfflineError } from "./errors.js";

/** @import {Child} from "./dom.js" */

/**
 * @param {string} [text] what is being loaded
 * @returns {HTMLElement}
 */
export function loading(text = "Loading …") {
  return h(
    "p",
    { class: "state", role: "status", "data-testid": "loading" },
    h("span", { class: "spinner", "aria-hidden": "true" }),
    text,
  );
}

/**
 * @param {string} title what is missing
 * @param {Child} [hint] what to do about it
 * @returns {HTMLElement}
 */
export function empty(title, hint) {
  return h(
    "div",
    { class: "state", "data-testid": "empty" },
    h("p", { class: "state-title" }, title),
    hint ? h("p", {}, hint) : null,
  );
}

/**
 * @param {unknown} error
 * @param {() => void} [retry] action of the button; without it there is no button
 * @returns {HTMLElement}
 */
export function failure(error, retry) {
  const button = retry ? h("button", { type: "button", class: "button", onClick: handOn(retry) }, "Try again") : null;
  return h(
    "div",
    { class: "state state-failure", role: "alert", "data-testid": "failure" },
    h("p", { class: "state-title" }, titleOf(error)),
    h("p", {}, detailOf(error)),
    button,
  );
}

/**
 * A handler for a control that its action removes: the focus moves to an ancestor, so that it is not lost.
 * @param {() => void} [action]
 * @returns {(event: Event) => void} a handler
 */
export function handOn(action) {
  return ({ currentTarget }) => {
    const around = currentTarget instanceof Element ? currentTarget.closest("[tabindex]") : null;
    if (around instanceof HTMLElement) {
      around.focus({ preventScroll: true });
    }
    action?.();
  };
}

/** @type {Record<number, string>} */
const TITLES = { 403: "No access", 404: "Not found", 429: "Too much at once" };

/** @param {unknown} error */
function titleOf(error) {
  if (error instanceof OfflineError) {
    return "The server cannot be reached";
  }
  return (error instanceof ApiError && TITLES[error.status]) || "This could not be loaded";
}

/** @param {unknown} error */
function detailOf(error) {
  if (error instanceof OfflineError) {
    return navigator.onLine ? "It does not answer at the moment." : "You are offline. What you see may be old.";
  }
  if (error instanceof ApiError && error.status === 403) {
    return "Your account has no organization whose calls it may see. Whoever manages the accounts can give it one.";
  }
  return messageOf(error);
}
