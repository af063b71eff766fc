// The form of a follow-up: assignee, cause, note, and the actions that its state allows. Input stays until it is saved,
// even if others change the follow-up or a request fails.

import { LONGEST_CAUSE, LONGEST_NOTE, TRANSITIONS } from "./constants.js";
import { announce, fill, h, setHidden } from "./dom.js";
import { messageOf } from "./errors.js";
import { changeFollowUp, Refused } from "./follow_up_changes.js";
import { keepDraft, readDraft } from "./follow_up_drafts.js";
import { ageOf, assigneeOf, deedOf, dueOf, isOverdue, reasonOf, stateOf } from "./follow_up_words.js";
import { dateTime } from "./format.js";
import { identity } from "./signin.js";

/** @import {Change} from "./follow_up_changes.js" */
/** @import {Choices} from "./follow_up_choices.js" */
/** @import {Draft} from "./follow_up_drafts.js" */

const TICK_MILLISECONDS = 30_000;
/** Next state -> the button for it, and the announcement afterwards. */
const DEEDS = /** @type {const} */ ([
  ["acknowledged", "Take it", "Taken"],
  ["resolved", "Resolve", "Resolved"],
  ["dismissed", "Dismiss", "Dismissed"],
  ["open", "Give back", "Open"],
]);
const STYLE_SHEET = "follow_up_form.css";

