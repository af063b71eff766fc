// Elements made of values. Text always becomes a text node: whatever a customer said can never become markup.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";
/** What has to be set as a property, since the attribute of that name says only how an element began. */
const PROPERTIES = new Set(["value", "checked", "selected", "disabled", "hidden", "indeterminate"]);

/**
 * Makes an element.
 * @param {string} tag
 * @param {Object<string, *>} [properties] `class`, `on<Event>` handlers, `style` as an object of CSS properties, or
 *   attributes: `true` sets an empty one; false, null and undefined leave it out (but `aria-*` says "false").
 * @param {...*} children nodes, texts, numbers, or arrays of them; null, undefined and booleans are left out
 * @returns {HTMLElement}
 */
export function h(tag, properties, ...children) {
  return build(document.createElement(tag), properties, children);
}

/**
 * Makes an SVG element.
 * @param {string} tag
 * @param {Object<string, *>} [attributes] as the properties of `h`
 * @param {...*} children
 * @returns {SVGElement}
 */
export function svg(tag, attributes, ...children) {
  return build(document.createElementNS(SVG_NAMESPACE, tag), attributes, children);
}

/**
 * Replaces all children of an element.
 * @template {Element} T
 * @param {T} element
 * @param {...*} children
 * @returns {T}
 */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
  return element;
}

/**
 * Does something that a button began, once at a time. The button keeps the focus, which `disabled` would take from it.
 * @template T
 * @param {HTMLElement} button
 * @param {function(): Promise<T>} work
 * @returns {Promise<T|undefined>} undefined if the same goes on already
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
 * Says something to those who listen to the page instead of looking at it, when they are ready for it.
 * @param {string} text
 */
export function announce(text) {
  const region = document.getElementById("announcements");
  region.textContent = "";
  // A region that has the same text again is not read again, unless it was empty between.
  window.setTimeout(() => { region.textContent = text; }, 50);
}

function build(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    set(element, name, value);
  }
  element.append(...nodes(children));
  return element;
}

function set(element, name, value) {
  if (typeof value === "function") {
    element.addEventListener(name.slice(2).toLowerCase(), value);
  } else if (name === "style") {
    setStyle(element, value ?? {});
  } else if (PROPERTIES.has(name)) {
    element[name] = value ?? "";
  } else {
    setAttribute(element, name, value);
  }
}

function setStyle(element, rules) {
  for (const [name, value] of Object.entries(rules)) {
    element.style.setProperty(name, value);
  }
}

function setAttribute(element, name, value) {
  const isLeftOut = value === null || value === undefined || (value === false && !name.startsWith("aria-"));
  if (!isLeftOut) {
    element.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : String(value));
  }
}

function nodes(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && typeof child !== "boolean");
}
