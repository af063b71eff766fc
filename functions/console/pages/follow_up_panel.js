// One follow-up beside the list, or, on a phone, over it: its call's transcript and its form.

import { get } from "./api.js";
import { asAttempt } from "./call_attempts.js";
import { outcomeSection } from "./call_facts.js";
import { isLive } from "./call_order.js";
import { showScore } from "./call_row.js";
import { fill, h } from "./dom.js";
import { ApiError } from "./errors.js";
import { readChoices } from "./follow_up_choices.js";
import { FollowUpForm } from "./follow_up_form.js";
import { customerOf, dialLink } from "./follow_up_words.js";
import { phone } from "./format.js";
import { failure, loading } from "./placeholders.js";
import { Player, whyNotPlayed } from "./player.js";
import { readReader } from "./reader.js";
import { coalesce } from "./refresh_queue.js";
import { TranscriptView } from "./transcript.js";

/** @typedef {Api.FollowUpDetail} FollowUp */

const REST_MILLISECONDS = 1000;
const RETRY_MILLISECONDS = 5000;

/** The panel of one follow-up; another one gets another panel. */
export class FollowUpPanel {
  /** @type {FollowUp | null} */
  #followUp = null;
  /** @type {FollowUpForm | null} */
  #form = null;
  /** @type {Player | null} */
  #player = null;
  #mayWrite = false;
  #run = new AbortController();
  #retry = 0;
  #onName;
  #title = h("h2", { class: "panel-name", tabindex: "-1", id: "panel-name" }, "Follow-up");
  #score = h("span", { class: "score" });
  #dial = h("a", {
    class: "button button-primary follow-up-dial",
    "data-testid": "follow-up-panel-dial",
    hidden: true,
  });
  #subtitle = h("p", { class: "panel-subtitle" });
  #openCall = h("a", { "data-testid": "follow-up-call" }, "Open the call");
  #stale = h("p", { class: "notice panel-stale", role: "status", hidden: true });
  #formPlace = h("section", { class: "panel-section follow-up-side", "aria-label": "What becomes of it" });
  #words = h("div", { class: "follow-up-words" });
  #body = h("div", { class: "panel-body follow-up-body", tabindex: "0", role: "region", "aria-label": "Follow-up" });
  #transcript = new TranscriptView(this.#body, (seconds) => this.#player?.seek(seconds));

  /**
   * @param {number} id
   * @param {{onClose: () => void, onName: (name: string) => void}} handlers
   */
  constructor(id, { onClose, onName }) {
    this.id = id;
    this.#onName = onName;
    this.refresh = coalesce(() => this.#read(), REST_MILLISECONDS);
    const close = h(
      "button",
      {
        type: "button",
        class: "button button-quiet panel-close",
        "aria-label": "Close the follow-up",
        title: "Close (Esc)",
        "data-testid": "panel-close",
        onClick: onClose,
      },
      "✕",
    );
    this.element = h(
      "aside",
      {
        class: "call-panel",
        "data-testid": "follow-up-panel",
        "data-follow-up-panel": id,
        "aria-labelledby": "panel-name",
      },
      h("header", { class: "panel-head" }, h("div", { class: "panel-title" }, this.#title, this.#score), close),
      fill(this.#body, loading("Loading the follow-up …")),
    );
    this.refresh();
  }

  /** The id of its call, once it is known. */
  get callId() {
    return this.#followUp?.call_id ?? null;
  }

  /** Focuses the panel's title. */
  focus() {
    this.#title.focus({ preventScroll: true });
  }

  /** Ends all requests. */
  close() {
    this.#run.abort();
    this.#form?.close();
    this.#player?.close();
    window.clearTimeout(this.#retry);
  }

  async #read() {
    const { signal } = this.#run;
    window.clearTimeout(this.#retry);
    if (signal.aborted) {
      return;
    }
    try {
      const [followUp, reader] = await Promise.all([
        get(`follow-ups/${this.id}`, {}, { signal }),
        readReader().catch(() => null),
      ]);
      signal.throwIfAborted();
      this.#show(followUp, reader?.may_write ?? this.#mayWrite);
      if (!reader) {
        this.#retry = window.setTimeout(() => this.refresh(), RETRY_MILLISECONDS); // there are no buttons without it
      }
    } catch (error) {
      if (!signal.aborted) {
        this.#fail(error);
      }
    }
  }

  /**
   * Keeps the last reading and all input, and says that the reading may be outdated.
   * @param {unknown} error
   */
  #fail(error) {
    const isGone = error instanceof ApiError && error.status === 404;
    if (isGone && this.#followUp) {
      fill(this.#stale, "It is gone: a corrected report of the call does not ask for a follow-up any more.").hidden =
        false;
    } else if (!this.#followUp) {
      const text = "There is no such follow-up any more, or it is not one of your organization's.";
      const shown = isGone ? new ApiError(404, error.code, text) : error;
      fill(this.#body, failure(shown, isGone ? undefined : () => this.refresh()));
    } else {
      fill(this.#stale, "This could not be read again just now and may be old.").hidden = false;
      this.#retry = window.setTimeout(() => this.refresh(), RETRY_MILLISECONDS);
    }
  }

  /**
   * @param {FollowUp} followUp
   * @param {boolean} mayWrite
   */
  #show(followUp, mayWrite) {
    const isFirst = this.#followUp === null;
    const isAsBefore = this.#mayWrite === mayWrite;
    this.#followUp = followUp;
    this.#mayWrite = mayWrite;
    this.#stale.hidden = true;
    const name = customerOf(followUp);
    fill(this.#title, name);
    this.#onName(name);
    showScore(this.#score, followUp.nps_score);
    const { vehicle, advisor_name: advisor, campaign_name: campaign } = followUp;
    fill(this.#subtitle, [vehicle, advisor, campaign].filter(Boolean).join(" · "));
    const address = dialLink(followUp.phone);
    this.#dial.hidden = address === null;
    this.#dial.setAttribute("href", address ?? "");
    fill(this.#dial, `Call ${phone(followUp.phone)}`);
    this.#openCall.setAttribute("href", `?view=calls&call=${followUp.call_id}`);
    if (isFirst) {
      fill(
        this.#body,
        this.#stale,
        h(
          "div",
          { class: "panel-section panel-top" },
          this.#subtitle,
          h("div", { class: "follow-up-way" }, this.#dial),
        ),
        h("div", { class: "follow-up-columns" }, this.#formPlace, this.#words),
      );
      this.#make(followUp);
      this.#readWords(followUp.call_id);
    } else if (isAsBefore) {
      this.#form?.show(followUp);
    } else {
      this.#form?.close();
      this.#make(followUp);
    }
  }

  /** @param {FollowUp} followUp */
  #make(followUp) {
    const form = new FollowUpForm(followUp, { mayWrite: this.#mayWrite, onGone: () => this.refresh() });
    this.#form = form;
    fill(this.#formPlace, h("h3", {}, "Follow-up"), form.element);
    readChoices().then((choices) => this.#form === form && !this.#run.signal.aborted && form.offer(choices));
  }

  /** @param {number} callId */
  async #readWords(callId) {
    const { signal } = this.#run;
    fill(this.#words, loading("Loading what was said …"));
    try {
      const [call, transcript] = await Promise.all([
        get(`calls/${callId}`, {}, { signal }),
        get(`calls/${callId}/transcript`, {}, { signal }),
      ]);
      signal.throwIfAborted();
      this.#showWords(call, transcript);
    } catch (error) {
      if (!signal.aborted) {
        fill(
          this.#words,
          failure(error, () => this.#readWords(callId)),
        );
      }
    }
  }

  /**
   * @param {Api.CallDetail} call
   * @param {Api.Transcript} transcript
   */
  #showWords(call, transcript) {
    const seen = asAttempt(call, null);
    const problem = whyNotPlayed(seen);
    this.#player = seen.has_recording
      ? new Player(call.id, null, seen.duration_seconds, (seconds, plays) => this.#transcript.highlight(seconds, plays))
      : null;
    fill(
      this.#words,
      outcomeSection(seen),
      h(
        "section",
        { class: "panel-section panel-words", "aria-labelledby": "call-words-title" },
        h("h3", { id: "call-words-title" }, "Conversation"),
        h("p", { class: "follow-up-way" }, this.#openCall),
        this.#player?.element,
        this.#player || !problem ? null : h("p", { class: "player-problem" }, problem),
        this.#transcript.element,
      ),
    );
    this.#transcript.show(transcript, {
      incidents: seen.incidents,
      isLive: isLive(seen),
      canSeek: seen.has_recording,
      isMailbox: seen.outcome === "voicemail",
    });
    this.#transcript.settle(false);
  }
}
