// One chip for each score category, which filters the list by it.

import { NPS_CATEGORIES } from "./constants.js";
import { h } from "./dom.js";
import { scoresOf, words } from "./format.js";
import { choose } from "./keyed_list.js";
import { link } from "./router.js";

const CHIPS = [
  ...NPS_CATEGORIES.map(({ name, first, last }) => ({
    name,
    title: `${words(name)}s`,
    hint: `Scores ${scoresOf(first, last)}`,
  })),
  { name: "none", title: "No score", hint: "Calls without a score that counts" },
];

/**
 * @returns {{element: HTMLElement, show: (chosen: string | undefined) => void}} show takes the chosen category
 */
export function scoreChips() {
  const chips = CHIPS.map(({ name, title, hint }) =>
    h(
      "a",
      { class: "chip", title: hint, "data-nps-category": name, "data-testid": `call-filter-nps_category-${name}` },
      title,
    ),
  );
  /** @param {string | undefined} chosen */
  const show = (chosen) =>
    CHIPS.forEach(({ name }, place) =>
      choose(chips[place], link({ nps_category: name === chosen ? null : name }), name === chosen),
    );
  return { element: h("div", { class: "chips", role: "group", "aria-label": "Score" }, chips), show };
}
