// Saved views: some are predefined, others are the reader's own, which the server stores for all of their browsers.

import { get, putContent, remove } from "./api.js";
import { LONGEST_VIEW_NAME } from "./constants.js";
import { announce, fill, h, listen, whileBusy } from "./dom.js";
import { ApiError, messageOf } from "./errors.js";
import { keepDraft, NOTHING, readDraft } from "./follow_up_drafts.js";
import { readReader } from "./reader.js";
import { location, onNavigate } from "./router.js";

const STYLE_SHEET = "saved_views.css";
const DRAFT = "saved-view";
const USUAL_VIEW = "calls";
/** Parameters that open a call or follow-up; a saved view does not contain them, as tomorrow's calls are others. */
const PASSING = ["call", "turn", "follow_up"];

/** The menu below a button of the header. */
export class SavedViews {
  #button;
  #panel;
  #given = h("ul", { class: "saved-views-list", "aria-label": "Given views", "data-testid": "views-given" });
  #own = h("ul", { class: "saved-views-list", "aria-label": "Your views", "data-testid": "views-own" });
  #state = h("p", { class: "muted", "data-testid": "views-state" });
  #problem = h("p", { class: "notice", role: "alert", hidden: true, "data-testid": "views-problem" });
  #news = h("p", { class: "saved-views-news", role: "status", "data-testid": "views-news" });
  #name = h("input", {
    class: "input",
    id: "saved-view-name",
    name: "name",
    maxlength: LONGEST_VIEW_NAME,
    autocomplete: "off",
    "data-testid": "view-name",
    onInput: () => this.#type(),
  });
  #save = h("button", { type: "submit", class: "button button-primary", "data-testid": "view-save" }, "Save");
  /** @type {Api.SavedView[]} */
  #views = [];
  #turn = 0;
  #ends;

  /**
   * @param {HTMLButtonElement} button
   * @param {HTMLElement} panel
   */
  constructor(button, panel) {
    this.#button = button;
    this.#panel = panel;
    fill(
      panel,
      h("div", {}, h("h2", {}, "Given"), this.#given),
      h("div", {}, h("h2", {}, "Yours"), this.#own, this.#state),
      h(
        "form",
        { class: "saved-views-form", onSubmit: (event) => this.#submit(event) },
        h("label", { for: "saved-view-name" }, "Save this view as"),
        h("div", { class: "saved-views-row" }, this.#name, this.#save),
        this.#problem,
        this.#news,
      ),
    );
    this.#name.value = readDraft(DRAFT).note;
    this.#ends = [
      listen(panel, "keydown", (/** @type {KeyboardEvent} */ event) => this.#press(event)),
      listen(button, "keydown", (/** @type {KeyboardEvent} */ event) => this.#press(event)),
      listen(panel, "click", (/** @type {MouseEvent} */ event) => this.#choose(event)),
      listen(document, "pointerdown", (/** @type {PointerEvent} */ event) => this.#closeOutside(event.target)),
      listen(panel, "focusout", (/** @type {FocusEvent} */ event) => this.#closeOutside(event.relatedTarget)),
      onNavigate(() => this.#mark()),
    ];
  }

  /** Opens or closes the menu. */
  toggle() {
    if (this.#panel.hidden) {
      this.#open();
    } else {
      this.close();
    }
  }

  /** Closes the menu; input stays. */
  close() {
    this.#panel.hidden = true;
    this.#button.setAttribute("aria-expanded", "false");
  }

  /** Removes all listeners. */
  end() {
    this.#ends.forEach((end) => end());
  }

  #open() {
    this.#panel.hidden = false;
    this.#button.setAttribute("aria-expanded", "true");
    fill(this.#news);
    this.#tell("");
    this.#showGiven();
    this.#read();
  }

  async #showGiven() {
    const reader = await readReader().catch(() => null); // a view of everybody's calls is better than none
    fill(
      this.#given,
      givenViews(reader?.user_id ?? null)
        .map(linkTo)
        .map((link) => h("li", {}, link)),
    );
    this.#mark();
  }

  async #read() {
    this.#turn += 1;
    const turn = this.#turn;
    if (this.#views.length === 0) {
      fill(this.#state, "Loading …");
    }
    try {
      const { items } = await get("views");
      if (turn === this.#turn) {
        this.#draw(items);
      }
    } catch (error) {
      if (turn === this.#turn) {
        const again = h("button", { type: "button", class: "button", onClick: () => this.#read() }, "Try again");
        fill(this.#state, `Your views could not be read. ${messageOf(error)} `, again);
      }
    }
  }

  /** @param {Api.SavedView[]} views */
  #draw(views) {
    this.#views = [...views].sort((one, other) => one.name.localeCompare(other.name));
    fill(
      this.#own,
      this.#views.map((view) => h("li", {}, linkTo(view), this.#removal(view))),
    );
    fill(this.#state, views.length ? null : "You have saved none yet.");
    this.#mark();
    this.#nameButton();
  }

  /** @param {Api.SavedView} view */
  #removal(view) {
    const button = h(
      "button",
      {
        type: "button",
        class: "button button-quiet",
        "aria-label": `Remove ${view.name}`,
        "data-testid": "view-remove",
        onClick: () => whileBusy(button, () => this.#remove(view)),
      },
      "Remove",
    );
    return button;
  }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault();
    whileBusy(this.#save, async () => {
      const name = this.#name.value.trim();
      if (!this.#news.querySelector("button")) {
        fill(this.#news); // the button to undo a removal stays
      }
      if (!/[\p{L}\p{N}]/u.test(name)) {
        this.#tell("Give the view a name first, with a letter or a digit in it.", true);
        this.#name.focus();
      } else if (await this.#keep(name, addressOfThis())) {
        this.#name.value = "";
        keepDraft(DRAFT, NOTHING);
        this.#nameButton();
        this.#say(`Saved as “${name}”.`);
      }
    });
  }

  /**
   * @param {string} name
   * @param {string} address
   * @returns {Promise<boolean>} whether it is stored; if not, the panel shows the error
   */
  async #keep(name, address) {
    try {
      const kept = await putContent(`views/${encodeURIComponent(name)}`, { address });
      this.#turn += 1; // the current reading is older than this change
      this.#tell("");
      this.#draw([...this.#views.filter((view) => view.name !== kept.name), kept]);
      return true;
    } catch (error) {
      this.#tell(problemOf(error), error instanceof ApiError && error.field === "name");
      return false;
    }
  }

  /** @param {Api.SavedView} view */
  async #remove({ name, address }) {
    try {
      await remove(`views/${encodeURIComponent(name)}`);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) {
        this.#tell(`“${name}” is not removed. ${messageOf(error)}`);
        return;
      }
    }
    this.#turn += 1;
    this.#tell("");
    this.#draw(this.#views.filter((view) => view.name !== name));
    const undo = h("button", { type: "button", class: "button", "data-testid": "view-undo" }, "Undo");
    undo.addEventListener("click", () =>
      whileBusy(undo, async () => {
        if (await this.#keep(name, address)) {
          this.#name.focus();
          this.#say(`“${name}” is back.`);
        }
      }),
    );
    fill(this.#news, `Removed “${name}”.`, undo);
    undo.focus();
  }

  /** @param {string} text */
  #say(text) {
    fill(this.#news, text);
  }

  /**
   * @param {string} problem
   * @param {boolean} [isOfName]
   */
  #tell(problem, isOfName = false) {
    fill(this.#problem, problem).hidden = !problem;
    this.#name.setAttribute("aria-invalid", String(isOfName));
  }

  #type() {
    keepDraft(DRAFT, { ...NOTHING, note: this.#name.value });
    this.#nameButton();
  }

  /** Warns that saving would replace another view. */
  #nameButton() {
    const name = this.#name.value.trim();
    this.#save.textContent = this.#views.some((view) => view.name === name) ? "Replace" : "Save";
  }

  /** Marks the view that is shown now. */
  #mark() {
    const here = sorted(addressOfThis());
    for (const link of this.#links()) {
      if (sorted(link.getAttribute("href") ?? "") === here) {
        link.setAttribute("aria-current", "true");
      } else {
        link.removeAttribute("aria-current");
      }
    }
  }

  #links() {
    return [...this.#panel.querySelectorAll("a")];
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" && !this.#panel.hidden) {
      event.stopPropagation(); // an open panel behind the menu stays open
      this.close();
      this.#button.focus();
    } else if (step && !this.#panel.hidden && event.target !== this.#name) {
      event.preventDefault();
      const links = this.#links();
      const place = links.findIndex((link) => link.parentElement?.contains(document.activeElement));
      links[Math.max(0, Math.min(links.length - 1, place + step))]?.focus();
    }
  }

  /** @param {MouseEvent} event */
  #choose({ target }) {
    if (target instanceof Element && target.closest("a")) {
      this.#button.focus(); // unless another view takes the focus
      this.close();
      announce(`View ${target.textContent}`);
    }
  }

  /** @param {EventTarget | null} target */
  #closeOutside(target) {
    const isInside = target instanceof Node && (this.#panel.contains(target) || this.#button.contains(target));
    if (target && !isInside && !this.#panel.hidden) {
      this.close();
    }
  }
}

/**
 * Loads the modules and creates the menu.
 * @param {HTMLButtonElement} button
 * @param {HTMLElement} panel
 */
export async function savedViews(button, panel) {
  await loadStyleSheet();
  return new SavedViews(button, panel);
}

/** @returns {Promise<void>} once the style sheet is loaded */
function loadStyleSheet() {
  if (document.querySelector(`link[href$="${STYLE_SHEET}"]`)) {
    return Promise.resolve();
  }
  return new Promise((resolve, reject) => {
    const missing = () => reject(new Error("A part of this page is missing. Load it again."));
    const href = new URL(`./${STYLE_SHEET}`, import.meta.url).href;
    document.head.append(h("link", { rel: "stylesheet", href, onLoad: () => resolve(), onError: missing }));
  });
}

/**
 * @param {number | null} userId of the reader, if known
 * @returns {{name: string, address: string}[]}
 */
function givenViews(userId) {
  /** @type {Record<string, string>} */
  const mine = userId === null ? {} : { advisor: String(userId) };
  /** @type {Record<string, Record<string, string>>} */
  const views = {
    "My detractors": { view: "calls", nps_category: "detractor", ...mine },
    "Today, unhappy": { view: "calls", range: "today", nps_category: "detractor" },
    Overdue: { view: "follow-ups", list: "overdue" },
  };
  return Object.entries(views).map(([name, given]) => ({ name, address: `?${new URLSearchParams(given)}` }));
}

/** @param {{name: string, address: string}} view */
function linkTo({ name, address }) {
  return h("a", { href: address, "data-testid": "view-link" }, name);
}

/** @returns {string} the address of the view, without open details */
function addressOfThis() {
  const parameters = location();
  PASSING.forEach((name) => parameters.delete(name));
  const view = parameters.get("view") || USUAL_VIEW;
  parameters.delete("view");
  return `?${new URLSearchParams([["view", view], ...parameters])}`;
}

/** @param {string} address */
function sorted(address) {
  const parameters = new URLSearchParams(address);
  parameters.sort();
  return String(parameters);
}

/** @param {unknown} error */
function problemOf(error) {
  const isTooLong = error instanceof ApiError && error.field === "address";
  return isTooLong ? "What this view is narrowed by is too long to be saved." : messageOf(error);
}
