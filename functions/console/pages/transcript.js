// The transcript, updated during a call. A turn that stays keeps its element, with its selection and scroll position.

import { closest, fill, h, setHidden } from "./dom.js";
import { duration, time } from "./format.js";
import { markedText } from "./match.js";

/** @type {Record<string, string>} */
const SPEAKERS = { human: "Customer", assistant: "Assistant", tool: "Tool", tool_result: "Tool's answer" };
const SPOKEN = new Set(["human", "assistant"]);
const TOOL_CALL = /^([\w.-]+)\((.*)\)$/s;
/** A reader who is at most this far from the end is considered to be at the end. */
const NEAR_PIXELS = 60;

/** @typedef {{turn: Api.Turn, continues: boolean, element: HTMLElement}} Item a turn and its element */

/** The turns of one call, with stalls between them. */
export class TranscriptView {
  /** @type {Item[]} */
  #turns = [];
  /** @type {HTMLElement[]} */
  #marks = [];
  #unseen = 0;
  #canSeek = false;
  /** Whether a mailbox spoke, and not the customer. */
  #isMailbox = false;
  /** @type {Item | null} */
  #current = null;
  #scroller;
  #onSeek;
  #list = h("ol", { class: "turns" });
  #end = h("p", { class: "turns-end", hidden: true });
  #nothing = h("p", { class: "muted turns-none", "data-testid": "empty" });
  #more = h("button", {
    type: "button",
    class: "button button-primary new-turns",
    "data-testid": "new-turns",
    hidden: true,
    onClick: () => this.toEnd(),
  });

  /**
   * @param {HTMLElement} scroller the scrolling ancestor
   * @param {(seconds: number) => void} onSeek plays the recording from this position
   */
  constructor(scroller, onSeek) {
    this.#scroller = scroller;
    this.#onSeek = onSeek;
    this.element = h(
      "div",
      { class: "transcript" },
      h("div", { role: "log", "aria-label": "Transcript", "aria-live": "polite" }, this.#list),
      this.#nothing,
      this.#end,
      this.#more,
    );
    scroller.addEventListener("scroll", () => this.isAtEnd && this.#see());
  }

  /** Forgets all turns: the next ones are of another conversation. */
  reset() {
    this.#clear();
    this.#see();
  }

  /** Whether the last turn is visible. */
  get isAtEnd() {
    return this.#overhang() <= NEAR_PIXELS;
  }

  /**
   * @param {{turns: Api.Turn[]}} transcript
   * @param {{incidents: Api.Incident[], isLive: boolean, canSeek: boolean, isMailbox?: boolean}} call
   */
  show({ turns }, { incidents, isLive, canSeek, isMailbox = false }) {
    const added = Math.max(0, turns.length - this.#turns.length);
    const isFirst = this.#turns.length === 0;
    if (canSeek !== this.#canSeek || isMailbox !== this.#isMailbox) {
      this.#canSeek = canSeek;
      this.#isMailbox = isMailbox;
      this.#clear();
    }
    this.#write(turns);
    this.#place(incidents);
    fill(this.#nothing, isLive ? "Nothing has been said yet." : "Nothing was said in this call, or nobody sent it.");
    this.#nothing.hidden = turns.length > 0;
    fill(this.#end, isLive ? "The call goes on …" : "").hidden = !isLive || turns.length === 0;
    this.#unseen += isFirst ? 0 : added;
  }

  /**
   * Ends an update: scrolls to the end, or shows that there are new turns.
   * @param {boolean} follows whether the reader was at the end before
   */
  settle(follows) {
    if (follows) {
      this.toEnd();
    } else if (this.isAtEnd) {
      this.#see();
    } else {
      this.#offer();
    }
  }

  /** Scrolls to the last turn. */
  toEnd() {
    this.#see();
    this.#scroller.scrollTop += Math.max(0, this.#overhang());
  }

  /**
   * Marks the turn that is playing.
   * @param {number | null} seconds position in the recording; null for none
   * @param {boolean} follows whether to scroll to it
   */
  highlight(seconds, follows) {
    const item =
      seconds === null
        ? null
        : (this.#turns.findLast(({ turn }) => isSpoken(turn) && turn.seconds !== null && turn.seconds <= seconds) ??
          null);
    if (item === this.#current) {
      return;
    }
    this.#current?.element.removeAttribute("aria-current");
    this.#current = item;
    item?.element.setAttribute("aria-current", "true");
    if (follows) {
      item?.element.scrollIntoView({ block: "nearest" });
    }
  }

  /**
   * Goes to a turn, and marks the searched text in it.
   * @param {number | null} place index; null for none
   * @param {string} search
   * @param {boolean} focuses
   * @returns {Api.Turn | null} the turn, if it exists
   */
  find(place, search, focuses) {
    this.#turns.forEach(({ element, turn }) => {
      if (element.hasAttribute("data-found") && isSpoken(turn)) {
        fill(textOf(element), turn.text);
      }
      element.removeAttribute("data-found");
    });
    const item = place === null ? undefined : this.#turns[place];
    if (!item) {
      return null;
    }
    item.element.setAttribute("data-found", "");
    item.element.tabIndex = -1;
    if (isSpoken(item.turn)) {
      fill(textOf(item.element), markedText(item.turn.text, search));
    }
    item.element.scrollIntoView({ block: "center" });
    if (focuses) {
      item.element.focus({ preventScroll: true });
    }
    return item.turn;
  }

  /** Pixels from the bottom of the visible part to the bottom of the last turn. */
  #overhang() {
    const bottom = (this.#end.hidden ? this.#list : this.#end).getBoundingClientRect().bottom;
    return bottom - this.#scroller.getBoundingClientRect().bottom + 12;
  }

  #offer() {
    this.#more.hidden = this.#unseen === 0;
    this.#more.textContent = this.#unseen === 1 ? "1 new turn ↓" : `${this.#unseen} new turns ↓`;
  }

  #see() {
    this.#unseen = 0;
    setHidden(this.#more, true, this.#scroller);
  }

  #clear() {
    this.#turns.forEach(({ element }) => element.remove());
    this.#turns = [];
    this.#current = null;
  }

  /** @param {Api.Turn[]} turns */
  #write(turns) {
    this.#turns.splice(turns.length).forEach(({ element }) => element.remove());
    turns.forEach((turn, place) => {
      const shown = this.#turns[place];
      const continues = turns[place - 1]?.speaker === turn.speaker;
      if (!shown || !isSame(shown.turn, turn) || shown.continues !== continues) {
        this.#put(place, { turn, continues, element: this.#element(turn, continues) });
      }
    });
  }

  /**
   * @param {number} place
   * @param {Item} item
   */
  #put(place, item) {
    const shown = this.#turns[place];
    if (shown) {
      shown.element.replaceWith(item.element);
    } else {
      this.#list.append(item.element);
    }
    this.#turns[place] = item;
  }

  /**
   * Inserts each stall after the last turn that began before it, in order of time.
   * @param {Api.Incident[]} incidents
   */
  #place(incidents) {
    this.#marks.forEach((mark) => mark.remove());
    this.#marks = incidents.map(stallMark);
    incidents.forEach(({ occurred_at: at }, place) => {
      const before = this.#turns.findLast(({ turn }) => Date.parse(turn.at) <= Date.parse(at))?.element ?? null;
      const next = before ? before.nextElementSibling : this.#list.firstElementChild;
      this.#list.insertBefore(this.#marks[place], this.#afterMarks(next));
    });
  }

  /**
   * @param {Element | null} element
   * @returns {Element | null}
   */
  #afterMarks(element) {
    return element && this.#marks.some((mark) => mark === element)
      ? this.#afterMarks(element.nextElementSibling)
      : element;
  }

  /**
   * @param {Api.Turn} turn
   * @param {boolean} continues
   */
  #element(turn, continues) {
    const seconds = turn.seconds !== null && turn.seconds >= 0 ? turn.seconds : null;
    const canSeek = this.#canSeek && seconds !== null && isSpoken(turn);
    const properties = {
      class: "turn",
      "data-testid": "transcript-turn",
      "data-speaker": turn.speaker,
      "data-continues": continues,
      "data-seekable": canSeek,
    };
    return h(
      "li",
      { ...properties, onClick: (event) => canSeek && this.#seek(event, seconds) },
      h(
        "div",
        { class: "turn-head" },
        h("span", { class: "turn-speaker" }, this.#speakerOf(turn)),
        this.#time(turn, seconds, canSeek),
      ),
      isSpoken(turn) ? h("p", { class: "turn-text" }, turn.text) : toolText(turn),
    );
  }

  /** @param {Api.Turn} turn */
  #speakerOf({ speaker }) {
    return speaker === "human" && this.#isMailbox ? "Mailbox" : (SPEAKERS[speaker] ?? speaker);
  }

  /**
   * @param {Api.Turn} turn
   * @param {number | null} seconds
   * @param {boolean} canSeek
   */
  #time(turn, seconds, canSeek) {
    const shown = h(
      "time",
      { datetime: turn.at, title: exact(turn.at) },
      seconds === null ? time(turn.at) : duration(Math.floor(seconds)),
    );
    return canSeek && seconds !== null
      ? h(
          "button",
          { type: "button", class: "turn-time", "aria-label": `Play from ${duration(Math.floor(seconds))}` },
          shown,
        )
      : h("span", { class: "turn-time" }, shown);
  }

  /**
   * A click plays the turn, unless it ends a selection of text.
   * @param {MouseEvent} event
   * @param {number} seconds
   */
  #seek(event, seconds) {
    if (closest(event, "button") || !String(window.getSelection())) {
      this.#onSeek(seconds);
    }
  }
}

