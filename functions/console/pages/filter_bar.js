// The row of controls above the list. The address contains all filters, so that a reload and a link keep them.

import { get } from "./api.js";
import { filtersIn, FILTERS, isTelling, OTHERS } from "./call_filters.js";
import { DIRECTIONS, OUTCOMES, STATUSES } from "./constants.js";
import { fill, h } from "./dom.js";
import { words } from "./format.js";
import { link, location, navigate } from "./router.js";
import { scoreChips } from "./score_chips.js";
import { timeFilter } from "./time_filter.js";

const TYPING_MILLISECONDS = 300;
/** In a narrower window the controls would need several rows, and are folded behind a button. */
const LEAST_WIDTH = 1800;
/** @type {Record<string, string>} */
const LABELS = {
  status: "Status",
  outcome: "Outcome",
  campaign: "Campaign",
  advisor: "Advisor",
  direction: "Direction",
  demo: "Demo calls",
};
/** @type {Record<string, [string, string][]>} */
const CHOICES = {
  status: STATUSES.map((status) => [status, status]),
  outcome: OUTCOMES.map((outcome) => [outcome, words(outcome)]),
  direction: DIRECTIONS.map((direction) => [direction, words(direction)]),
  demo: [
    ["false", "Real calls only"],
    ["true", "Demo calls only"],
  ],
  campaign: [],
  advisor: [],
};

