// The view "follow-ups": the list of customers to call back, and the open follow-up. Call events update it in place.

import { announce, closest, fill, h, listen, whileBusy } from "./dom.js";
import { messageOf } from "./errors.js";
import { changeFollowUp, Refused } from "./follow_up_changes.js";
import { followUpCounts } from "./follow_up_counts.js";
import { FollowUpList } from "./follow_up_list.js";
import { followUpNews } from "./follow_up_news.js";
import { FollowUpPanel } from "./follow_up_panel.js";
import { customerOf } from "./follow_up_words.js";
import { choose } from "./keyed_list.js";
import { live } from "./live.js";
import { empty, handOn } from "./placeholders.js";
import { readReader } from "./reader.js";
import { coalesce } from "./refresh_queue.js";
import { link, location, nameThis, navigate, onNavigate } from "./router.js";
import { identity } from "./signin.js";

/** @import {News} from "./follow_up_news.js" */
/** @import {Reader} from "./reader.js" */
/** @import {Parameters} from "./api.js" */
/** @import {FollowUp} from "./follow_up_row.js" */

const RESTING_MILLISECONDS = 180;
/** Minimum time between two readings of the list, however many events come. */
const REST_MILLISECONDS = 1000;
/** Time before another request for the reader, after one has failed. */
const RETRY_MILLISECONDS = 5000;
const TITLE = "To call back";

/**
 * Name in the address -> title, and the text for an empty list.
 * @type {Record<string, {title: string, nothing: [string, string]}>}
 */
const LISTS = {
  mine: { title: "Mine", nothing: ["Nothing waits for you", "What is given to you, or taken by you, is here."] },
  all: {
    title: "Everyone's",
    nothing: ["Nobody is to be called back", "Unhappy customers appear here by themselves."],
  },
  overdue: { title: "Overdue", nothing: ["Nothing is overdue", "Everybody is answered in time, or still can be."] },
  done: { title: "Done", nothing: ["Nothing has been resolved yet", "What is resolved or dismissed is kept here."] },
};

/**
 * @param {HTMLElement} container
 * @returns {() => void} ends it
 */
export function mount(container) {
  const view = new FollowUpsView();
  fill(container, view.element);
  view.start();
  return () => view.close();
}

