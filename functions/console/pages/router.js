// Where the reader is: the query string. So every view, filter and open call has an address, and a reload keeps it.

const listeners = new Set();

/**
 * The parameters of the address, as a copy.
 * @returns {URLSearchParams}
 */
export function location() {
  return new URLSearchParams(window.location.search);
}

/**
 * Goes elsewhere: changes some parameters, keeps the others, and tells all listeners.
 * @param {Object<string, string|number|null>} changes null, undefined or "" removes a parameter
 * @param {{replace?: boolean}} [options] replace: no new entry in the browser's history, as for every letter typed
 */
export function navigate(changes, { replace = false } = {}) {
  go(link(changes), replace);
}

/**
 * Calls back with the new parameters after each navigation, also back and forward.
 * @param {function(URLSearchParams): void} callback
 * @returns {function(): void} ends it
 */
export function onNavigate(callback) {
  listeners.add(callback);
  return () => listeners.delete(callback);
}

/**
 * The address that `navigate` would go to, for an `<a href>`: clicks on it navigate without loading the page.
 * @param {Object<string, string|number|null>} changes
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

/** Begins to listen to the browser: its history, and clicks on links of ours. */
export function startRouter() {
  window.addEventListener("popstate", tell);
  document.addEventListener("click", followLink);
}

function followLink(event) {
  const anchor = event.target.closest?.('a[href^="?"]');
  const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  if (anchor && isPlain && !anchor.target && !event.defaultPrevented) {
    event.preventDefault();
    go(anchor.getAttribute("href"), false);
  }
}

function go(href, replace) {
  const isHere = href === (window.location.search || "?");
  if (!isHere) {
    window.history[replace ? "replaceState" : "pushState"](null, "", href);
  }
  tell();
}

function tell() {
  const parameters = location();
  for (const listener of [...listeners]) {
    listener(parameters);
  }
}
