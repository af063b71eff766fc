// Creates elements. Text always becomes a text node, so a customer's words never become markup.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";
/** Names that are set as properties: their attributes only set an element's initial state. */
const PROPERTIES = new Set(["value", "checked", "selected", "disabled", "hidden", "indeterminate"]);

/** @typedef {Node | string | number | boolean | null | undefined | Child[]} Child */

/** @typedef {HTMLElementEventMap} Events */

/**
 * Handlers of events, by the event's name: `onClick`.
 * @typedef {{[K in keyof Events as `on${Capitalize<K>}`]?: (event: Events[K]) => void}} Handlers
 */

/** @typedef {Handlers & {[name: string]: unknown}} Properties */

/**
 * Makes an element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Properties} [properties] `class`, `on<Event>` handlers, `style` as an object of CSS properties, or
 *   attributes: `true` sets an empty one; false, null and undefined omit it (`aria-*` gets "false").
 * @param {...Child} children nodes, texts, numbers, or arrays of them; null, undefined and booleans are left out
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, properties, ...children) {
  return build(document.createElement(tag), properties, children);
}

/**
 * Makes an SVG element.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Properties} [attributes] as the properties of `h`
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function svg(tag, attributes, ...children) {
  return build(document.createElementNS(SVG_NAMESPACE, tag), attributes, children);
}

/**
 * Replaces all children of an element.
 * @template {Element} T
 * @param {T} element
 * @param {...Child} children
 * @returns {T}
 */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
  return element;
}

/**
 * Hides a control. If it had the focus, `next` gets it; otherwise the focus would move to the top of the page.
 * @param {HTMLElement} control
 * @param {boolean} isHidden
 * @param {HTMLElement | null | undefined} next
 */
export function setHidden(control, isHidden, next) {
  if (isHidden && document.activeElement === control) {
    next?.focus({ preventScroll: true });
  }
  control.hidden = isHidden;
}

/**
 * Adds an event listener.
 * @template {Event} E
 * @param {EventTarget} target
 * @param {string} name
 * @param {(event: E) => void} callback
 * @returns {() => void} removes it
 */
export function listen(target, name, callback) {
  const listener = /** @type {EventListener} */ (/** @type {unknown} */ (callback));
  target.addEventListener(name, listener);
  return () => target.removeEventListener(name, listener);
}

/**
 * The closest ancestor of an event's target that matches.
 * @param {Event} event
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export function closest({ target }, selector) {
  return target instanceof Element ? target.closest(selector) : null;
}

/**
 * Runs a button's action, once at a time. The button keeps the focus, which `disabled` would remove.
 * @template T
 * @param {HTMLElement} button
 * @param {() => Promise<T>} work
 * @returns {Promise<T | undefined>} undefined if the action is already running
 */
export async function whileBusy(button, work) {
  if (button.hasAttribute("aria-disabled")) {
    return undefined;
  }
  button.setAttribute("aria-disabled", "true");
  try {
    return await work();
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

/**
 * Announces a text to screen readers, after what they are saying.
 * @param {string} text
 */
export function announce(text) {
  const region = /** @type {HTMLElement} */ (document.getElementById("announcements"));
  region.textContent = "";
  // A region with an unchanged text is read again only if it was empty in between.
  window.setTimeout(() => {
    region.textContent = text;
  }, 50);
}

/**
 * @template {HTMLElement | SVGElement} T
 * @param {T} element
 * @param {Properties | undefined} properties
 * @param {Child[]} children
 * @returns {T}
 */
function build(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    set(element, name, value);
  }
  element.append(...nodes(children));
  return element;
}

/**
 * @param {HTMLElement | SVGElement} element
 * @param {string} name
 * @param {unknown} value
 */
function set(element, name, value) {
  if (typeof value === "function") {
    element.addEventListener(name.slice(2).toLowerCase(), /** @type {EventListener} */ (value));
  } else if (name === "style") {
    setStyle(element, /** @type {Record<string, string>} */ (value ?? {}));
  } else if (PROPERTIES.has(name)) {
    Object.assign(element, { [name]: value ?? "" });
  } else {
    setAttribute(element, name, value);
  }
}

/**
 * @param {HTMLElement | SVGElement} element
 * @param {Record<string, string>} rules
 */
function setStyle(element, rules) {
  for (const [name, value] of Object.entries(rules)) {
    element.style.setProperty(name, value);
  }
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {unknown} value
 */
function setAttribute(element, name, value) {
  const isLeftOut = value === null || value === undefined || (value === false && !name.startsWith("aria-"));
  if (!isLeftOut) {
    element.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : String(value));
  }
}

/**
 * @param {Child[]} children
 * @returns {(Node | string)[]}
 */
function nodes(children) {
  const flat = /** @type {Exclude<Child, Child[]>[]} */ (/** @type {unknown[]} */ (children).flat(Infinity));
  return flat
    .filter((child) => child !== null && child !== undefined && typeof child !== "boolean")
    .map((child) => (typeof child === "number" ? String(child) : child));
}
