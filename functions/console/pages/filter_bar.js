// The row of controls above the list. All of it is in the address, so that a reload and a link keep it.

import { get } from "./api.js";
import { CONTROLS, filtersIn, FILTERS, isTelling } from "./call_filters.js";
import { DIRECTIONS, NPS_CATEGORIES, OUTCOMES, STATUSES } from "./constants.js";
import { dateInput } from "./date_input.js";
import { fill, h } from "./dom.js";
import { scoresOf, words } from "./format.js";
import { link, location, navigate } from "./router.js";

const TYPING_MILLISECONDS = 300;
/** Below this the controls would need several rows: they fold behind a button. */
const LEAST_WIDTH = 1300;
/** @type {Record<string, string>} */
const LABELS = {
  customer: "Search",
  status: "Status",
  outcome: "Outcome",
  nps_category: "Score",
  from: "From",
  to: "To",
  campaign: "Campaign",
  advisor: "Advisor",
  direction: "Direction",
  demo: "Demo calls",
};
/** @type {Record<string, [string, string][]>} */
const CHOICES = {
  status: STATUSES.map((status) => [status, status]),
  outcome: OUTCOMES.map((outcome) => [outcome, words(outcome)]),
  nps_category: NPS_CATEGORIES.map(({ name, first, last }) => [name, `${words(name)}s (${scoresOf(first, last)})`]),
  direction: DIRECTIONS.map((direction) => [direction, words(direction)]),
  demo: [
    ["false", "Real calls only"],
    ["true", "Demo calls only"],
  ],
  campaign: [],
  advisor: [],
};

/** Controls for FILTERS, and what else stands in their row. */
export class FilterBar {
  /** @type {Record<string, HTMLInputElement | HTMLSelectElement>} */
  #controls = {};
  /** @type {Record<string, Map<string, string>>} */
  #offered = { campaign: new Map(), advisor: new Map() };
  #clear = h("a", { class: "button button-quiet", "data-testid": "call-filter-clear" }, "Clear");
  #count = h("span", { class: "filter-count" });
  #hint = h("span", { class: "filter-hint", id: "customer-hint", role: "status" });
  #typing = 0;
  /** @type {{stop: () => void}[]} */
  #dates = [];
  #more;
  #resizing;

  /** @param {...Element} others shown at the end of the row */
  constructor(...others) {
    CONTROLS.forEach((name) => {
      this.#controls[name] = this.#control(name);
    });
    const [customer, ...rest] = CONTROLS.map((name) => field(name, this.#controls[name]));
    customer.append(this.#hint);
    this.#controls.customer.setAttribute("aria-describedby", "customer-hint");
    const more = h(
      "details",
      { class: "filter-more" },
      h("summary", { class: "button" }, "Filters", this.#count),
      h("div", { class: "filter-fields" }, rest),
    );
    this.element = h(
      "form",
      { class: "filter-bar", role: "search", "aria-label": "Which calls", onSubmit: (event) => this.#submit(event) },
      customer,
      more,
      h("div", { class: "filter-end" }, this.#clear, others),
    );
    this.#more = more;
    this.#resizing = new ResizeObserver(() => this.fit());
    this.#resizing.observe(this.element);
  }

  /** Folds the controls where there is no room for them; at once when the bar comes onto the page, or it would jump. */
  fit() {
    fold(this.element, this.#more, this.element.clientWidth < LEAST_WIDTH);
  }

  /** Ends it. */
  close() {
    this.#resizing.disconnect();
    window.clearTimeout(this.#typing);
    this.#dates.forEach(({ stop }) => stop());
  }

  /** Writes what the address says into the controls; not into one that somebody is typing in. */
  show() {
    const given = filtersIn(location());
    for (const name of CONTROLS) {
      const control = this.#controls[name];
      if (control !== document.activeElement || control.tagName !== "INPUT") {
        this.#write(name, given[name] ?? "");
      }
    }
    const others = Object.keys(given).filter((name) => name !== "customer" && name !== "to_come").length;
    this.#count.textContent = others ? ` (${others})` : "";
    const hadFocus = this.#clear === document.activeElement;
    this.#clear.hidden = Object.keys(given).length === 0;
    if (hadFocus && this.#clear.hidden) {
      this.#controls.customer.focus();
    }
    this.#clear.setAttribute("href", link(Object.fromEntries(FILTERS.map((name) => [name, null]))));
    this.#showHint(given.customer ?? "");
  }

  /**
   * Adds the campaigns and advisors of some calls to what can be chosen.
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
   * Asks for the campaigns and advisors that the summary knows. What cannot be had is missing from a menu, no more.
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
    const control = this.#controls[name];
    if (control instanceof HTMLSelectElement) {
      fillSelect(control, name, this.#optionsOf(name), value);
    }
    control.value = control.type === "date" ? dayOf(value) : value;
  }

  /** @param {string} name */
  #optionsOf(name) {
    return name in this.#offered
      ? [...this.#offered[name]].sort(([, one], [, other]) => one.localeCompare(other))
      : CHOICES[name];
  }

  /** @param {string} name */
  #control(name) {
    const shared = { class: "input", name, id: `filter-${name}`, "data-testid": `call-filter-${name}` };
    if (name in CHOICES) {
      const select = h("select", { ...shared, onChange: () => navigate({ [name]: select.value }) });
      return select;
    }
    if (name === "customer") {
      return h("input", {
        ...shared,
        type: "search",
        placeholder: "Name, number, vehicle, or words that were said",
        title: 'Beginnings of words are enough. "In quotes" finds words as they were said, one after another.',
        autocomplete: "off",
        onInput: () => this.#type(),
      });
    }
    const date = dateInput(shared, (value, options) => navigate({ [name]: value }, options));
    this.#dates.push(date);
    return date.element;
  }

  #type() {
    window.clearTimeout(this.#typing);
    this.#showHint(this.#controls.customer.value.trim());
    this.#typing = window.setTimeout(() => this.#search(), TYPING_MILLISECONDS);
  }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault();
    window.clearTimeout(this.#typing);
    this.#search();
  }

  #search() {
    navigate({ customer: this.#controls.customer.value.trim() }, { replace: true });
  }

  /** @param {string} customer */
  #showHint(customer) {
    const isShort = customer !== "" && !isTelling(customer);
    this.#hint.textContent = isShort ? "A word, or three digits at least" : "";
    this.#controls.customer.setAttribute("aria-invalid", String(isShort));
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

/**
 * @param {string} name
 * @param {HTMLElement} control
 */
function field(name, control) {
  return h("div", { class: `field field-${name}` }, h("label", { for: control.id }, LABELS[name]), control);
}

/**
 * Draws options only if they are others, since an open menu would close. A value that is unknown stays choosable.
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

/**
 * The reader's day of a time with an offset, for the date control.
 * @param {string} value
 */
function dayOf(value) {
  const at = new Date(value);
  if (!value || /^\d{4}-\d{2}-\d{2}$/.test(value) || Number.isNaN(at.getTime())) {
    return value;
  }
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
}
