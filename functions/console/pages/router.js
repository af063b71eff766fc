// Where the reader is: the query string. So every view, filter and open call has an address, and a reload keeps it.

import { closest } from "./dom.js";

/**
 * Where the reader was in what is shown.
 * @typedef {object} Place
 * @property {number} top pixels from the top
 * @property {number} [depth] rows that were shown
 * @property {number} [items] items that were read
 * @property {string | null} [asked] what the list was asked for
 */

/** @typedef {Record<string, string | number | null | undefined>} Changes of the address */

/** @type {Set<(parameters: URLSearchParams) => void>} */
const listeners = new Set();
/**
 * Entry of the browser's history -> where the reader was in it: how far a list was read and scrolled.
 * @type {Map<number, Place | null>}
 */
const places = new Map();
let entry = 0;
/** @type {() => Place | null} */
let placeOfView = () => null;

/**
 * The parameters of the address, as a copy.
 * @returns {URLSearchParams}
 */
export function location() {
  return new URLSearchParams(window.location.search);
}

/**
 * Goes elsewhere: changes some parameters, keeps the others, and tells all listeners.
 * @param {Changes} changes null, undefined or "" removes a parameter
 * @param {{replace?: boolean}} [options] replace: no new entry in the browser's history, as for every letter typed
 */
export function navigate(changes, { replace = false } = {}) {
  go(link(changes), replace);
}

/**
 * Calls back with the new parameters after each navigation, also back and forward.
 * @param {(parameters: URLSearchParams) => void} callback
 * @returns {() => void} ends it
 */
export function onNavigate(callback) {
  listeners.add(callback);
  return () => listeners.delete(callback);
}

/**
 * The address that `navigate` would go to, for an `<a href>`: clicks on it navigate without loading the page.
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
 * Says how to find out where the reader is in what is shown; asked whenever they go elsewhere.
 * @param {() => Place | null} callback
 * @returns {() => void} ends it
 */
export function rememberPlace(callback) {
  placeOfView = callback;
  return () => {
    placeOfView = placeOfView === callback ? () => null : placeOfView;
  };
}

/** @returns {Place | null} where the reader was when they left this entry of the history; null if it is a new one */
export function recallPlace() {
  return places.get(entry) ?? null;
}

/**
 * Names the tab, and this entry of the history.
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

/** Begins to listen to the browser: its history, and clicks on links of ours. */
export function startRouter() {
  window.history.scrollRestoration = "manual"; // what is shown has to be read first
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
