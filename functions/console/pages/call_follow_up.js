// The follow-up of a call on the call's panel: its form, or a button to open one.

import { get } from "./api.js";
import { section } from "./call_facts.js";
import { announce, fill, h, listen, whileBusy } from "./dom.js";
import { messageOf } from "./errors.js";
import { openFollowUp, Refused } from "./follow_up_changes.js";
import { keepDraft, NOTHING, readDraft } from "./follow_up_drafts.js";
import { followUpNews } from "./follow_up_news.js";
import { dueOf, stateOf } from "./follow_up_words.js";
import { live } from "./live.js";
import { failure } from "./placeholders.js";
import { readReader } from "./reader.js";
import { coalesce } from "./refresh_queue.js";

/** @import {Draft} from "./follow_up_drafts.js" */
/** @import {FollowUpForm} from "./follow_up_form.js" */
/** @import {News} from "./follow_up_news.js" */

const REST_MILLISECONDS = 1000;

/** The section of one call. */
export class CallFollowUp {
  #callId;
  #mayWrite = false;
  /** @type {FollowUpForm | null} */
  #form = null;
  /** @type {Api.FollowUpDetail | null} */
  #followUp = null;
  /** The unsaved text for a follow-up that a report has withdrawn; the next follow-up gets it. */
  #left = NOTHING;
  #isOver = false;
  #summary = h("summary", { "data-testid": "call-follow-up-state" });
  #formPlace = h("div", {});
  #details = h("details", { class: "call-follow-up", onToggle: () => this.#details.open && this.#loadForm() });
  #place = h("div", {});
  #problem = h("p", { class: "notice", role: "alert", hidden: true, "data-testid": "call-follow-up-problem" });
  #open = h(
    "button",
    {
      type: "button",
      class: "button",
      "data-testid": "follow-up-new",
      onClick: () => whileBusy(this.#open, () => this.#make()),
    },
    "Open a follow-up",
  );
  #refresh = coalesce(() => this.#read(), REST_MILLISECONDS);
  #hasRead = false;
  /** @type {(() => void)[]} */
  #endings;

  /** @param {number} callId */
  constructor(callId) {
    this.#callId = callId;
    this.element = section("follow-up", "Follow-up", this.#problem, this.#place);
    this.element.dataset.testid = "call-follow-up";
    this.#endings = [
      listen(followUpNews, "news", (/** @type {CustomEvent<News>} */ { detail }) => {
        if (detail.callId === callId) {
          this.#refresh();
        }
      }),
      listen(live, "resync", () => this.#hasRead && this.#refresh()), // before that nothing can be missed
    ];
    this.#refresh();
  }

  /** Ends all requests and listeners. */
  close() {
    this.#isOver = true;
    this.#endings.forEach((end) => end());
    this.#form?.close();
  }

  async #read() {
    if (this.#isOver) {
      return;
    }
    this.#hasRead = true;
    try {
      const [{ items }, reader] = await Promise.all([
        get("follow-ups", { call: this.#callId, limit: 1 }),
        readReader().catch(() => null),
      ]);
      const followUp = items.length ? await get(`follow-ups/${items[0].id}`) : null;
      if (!this.#isOver) {
        this.#mayWrite = reader?.may_write ?? this.#mayWrite;
        this.#show(followUp);
      }
    } catch (error) {
      if (!this.#isOver && !this.#followUp) {
        fill(
          this.#place,
          failure(error, () => this.#refresh()),
        );
      }
    }
  }

  /** @param {Api.FollowUpDetail | null} followUp */
  #show(followUp) {
    const before = this.#followUp;
    this.#followUp = followUp;
    if (before && before.id !== followUp?.id) {
      this.#left = readDraft(String(before.id));
      keepDraft(String(before.id), NOTHING);
    }
    if (followUp && isSaying(this.#left)) {
      keepDraft(String(followUp.id), this.#left);
      this.#left = NOTHING;
    }
    if (followUp) {
      fill(this.#summary, `${stateOf(followUp)} · ${dueOf(followUp)}`);
    }
    if (followUp && followUp.id === before?.id) {
      this.#form?.show(followUp);
    } else if (followUp) {
      this.#replace(followUp);
    } else if (before || !this.#place.contains(this.#open)) {
      this.#offer();
    }
  }

  /** @param {Api.FollowUpDetail} followUp */
  #replace({ id }) {
    const hadFocus = this.#place.contains(document.activeElement);
    const inbox = h("a", { href: `?view=follow-ups&follow_up=${id}` }, "Show it in the inbox");
    this.#endForm();
    fill(this.#details, this.#summary, this.#formPlace, h("p", { class: "follow-up-way" }, inbox));
    fill(this.#place, this.#details);
    if (hadFocus) {
      this.#summary.focus({ preventScroll: true });
      this.#details.open = true;
    }
    if (this.#details.open) {
      this.#loadForm();
    }
  }

  /** The form is loaded only when it is opened. */
  async #loadForm() {
    const wanted = this.#followUp;
    if (!wanted || this.#form) {
      return;
    }
    try {
      const [{ FollowUpForm: Form }, { readChoices }] = await Promise.all([
        import("./follow_up_form.js"),
        import("./follow_up_choices.js"),
      ]);
      if (this.#isOver || this.#form || this.#followUp?.id !== wanted.id) {
        return;
      }
      const form = new Form(this.#followUp, { mayWrite: this.#mayWrite, onGone: () => this.#refresh() });
      this.#form = form;
      fill(this.#formPlace, form.element);
      const choices = await readChoices();
      if (this.#form === form) {
        form.offer(choices);
      }
    } catch (error) {
      fill(
        this.#formPlace,
        failure(error, () => this.#loadForm()),
      );
    }
  }

  #endForm() {
    this.#form?.close();
    this.#form = null;
    fill(this.#formPlace);
  }

  /** Shows the button to open a follow-up. */
  #offer() {
    const hadFocus = this.#place.contains(document.activeElement);
    this.#endForm();
    const kept = isSaying(this.#left) ? "What you wrote is kept for the next follow-up. " : "";
    const text = h("span", { class: "muted", tabindex: "-1" }, `Nobody is to call back about this call. ${kept}`);
    fill(this.#place, text, this.#mayWrite ? this.#open : null);
    if (hadFocus) {
      text.focus({ preventScroll: true });
    }
  }

  async #make() {
    this.#problem.hidden = true;
    try {
      await openFollowUp(this.#callId, "");
      announce("The follow-up is open");
    } catch (error) {
      fill(this.#problem, messageOf(error)).hidden = false;
      if (error instanceof Refused && error.current) {
        this.#show(error.current);
      }
    }
  }
}

/** @param {Draft} draft */
function isSaying({ note, cause, assignee }) {
  return Boolean(note) || cause !== null || assignee !== null;
}