class FollowUpsView {
  /** @type {Reader | null} */
  #reader = null;
  /** @type {FollowUpPanel | null} */
  #panel = null;
  /** @type {string | null} */
  #asked = null;
  #resting = 0;
  #retry = 0;
  #isOver = false;
  /** @type {(() => void)[]} */
  #endings = [];
  #tabs = Object.entries(LISTS).map(([name, { title }]) =>
    h("a", { class: "follow-up-tab", "data-list": name, "data-testid": `follow-ups-${name}-tab` }, title),
  );
  #narrowed = h("p", { class: "follow-up-narrowed small", hidden: true });
  #problem = h("p", { class: "notice", role: "alert", hidden: true, "data-testid": "follow-ups-problem" });
  #list = new FollowUpList({
    onTake: (followUp, button) => whileBusy(button, () => this.#take(followUp)),
    onOpen: (id, { byKeyboard }) => this.#open(id, byKeyboard),
    onMove: (id) => this.#follow(id),
    nothing: () => this.#nothing(),
    onShown: () => this.#mark(),
  });
  #panelPlace = h("div", { class: "follow-up-place" });
  #refresh = coalesce(async () => {
    if (!this.#isOver) {
      await this.#list.refresh();
    }
  }, REST_MILLISECONDS);

  constructor() {
    this.element = h(
      "div",
      { class: "follow-ups", "data-testid": "follow-ups-view" },
      h("h1", { class: "visually-hidden" }, TITLE), // outside the list, which an open follow-up covers on a phone
      h(
        "section",
        { class: "follow-ups-main", "aria-label": "List of follow-ups", tabindex: "-1" },
        h("nav", { class: "follow-up-tabs", "aria-label": "Which follow-ups" }, this.#tabs),
        this.#narrowed,
        this.#problem,
        this.#list.element,
      ),
      this.#panelPlace,
    );
  }

  start() {
    this.#endings.push(
      listen(followUpNews, "news", (/** @type {CustomEvent<News>} */ { detail }) => this.#hear(detail)),
      listen(followUpCounts, "change", () => this.#showCounts()),
      listen(live, "resync", () => this.#resync()),
      listen(document, "keydown", (/** @type {KeyboardEvent} */ event) => this.#press(event)),
    );
    this.element.toggleAttribute("data-open", openIn(location()) !== null);
    this.#showTabs();
    this.#showCounts();
    Promise.all([this.#know(), live.settled()]).then(() => {
      if (!this.#isOver) {
        this.#endings.push(onNavigate((address) => this.#go(address)));
        this.#go(location());
      }
    });
  }

  /** Reads the reader until it succeeds: without one there are no buttons, and "mine" is unknown. */
  async #know() {
    this.#reader = await readReader().catch(() => null);
    if (!this.#reader && !this.#isOver) {
      this.#retry = window.setTimeout(async () => {
        await this.#know();
        if (this.#reader && !this.#isOver && this.#asked !== null) {
          this.#go(location());
          this.#refresh();
        }
      }, RETRY_MILLISECONDS);
    }
  }

  close() {
    this.#isOver = true;
    this.#endings.forEach((end) => end());
    window.clearTimeout(this.#resting);
    window.clearTimeout(this.#retry);
    this.#panel?.close();
    this.#list.close();
  }

  /** @param {URLSearchParams} address */
  #go(address) {
    if (address.get("view") !== "follow-ups") {
      return;
    }
    this.#showTabs();
    this.#showPanel(openIn(address));
    const parameters = this.#parametersOf(address);
    const asked = JSON.stringify([listIn(address), parameters]);
    if (asked !== this.#asked) {
      this.#asked = asked;
      this.#problem.hidden = true;
      this.#list.ask(parameters);
    }
  }

  /**
   * @param {URLSearchParams} address
   * @returns {Parameters | null}
   */
  #parametersOf(address) {
    const narrow = { campaign: address.get("campaign"), advisor: address.get("advisor") };
    const me = this.#reader?.user_id ?? null;
    /** @type {Record<string, Parameters | null>} */
    const lists = {
      mine: me === null ? null : { assignee: me, state: "open,acknowledged" },
      all: { state: "open,acknowledged" },
      overdue: { overdue: true },
      done: { state: "resolved,dismissed" },
    };
    const list = lists[listIn(address)];
    return list && { ...list, ...narrow };
  }

  /** @param {News} news */
  #hear({ callId, followUp }) {
    if (followUp) {
      this.#list.put(followUp, identity()?.name ?? null);
    }
    if (this.#asked !== null) {
      this.#refresh();
    }
    if (this.#panel && this.#panel.callId === callId) {
      this.#panel.refresh();
    }
  }

  #resync() {
    if (this.#asked !== null) {
      // before that nothing was read, and nothing can be missed
      this.#refresh();
      this.#panel?.refresh();
    }
  }

  #showTabs() {
    const address = location();
    for (const tab of this.#tabs) {
      const name = tab.dataset.list ?? "";
      choose(tab, link({ list: name === "all" ? null : name, follow_up: null }), name === listIn(address));
    }
    const isNarrowed = address.has("campaign") || address.has("advisor");
    const all = h("a", { href: link({ campaign: null, advisor: null }), onClick: handOn() }, "Show all");
    const what = [address.has("advisor") ? "one advisor" : "", address.has("campaign") ? "one campaign" : ""];
    fill(this.#narrowed, `Only of ${what.filter(Boolean).join(" and ")}. `, all).hidden = !isNarrowed;
  }

  #showCounts() {
    const counts = followUpCounts.value;
    const overdue = this.#tabs.find(({ dataset }) => dataset.list === "overdue");
    const text = counts?.overdue ? `Overdue (${counts.overdue.toLocaleString()})` : "Overdue";
    if (overdue && overdue.textContent !== text) {
      overdue.textContent = text;
    }
    if (!this.#panel) {
      nameThis(counts?.open ? `${TITLE}, ${counts.open.toLocaleString()} open` : TITLE);
    }
  }

  #nothing() {
    const name = listIn(location());
    if (name === "mine" && !this.#reader) {
      return empty("Who you are could not be read", "It will be tried again in a moment.");
    }
    if (name === "mine" && (this.#reader?.user_id ?? null) === null) {
      const all = h("a", { class: "button", href: link({ list: null }), onClick: handOn() }, "Show everyone's");
      return empty("Nobody here knows which person you are", [
        "Your sign-in and the list of people have to have the same e-mail address. ",
        all,
      ]);
    }
    return empty(...LISTS[name].nothing);
  }

  #mark() {
    this.#list.mark(this.#panel?.id ?? null, this.#reader?.may_write ?? false);
  }

  /** @param {FollowUp} followUp */
  async #take(followUp) {
    const me = this.#reader?.user_id ?? null;
    this.#problem.hidden = true;
    try {
      const mine = me === null ? {} : { assignee_id: me };
      await changeFollowUp(followUp, { state: "acknowledged", ...mine });
      announce(`Taken: ${customerOf(followUp)}`);
    } catch (error) {
      fill(this.#problem, `${customerOf(followUp)}: ${messageOf(error)}`).hidden = false;
      if (error instanceof Refused) {
        this.#refresh();
      }
    }
  }

  /**
   * @param {number} id
   * @param {boolean} byKeyboard
   */
  #open(id, byKeyboard) {
    navigate({ follow_up: id });
    if (byKeyboard || isNarrow()) {
      this.#panel?.focus();
    }
    if (window.matchMedia("(max-height: 480px)").matches) {
      this.#panelPlace.scrollIntoView(); // the page scrolls on a phone, and the row was further down
    }
  }

  /**
   * Opens the follow-up that the arrow keys have moved to.
   * @param {number} id
   */
  #follow(id) {
    window.clearTimeout(this.#resting);
    if (this.#panel && !isNarrow()) {
      this.#resting = window.setTimeout(() => navigate({ follow_up: id }, { replace: true }), RESTING_MILLISECONDS);
    }
  }

  #close() {
    navigate({ follow_up: null });
    if (!this.#list.focus()) {
      this.#tabs.find((tab) => tab.hasAttribute("aria-current"))?.focus();
    }
  }

  /** @param {number | null} id */
  #showPanel(id) {
    if (id !== (this.#panel?.id ?? null)) {
      this.#panel?.close();
      this.#panel = id === null ? null : new FollowUpPanel(id, { onClose: () => this.#close(), onName: nameThis });
      fill(this.#panelPlace, this.#panel?.element);
      this.element.toggleAttribute("data-open", id !== null);
      this.#showCounts();
    }
    this.#mark();
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.key === "Escape" && this.#panel && !event.defaultPrevented && !closest(event, "select")) {
      event.preventDefault();
      this.#close();
    }
  }
}

/** @param {URLSearchParams} address */
function listIn(address) {
  const name = address.get("list") ?? "";
  return Object.hasOwn(LISTS, name) ? name : "all";
}

/** @param {URLSearchParams} address */
function openIn(address) {
  const id = address.get("follow_up") ?? "";
  return /^[1-9]\d{0,9}$/.test(id) ? Number(id) : null;
}

function isNarrow() {
  return window.matchMedia("(max-width: 900px)").matches;
}
