// Lists that change in place: what is still there keeps its element, and with it focus, selection and place.

/**
 * @template T
 * @param {Element} parent
 * @param {(item: T) => unknown} keyOf
 * @param {(item: T) => {element: Element, show: (item: T) => void}} make
 * @returns {(items: T[]) => void} shows these items, in this order
 */
export function keyedList(parent, keyOf, make) {
  /** @type {Map<unknown, {element: Element, show: (item: T) => void}>} */
  let known = new Map();
  return (items) => {
    const next = new Map(items.map((item) => [keyOf(item), known.get(keyOf(item)) ?? make(item)]));
    items.forEach((item) => next.get(keyOf(item))?.show(item));
    known.forEach((part, key) => next.has(key) || part.element.remove());
    put(
      parent,
      [...next.values()].map(({ element }) => element),
    );
    known = next;
  };
}

/**
 * Writes a link of several, of which one is chosen. It stays the same element: a new one would not have the focus.
 * @param {HTMLAnchorElement} anchor
 * @param {string} href
 * @param {boolean} isChosen
 */
export function choose(anchor, href, isChosen) {
  anchor.setAttribute("href", href);
  if (isChosen) {
    anchor.setAttribute("aria-current", "true");
  } else {
    anchor.removeAttribute("aria-current");
  }
}

/**
 * Moves only what is not in its place: an element that is moved loses its focus.
 * @param {Element} parent
 * @param {Element[]} elements
 */
function put(parent, elements) {
  let place = parent.firstElementChild;
  for (const element of elements) {
    if (element === place) {
      place = element.nextElementSibling;
    } else {
      parent.insertBefore(element, place);
    }
  }
}
