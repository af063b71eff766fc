// The router: the query string has the view, every filter and the open call, so that each has an address.

import { closest } from "./dom.js";

/**
 * The reader's position in a view.
 * @typedef {object} Place
 * @property {number} top scroll position in pixels from the top
 * @property {number} [depth] number of rows that were shown
 * @property {number} [items] number of items that were read
 * @property {string | null} [asked] the list's parameters
 */

/** @typedef {Record<string, string | number | null | undefined>} Changes of the address */

/** @type {Set<(parameters: URLSearchParams) => void>} */
const listeners = new Set();
/**
 * Entry of the browser's history -> the reader's position in it: how far a list was read and scrolled.
 * @type {Map<number, Place | null>}
 */
const places = new Map();
let entry = 0;
/** @type {() => Place | null} */
let placeOfView = () => null;

/**
 * A copy of the address's parameters.
 * @returns {URLSearchParams}
 */
export function location() {
  return new URLSearchParams(window.location.search);
}

/**
 * Navigates: changes some parameters, keeps the others, and notifies all listeners.
 * @param {Changes} changes null, undefined or "" removes a parameter
 * @param {{replace?: boolean}} [options] replace: no new entry in the browser's history, as while typing
 */
export function navigate(changes, { replace = false } = {}) {
  go(link(changes), replace);
}

/**
 * Adds a listener for the new parameters after each navigation, also back and forward.
 * @param {(parameters: URLSearchParams) => void} callback
 * @returns {() => void} removes it
 */
export function onNavigate(callback) {
  listeners.add(callback);
  return () => listeners.delete(callback);
}

/**
 * The address of a navigation, for an `<a href>`: a click on it navigates without loading the page.
 * @param {Changes} changes
 * @returns {string} relative, `?…`
 */
export function link(changes) {
  const parameters = location();
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") {
      parameters.delete(name);
    } else {
      parameters.set(name, String(value));
    }
  }
  return `?${parameters}`;
}

/**
 * Sets the function that returns the reader's position; it is called before each navigation.
 * @param {() => Place | null} callback
 * @returns {() => void} removes it
 */
export function rememberPlace(callback) {
  placeOfView = callback;
  return () => {
    placeOfView = placeOfView === callback ? () => null : placeOfView;
  };
}

/** @returns {Place | null} the reader's position when they left this history entry; null for a new one */
export function recallPlace() {
  return places.get(entry) ?? null;
}

/**
 * Sets the title of the tab, and of this history entry.
 * @param {string} title
 */
export function nameThis(title) {
  document.title = `${title} – AutoPulse`;
}

/**
 * @param {MouseEvent} event
 * @returns {boolean} whether it is a click that opens no other tab or window
 */
export function isPlainClick(event) {
  return event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
}

/** Adds listeners for the browser's history, and for clicks on the page's links. */
export function startRouter() {
  window.history.scrollRestoration = "manual"; // the content has to be read before it can be scrolled
  entry = enter(window.history.state?.entry ?? Date.now());
  window.addEventListener("popstate", (event) => {
    places.set(entry, placeOfView());
    entry = event.state?.entry ?? enter(Date.now());
    tell();
  });
  document.addEventListener("click", followLink);
}

/** @param {number} name */
function enter(name) {
  window.history.replaceState({ entry: name }, "");
  return name;
}

/** @param {MouseEvent} event */
function followLink(event) {
  const anchor = closest(event, 'a[href^="?"]:not([target])');
  if (anchor && isPlainClick(event) && !event.defaultPrevented) {
    event.preventDefault();
    go(anchor.getAttribute("href") ?? "", false);
  }
}

/**
 * @param {string} href
 * @param {boolean} replace
 */
function go(href, replace) {
  const isHere = href === (window.location.search || "?");
  if (!isHere && replace) {
    window.history.replaceState({ entry }, "", href);
  } else if (!isHere) {
    places.set(entry, placeOfView());
    entry += 1;
    places.delete(entry);
    window.history.pushState({ entry }, "", href);
  }
  tell();
}

function tell() {
  const parameters = location();
  for (const listener of [...listeners]) {
    listener(parameters);
  }
}