/** The form of one follow-up. */
export class FollowUpForm {
  /** @type {Api.FollowUpDetail} */
  #current;
  /** @type {Choices} */
  #choices = { me: null, people: new Map(), causes: [] };
  #onGone;
  /** The version that this form has written; a newer one is somebody else's. */
  #written = 0;
  #isBusy = false;
  #state = h("p", { class: "follow-up-state", tabindex: "-1", "data-testid": "follow-up-state" });
  #facts = h("p", { class: "muted", "data-testid": "follow-up-facts" });
  #news = h("p", { class: "notice", role: "status", hidden: true, "data-testid": "follow-up-news" });
  #problem = h("p", { class: "notice", role: "alert", hidden: true, "data-testid": "follow-up-problem" });
  #assignee = h("select", {
    class: "input",
    id: "follow-up-assignee",
    "data-testid": "follow-up-assignee",
    onChange: () => this.#keep(),
  });
  #cause = h("input", {
    class: "input",
    id: "follow-up-cause",
    "data-testid": "follow-up-cause",
    maxlength: LONGEST_CAUSE,
    autocomplete: "off",
    "aria-describedby": "follow-up-problem",
    onInput: () => this.#keep(),
  });
  #causes = h("div", { class: "follow-up-causes", role: "group", "aria-label": "Usual causes" });
  #note = h("textarea", {
    class: "input",
    id: "follow-up-note",
    "data-testid": "follow-up-note",
    rows: 3,
    maxlength: LONGEST_NOTE,
    onInput: () => this.#keep(),
  });
  #buttons = DEEDS.map(([to, title]) =>
    h(
      "button",
      { type: "button", class: "button", "data-testid": `follow-up-${to}`, onClick: () => this.#do(to) },
      title,
    ),
  );
  #save = h("button", { type: "submit", class: "button", "data-testid": "follow-up-save" }, "Save");
  #read = h("dl", { class: "facts" });
  #entries = h("ol", { class: "follow-up-entries", "data-testid": "follow-up-entries" });
  #ticking = window.setInterval(() => this.#tell(), TICK_MILLISECONDS);

  /**
   * @param {Api.FollowUpDetail} followUp
   * @param {object} options
   * @param {boolean} options.mayWrite without it there are no buttons
   * @param {() => void} options.onGone called when the follow-up no longer exists
   */
  constructor(followUp, { mayWrite, onGone }) {
    this.#current = followUp;
    this.#onGone = onGone;
    this.#problem.id = "follow-up-problem";
    loadStyleSheet();
    const form = h(
      "form",
      { class: "follow-up-fields", onSubmit: (event) => this.#submit(event) },
      h("div", { class: "field" }, h("label", { for: "follow-up-assignee" }, "Whose it is"), this.#assignee),
      h(
        "div",
        { class: "field" },
        h("label", { for: "follow-up-cause" }, "Why the customer was unhappy"),
        this.#cause,
        this.#causes,
      ),
      h("div", { class: "field" }, h("label", { for: "follow-up-note" }, "Note"), this.#note),
      h("div", { class: "follow-up-buttons" }, this.#buttons, this.#save),
    );
    this.element = h(
      "div",
      { class: "follow-up-form", "data-testid": "follow-up-form", "data-follow-up-form": followUp.id },
      this.#state,
      this.#facts,
      this.#news,
      this.#problem,
      mayWrite ? form : this.#read,
      h("h4", {}, "What happened"),
      this.#entries,
    );
    const draft = readDraft(this.#name);
    this.#note.value = draft.note;
    this.#write(followUp, draft);
  }

  /** Ends all listeners. */
  close() {
    window.clearInterval(this.#ticking);
  }

  /** Focuses the form. */
  focus() {
    this.#state.focus({ preventScroll: true });
  }

  /** @param {Choices} choices */
  offer(choices) {
    this.#choices = choices;
    this.#write(this.#current, this.#draft());
  }

  /** @param {Api.FollowUpDetail} followUp as read again */
  show(followUp) {
    if (followUp.version < this.#current.version) {
      return; // this reading began before the last write
    }
    const latest = followUp.entries[followUp.entries.length - 1];
    if (followUp.version > Math.max(this.#current.version, this.#written) && latest) {
      fill(this.#news, `${deedOf(latest, this.#people)}, just now.`).hidden = false;
    }
    this.#write(followUp, this.#draft());
  }

  get #name() {
    return String(this.#current.id);
  }

  get #people() {
    const { assignee_id: id, assignee_name: name } = this.#current;
    const people = new Map(this.#choices.people);
    if (id !== null && name) {
      people.set(id, name);
    }
    return people;
  }

  /** The fields that differ from the follow-up. */
  #draft() {
    const { assignee_id: id, cause } = this.#current;
    const [mine, why] = [this.#assignee.value, this.#cause.value.trim()];
    return {
      note: this.#note.value,
      cause: why === (cause ?? "") ? null : this.#cause.value,
      assignee: mine === String(id ?? "") ? null : mine,
    };
  }

  #keep() {
    this.#cause.setAttribute("aria-invalid", "false");
    keepDraft(this.#name, this.#draft());
    this.#press();
  }

  /**
   * @param {Api.FollowUpDetail} followUp
   * @param {Draft} draft
   */
  #write(followUp, draft) {
    this.#current = followUp;
    this.#tell();
    this.#drawPeople(draft.assignee ?? String(followUp.assignee_id ?? ""));
    this.#cause.value = draft.cause ?? followUp.cause ?? "";
    this.#drawCauses();
    this.#drawButtons();
    fill(
      this.#read,
      fact("Whose it is", assigneeOf(followUp)),
      fact("Cause", followUp.cause),
      fact("Note", followUp.note),
    );
    this.#drawEntries();
  }

  /** Updates what depends on the clock. */
  #tell() {
    const followUp = this.#current;
    const isLate = isOverdue(followUp);
    const look = isLate ? "badge-bad" : followUp.state === "resolved" ? "badge-good" : "badge-accent";
    fill(this.#state, h("span", { class: `badge ${look}` }, stateOf(followUp)), " ", h("span", {}, dueOf(followUp)));
    const age = `opened ${ageOf(followUp.opened_at)} ago`;
    const whose = assigneeOf(followUp);
    fill(this.#facts, [reasonOf(followUp), age, whose && `for ${whose}`].filter(Boolean).join(" · "));
  }

  /** @param {string} chosen */
  #drawPeople(chosen) {
    const { me } = this.#choices;
    const { assignee_id: id, assignee_name: name } = this.#current;
    const people = this.#people;
    if (id !== null && !people.has(id)) {
      people.set(id, assigneeOf(this.#current));
    }
    if (chosen && !people.has(Number(chosen))) {
      people.set(Number(chosen), `Person ${chosen}`); // a draft may name a person before the people are read
    }
    const others = [...people].filter(([one]) => one !== me).sort(([, one], [, other]) => one.localeCompare(other));
    const mine = me === null ? [] : [[String(me), `${people.get(me) ?? "Me"} (me)`]];
    const options = [
      ["", id === null && name ? `${name} (has no account)` : "Nobody"],
      ...mine,
      ...others.map(([one, called]) => [String(one), called]),
    ];
    const shown = [...this.#assignee.options].map(({ value, text }) => [value, text]);
    if (JSON.stringify(shown) !== JSON.stringify(options)) {
      fill(
        this.#assignee,
        options.map(([value, text]) => h("option", { value }, text)),
      );
    }
    this.#assignee.value = chosen;
  }

  #drawCauses() {
    const known = [...this.#causes.children].map(({ textContent }) => textContent);
    if (JSON.stringify(known) !== JSON.stringify(this.#choices.causes)) {
      fill(
        this.#causes,
        this.#choices.causes.map((cause) =>
          h("button", { type: "button", class: "button follow-up-choice", onClick: () => this.#choose(cause) }, cause),
        ),
      );
    }
    this.#press();
  }

  /** @param {string} cause */
  #choose(cause) {
    this.#cause.value = this.#cause.value === cause ? "" : cause;
    this.#keep();
  }

  /** Marks the suggestion that equals the cause in the field. */
  #press() {
    const cause = this.#cause.value.trim();
    for (const button of this.#causes.children) {
      button.setAttribute("aria-pressed", String(button.textContent === cause));
    }
  }

  #drawButtons() {
    const { state } = this.#current;
    const next = new Set(TRANSITIONS.filter(({ from }) => from === state).map(({ to }) => to));
    const usual = state === "open" ? "acknowledged" : "resolved";
    this.#buttons.forEach((button, place) => {
      const [to] = DEEDS[place];
      button.classList.toggle("button-primary", to === usual);
      setHidden(button, !next.has(to), this.#state);
      if (to === "open") {
        button.textContent = state === "acknowledged" ? "Give back" : "Open again";
      }
    });
  }

  #drawEntries() {
    const people = this.#people;
    fill(
      this.#entries,
      [...this.#current.entries]
        .reverse()
        .map((entry) =>
          h(
            "li",
            {},
            h("span", {}, deedOf(entry, people)),
            " ",
            h("time", { class: "muted small", datetime: entry.at }, dateTime(entry.at)),
            entry.note ? h("p", { class: "follow-up-said" }, entry.note) : null,
          ),
        ),
    );
  }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault();
    this.#do(null);
  }

  /** @param {string | null} to state; null: unchanged */
  async #do(to) {
    if (this.#isBusy) {
      return;
    }
    const change = this.#changeTo(to);
    if (to === "resolved" && !(change.cause ?? this.#cause.value.trim())) {
      this.#refuse("Say first why the customer was unhappy: choose a cause, or write one.", "cause");
      return;
    }
    if (Object.keys(change).length === 0) {
      this.#refuse("There is nothing to save yet.", null);
      return;
    }
    const sent = this.#draft();
    this.#setBusy(true);
    try {
      this.#accept(await changeFollowUp(this.#current, change), change, sent);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#setBusy(false);
    }
  }

  /**
   * @param {string | null} to
   * @returns {Change}
   */
  #changeTo(to) {
    const { note, cause, assignee } = this.#draft();
    const { me } = this.#choices;
    return {
      ...(to === null ? {} : { state: to }),
      ...(to === "acknowledged" && assignee === null && me !== null ? { assignee_id: me } : {}),
      ...(assignee === null ? {} : { assignee_id: assignee === "" ? null : Number(assignee) }),
      ...(cause === null ? {} : { cause: cause.trim() || null }),
      ...(note.trim() ? { note: note.trim() } : {}),
    };
  }

  /**
   * @param {Api.FollowUp} changed
   * @param {Change} change
   * @param {Draft} sent the input when it was sent; later input is still unsaved
   */
  #accept(changed, change, sent) {
    const typed = this.#draft();
    const left = {
      note: typed.note === sent.note ? "" : typed.note,
      cause: typed.cause === sent.cause ? null : typed.cause,
      assignee: typed.assignee === sent.assignee ? null : typed.assignee,
    };
    this.#written = changed.version;
    this.#problem.hidden = this.#news.hidden = true;
    this.#note.value = left.note;
    keepDraft(this.#name, left);
    if (changed.version > this.#current.version) {
      const by = change.state ? (identity()?.name ?? null) : this.#current.state_set_by;
      this.#write({ ...this.#current, ...changed, state_set_by: by }, left);
    }
    const [, , said] = DEEDS.find(([to]) => to === change.state) ?? [];
    announce(said ?? "Saved");
  }

  /** @param {unknown} error */
  #fail(error) {
    const { current = null, field = null, isGone = false } = error instanceof Refused ? error : {};
    if (current) {
      this.#written = current.version; // the message says what has changed
      this.#news.hidden = true;
      this.#write(current, this.#draft());
    }
    keepDraft(this.#name, this.#draft());
    this.#refuse(messageOf(error), field);
    if (isGone) {
      this.#onGone();
    }
  }

  /**
   * @param {string} message
   * @param {string | null} field
   */
  #refuse(message, field) {
    fill(this.#problem, message).hidden = false;
    const control = field === "cause" ? this.#cause : field === "assignee_id" ? this.#assignee : null;
    this.#cause.setAttribute("aria-invalid", String(field === "cause"));
    control?.focus();
  }

  /** @param {boolean} isBusy */
  #setBusy(isBusy) {
    this.#isBusy = isBusy;
    for (const button of [...this.#buttons, this.#save]) {
      if (isBusy) {
        button.setAttribute("aria-disabled", "true"); // unlike `disabled`, it keeps the focus
      } else {
        button.removeAttribute("aria-disabled");
      }
    }
  }
}

/**
 * @param {string} name
 * @param {string | null} value
 */
function fact(name, value) {
  return value ? [h("dt", {}, name), h("dd", {}, value)] : null;
}

/** The form is part of two views, and each loads its style sheet. */
function loadStyleSheet() {
  const { href } = new URL(`./${STYLE_SHEET}`, import.meta.url);
  if (!document.querySelector(`link[href="${href}"]`)) {
    document.head.append(h("link", { rel: "stylesheet", href }));
  }
}