/** Controls for FILTERS, and other elements in their row. */
export class FilterBar {
  /** @type {Record<string, HTMLSelectElement>} */
  #selects = {};
  /** @type {Record<string, Map<string, string>>} */
  #offered = { campaign: new Map(), advisor: new Map() };
  #customer = h("input", {
    class: "input",
    name: "customer",
    id: "filter-customer",
    "data-testid": "call-filter-customer",
    type: "search",
    placeholder: "Name, number, vehicle, or words that were said",
    title: 'Beginnings of words are enough. "In quotes" finds words as they were said, one after another.',
    "aria-describedby": "customer-hint",
    autocomplete: "off",
    onInput: () => this.#type(),
  });
  #score = scoreChips();
  #time = timeFilter();
  #clear = h("a", { class: "button button-quiet", "data-testid": "call-filter-clear" }, "Clear");
  #count = h("span", { class: "filter-count" });
  #hint = h("span", { class: "filter-hint", id: "customer-hint", role: "status" });
  #typing = 0;
  #more;
  #resizing;

  /** @param {...Element} others shown at the end of the row */
  constructor(...others) {
    OTHERS.forEach((name) => {
      this.#selects[name] = selectFor(name);
    });
    const label = h("label", { for: "filter-customer", class: "visually-hidden" }, "Search");
    this.#more = h(
      "details",
      { class: "filter-more" },
      h("summary", { class: "button" }, "Filters", this.#count),
      h(
        "div",
        { class: "filter-fields" },
        OTHERS.map((name) => field(name, this.#selects[name])),
      ),
    );
    this.element = h(
      "form",
      { class: "filter-bar", role: "search", "aria-label": "Which calls", onSubmit: (event) => this.#submit(event) },
      h("div", { class: "field field-customer" }, label, this.#customer, this.#hint),
      h("div", { class: "filter-first" }, this.#score.element, this.#time.element),
      this.#more,
      h("div", { class: "filter-end" }, this.#clear, others),
    );
    this.#resizing = new ResizeObserver(() => this.fit());
    this.#resizing.observe(this.element);
  }

  /**
   * Folds the controls in a narrow window, already when the bar is added to the page, so that it does not move later.
   */
  fit() {
    fold(this.element, this.#more, this.element.clientWidth < LEAST_WIDTH);
  }

  /** Ends all listeners. */
  close() {
    this.#resizing.disconnect();
    window.clearTimeout(this.#typing);
    this.#time.stop();
  }

  /** Writes the address's values into the controls, except into one that is being edited. */
  show() {
    const given = filtersIn(location());
    if (this.#customer !== document.activeElement) {
      this.#customer.value = given.customer ?? "";
    }
    this.#score.show(given.nps_category);
    this.#time.show(given);
    OTHERS.forEach((name) => this.#write(name, given[name] ?? ""));
    const others = OTHERS.filter((name) => given[name]).length;
    this.#count.textContent = others ? ` (${others})` : "";
    const hadFocus = this.#clear === document.activeElement;
    this.#clear.hidden = Object.keys(given).length === 0;
    if (hadFocus && this.#clear.hidden) {
      this.#customer.focus();
    }
    this.#clear.setAttribute("href", link(Object.fromEntries(FILTERS.map((name) => [name, null]))));
    this.#showHint(given.customer ?? "");
  }

  /**
   * Adds the campaigns and advisors of these calls to the options.
   * @param {Api.Call[]} calls
   */
  offer(calls) {
    const before = this.#offered.campaign.size + this.#offered.advisor.size;
    for (const call of calls) {
      this.#learn("campaign", call.campaign_id, call.campaign_name);
      this.#learn("advisor", call.advisor_id ?? call.advisor_name, call.advisor_name);
    }
    if (this.#offered.campaign.size + this.#offered.advisor.size !== before) {
      this.#drawOffered();
    }
  }

  /**
   * Reads the campaigns and advisors of the summary. After an error they are only missing from the menus.
   * @param {AbortSignal} signal
   */
  async learn(signal) {
    for (const group of ["campaign", "advisor"]) {
      const asked = get("feedback/summary", { group, direction: "all" }, { signal });
      const groups = await asked.then(
        (summary) => summary.groups,
        () => [],
      );
      groups.forEach(({ key, name }) => this.#learn(group, key, name));
    }
    this.#drawOffered();
  }

  /**
   * @param {string} name
   * @param {string | number | null | undefined} key
   * @param {string | null} called
   */
  #learn(name, key, called) {
    if (key !== null && key !== undefined && !this.#offered[name].has(String(key))) {
      this.#offered[name].set(String(key), called || `${LABELS[name]} ${key}`);
    }
  }

  #drawOffered() {
    for (const name of ["campaign", "advisor"]) {
      this.#write(name, location().get(name)?.trim() ?? "");
    }
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  #write(name, value) {
    fillSelect(this.#selects[name], name, this.#optionsOf(name), value);
    this.#selects[name].value = value;
  }

  /** @param {string} name */
  #optionsOf(name) {
    return name in this.#offered
      ? [...this.#offered[name]].sort(([, one], [, other]) => one.localeCompare(other))
      : CHOICES[name];
  }

  #type() {
    window.clearTimeout(this.#typing);
    this.#showHint(this.#customer.value.trim());
    this.#typing = window.setTimeout(() => this.#search(), TYPING_MILLISECONDS);
  }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault();
    window.clearTimeout(this.#typing);
    this.#search();
  }

  #search() {
    navigate({ customer: this.#customer.value.trim() }, { replace: true });
  }

  /** @param {string} customer */
  #showHint(customer) {
    const isShort = customer !== "" && !isTelling(customer);
    this.#hint.textContent = isShort ? "A word, or three digits at least" : "";
    this.#customer.setAttribute("aria-invalid", String(isShort));
  }
}

/**
 * @param {HTMLElement} bar
 * @param {HTMLDetailsElement} more
 * @param {boolean} isNarrow
 */
function fold(bar, more, isNarrow) {
  if (bar.hasAttribute("data-folded") !== isNarrow || !more.hasAttribute("data-known")) {
    bar.toggleAttribute("data-folded", isNarrow);
    more.toggleAttribute("data-known", true);
    more.open = !isNarrow;
  }
}

/** @param {string} name */
function selectFor(name) {
  /** @type {HTMLSelectElement} */
  const select = h("select", {
    class: "input",
    name,
    id: `filter-${name}`,
    "data-testid": `call-filter-${name}`,
    onChange: () => navigate({ [name]: select.value }),
  });
  return select;
}

/**
 * @param {string} name
 * @param {HTMLElement} control
 */
function field(name, control) {
  return h("div", { class: `field field-${name}` }, h("label", { for: control.id }, LABELS[name]), control);
}

/**
 * Renders options only if they have changed, because an open menu would close. An unknown value stays an option.
 * @param {HTMLSelectElement} select
 * @param {string} name
 * @param {[string, string][]} options
 * @param {string} value
 */
function fillSelect(select, name, options, value) {
  const known = options.some(([key]) => key === value);
  const all = [
    ["", "All"],
    ...options,
    ...(value && !known ? [[value, /^\d+$/.test(value) ? `${LABELS[name]} ${value}` : value]] : []),
  ];
  const isSame =
    select.options.length === all.length &&
    all.every(([key, text], place) => select.options[place].value === key && select.options[place].text === text);
  if (!isSame) {
    fill(
      select,
      all.map(([key, text]) => h("option", { value: key }, text)),
    );
  }
}