/** @param {Api.Incident} incident */
function stallMark({ kind, occurred_at: at }) {
  return h(
    "li",
    { class: "stall", "data-testid": "stall" },
    h(
      "span",
      { class: "badge badge-warn" },
      kind === "stall" ? "The assistant stalled" : kind,
      h("time", { datetime: at }, exact(at)),
    ),
  );
}

/** @param {Api.Turn} turn */
function toolText({ speaker, text }) {
  const [, name, given] = (speaker === "tool" && TOOL_CALL.exec(text)) || [];
  return name
    ? h("p", { class: "turn-text" }, h("code", { class: "tool-name" }, name), h("code", {}, given))
    : h("p", { class: "turn-text" }, h("code", {}, text));
}

/** @param {HTMLElement} element of a turn */
function textOf(element) {
  return /** @type {HTMLElement} */ (element.querySelector(".turn-text"));
}

/** @param {Api.Turn} turn */
function isSpoken({ speaker }) {
  return SPOKEN.has(speaker);
}

/**
 * @param {Api.Turn} one
 * @param {Api.Turn} other
 */
function isSame(one, other) {
  return (
    one.text === other.text && one.speaker === other.speaker && one.seconds === other.seconds && one.at === other.at
  );
}

/** @param {string} at */
function exact(at) {
  return new Date(at).toLocaleTimeString(undefined, { hour: "numeric", minute: "2-digit", second: "2-digit" });
}
