// Lists that are updated in place: an item that stays keeps its element, with its focus, selection and scroll position.

/**
 * @template T
 * @param {Element} parent
 * @param {(item: T) => unknown} keyOf
 * @param {(item: T) => {element: Element, show: (item: T) => void}} make
 * @returns {(items: T[]) => void} shows the items, in this order
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
 * Updates one of several links, of which one is chosen. The element stays the same, as a new one would lose the focus.
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
 * Moves only elements that are in the wrong place, because a moved element loses its focus.
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
