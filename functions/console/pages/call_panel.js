// One call, beside the list or, on a phone, over it: transcript, results and subject.

import { ApiError, get } from "./api.js";
import { asAttempt, attemptChoice, attemptOf, keyOf } from "./call_attempts.js";
import { outcomeSection, supportSection, serviceRecordSection } from "./call_facts.js";
import { isLive } from "./call_order.js";
import { qualitySection } from "./call_quality.js";
import { durationOf, nameOf, showScore, showStatus } from "./call_row.js";
import { stageItems } from "./call_stages.js";
import { announce, fill, h, svg } from "./dom.js";
import { dateTime, phone, words } from "./format.js";
import { Player, whyNotPlayed } from "./player.js";
import { coalesce } from "./refresh_queue.js";
import { failure, loading } from "./placeholders.js";
import { TranscriptView } from "./transcript.js";

/** @import {SeenCall} from "./call_attempts.js" */
/** @import {Child} from "./dom.js" */

/** Minimum time between two readings of a call, however many events come. */
const REST_MILLISECONDS = 120;
const RETRY_MILLISECONDS = 5000;
const TICK_MILLISECONDS = 1000;
/** A heading and a line of text. */
const FOLLOW_UP_PIXELS = 88;
const DIALLABLE = /^\+?[0-9 ().-]{3,20}$/;

/** The panel of one call; another call gets another panel. */
export class CallPanel {
  /** @type {Api.CallDetail | null} */
  #call = null;
  /**
   * The call as the chosen attempt.
   * @type {SeenCall | null}
   */
  #seen = null;
  /**
   * Key of the attempt that the reader chose; null for the one that the call shows.
   * @type {string | number | null}
   */
  #chosen = null;
  /** @type {Player | null} */
  #player = null;
  /**
   * Index of the turn to go to, and the text that was searched for.
   * @type {number | null}
   */
  #turn = null;
  #search = "";
  /** Whether that turn gets the focus once it is there. */
  #focuses = false;
  #run = new AbortController();
  #endFollowUp = () => {};
  #retry = 0;
  #title = h("h2", { class: "panel-name", tabindex: "-1", id: "panel-name" }, "Call");
  #status = h("span", { class: "status", "data-testid": "call-status" });
  #badges = h("div", { class: "panel-badges" });
  #subtitle = h("p", { class: "panel-subtitle" });
  #attempts = attemptChoice((key) => this.#choose(key));
  #stages = h("ol", { class: "stages", "aria-label": "Stages of the call", "data-testid": "stages" });
  #playerPlace = h("div", { class: "player-place" });
  #outcome = h("div", {});
  /** It has the height of the final content, so that nothing below it moves. */
  #followUp = h("div", { style: { "min-height": `${FOLLOW_UP_PIXELS}px` } });
  #serviceRecord = h("div", {});
  #quality = h("div", {});
  #support = supportSection();
  #stale = h("p", { class: "notice panel-stale", role: "status", hidden: true });
  #body = h("div", { class: "panel-body", tabindex: "0", role: "region", "aria-label": "Call" });
  #transcript = new TranscriptView(this.#body, (seconds) => this.#player?.seek(seconds));
  #content;
  #onName;
  #ticking = window.setInterval(() => this.#tick(), TICK_MILLISECONDS);

  /**
   * @param {number} id
   * @param {{onClose: () => void, onName: (name: string) => void}} handlers onName gets the call's title
   */
  constructor(id, { onClose, onName }) {
    this.id = id;
    this.#onName = onName;
    this.refresh = coalesce(() => this.#read(), REST_MILLISECONDS);
    this.#content = [
      this.#stale,
      h("div", { class: "panel-section panel-top" }, this.#subtitle, this.#attempts.element, this.#stages),
      this.#playerPlace,
      this.#outcome,
      this.#followUp,
      h(
        "section",
        { class: "panel-section panel-words", "aria-labelledby": "call-words-title" },
        h("h3", { id: "call-words-title" }, "Conversation"),
        this.#transcript.element,
      ),
      this.#serviceRecord,
      this.#quality,
      this.#support.element,
    ];
    this.element = h(
      "aside",
      { class: "call-panel", "data-testid": "call-panel", "data-call": id, "aria-labelledby": "panel-name" },
      h(
        "header",
        { class: "panel-head" },
        h("div", { class: "panel-title" }, this.#title, this.#badges),
        closeButton(onClose),
      ),
      fill(this.#body, loading("Loading the call …")),
    );
    this.refresh();
  }

  /** Focuses the panel's title. */
  focus() {
    this.#title.focus({ preventScroll: true });
  }

  /**
   * Goes to a turn, once it is there.
   * @param {number | null} turn its index; null for none
   * @param {string} search text to mark in it
   */
  lookFor(turn, search) {
    const isSame = turn === this.#turn && search === this.#search;
    this.#turn = turn;
    this.#search = search;
    if (!isSame && this.#call) {
      this.#showTurn();
    }
  }

  /** Focuses the turn to go to. */
  focusTurn() {
    this.#focuses = true;
    if (this.#call) {
      this.#showTurn();
    } else {
      this.focus();
    }
  }

  #showTurn() {
    const turn = this.#transcript.find(this.#turn, this.#search, this.#focuses);
    this.#focuses = this.#focuses && !turn;
    if (turn?.seconds) {
      this.#player?.cue(turn.seconds);
    }
  }

  /** Ends all requests. */
  close() {
    this.#endFollowUp();
    this.#run.abort();
    this.#player?.close();
    window.clearInterval(this.#ticking);
    window.clearTimeout(this.#retry);
  }

  async #read() {
    const { signal } = this.#run;
    const chosen = this.#chosen;
    window.clearTimeout(this.#retry);
    try {
      const [call, transcript] = await Promise.all([
        get(`calls/${this.id}`, {}, { signal }),
        get(`calls/${this.id}/transcript`, { attempt: chosen }, { signal }),
      ]);
      signal.throwIfAborted();
      if (chosen === this.#chosen) {
        // otherwise a turn of another attempt comes next
        this.#show(call, transcript);
      }
    } catch (error) {
      if (!signal.aborted && chosen === this.#chosen) {
        this.#fail(error);
      }
    }
  }

  /** @param {string | number | null} key */
  #choose(key) {
    this.#chosen = key;
    if (this.#call) {
      this.#attempts.show(this.#call, key);
    }
    this.refresh();
  }

  /**
   * Keeps the last reading, and says that it may be outdated.
   * @param {unknown} error
   */
  #fail(error) {
    if (error instanceof ApiError && error.code === "attempt_not_found") {
      this.#chosen = null;
      this.refresh();
      return;
    }
    const isGone = error instanceof ApiError && error.status === 404;
    if (!this.#call || isGone) {
      fill(
        this.#body,
        failure(
          isGone
            ? new ApiError(404, error.code, "There is no such call, or it is not one of your organization's.")
            : error,
          isGone ? undefined : () => this.refresh(),
        ),
      );
      return;
    }
    fill(this.#stale, "This could not be read again just now and may be old.").hidden = false;
    this.#retry = window.setTimeout(() => this.refresh(), RETRY_MILLISECONDS);
  }

  /**
   * @param {Api.CallDetail} call
   * @param {Api.Transcript} transcript
   */
  #show(call, transcript) {
    const before = this.#call;
    const seen = asAttempt(call, this.#chosen);
    const same = isOfOne(this.#seen, seen) ? this.#seen : null;
    const follows = same ? this.#transcript.isAtEnd && isLive(same) : isLive(seen);
    const place = same && !follows ? this.#place() : null;
    if (!before) {
      fill(this.#body, this.#content);
      this.#loadFollowUp();
    } else if (!same) {
      this.#leave();
    }
    this.#call = call;
    this.#seen = seen;
    this.#stale.hidden = true;
    this.#write(call, seen);
    this.#transcript.show(transcript, {
      incidents: seen.incidents,
      isLive: isLive(seen),
      canSeek: seen.has_recording,
      isMailbox: seen.outcome === "voicemail",
    });
    this.#return(place);
    this.#transcript.settle(follows && this.#turn === null);
    if (!before && this.#turn !== null) {
      this.#showTurn();
    }
    this.#tell(before, call);
  }

  /** The follow-up's code is loaded after the call, which does not need it. */
  async #loadFollowUp() {
    const module = await import("./call_follow_up.js").catch(() => null);
    if (module && !this.#run.signal.aborted) {
      const followUp = new module.CallFollowUp(this.id);
      this.#endFollowUp = () => followUp.close();
      const place = this.#place(); // visible content must not move
      fill(this.#followUp, followUp.element);
      this.#return(place);
    }
  }

  /** Clears transcript and player, which belonged to another attempt. */
  #leave() {
    this.#player?.close();
    this.#player = null;
    fill(this.#playerPlace);
    this.#transcript.reset();
  }

  /**
   * @param {Api.CallDetail} call
   * @param {SeenCall} seen
   */
  #write(call, seen) {
    fill(this.#title, nameOf(call));
    this.#onName(call.nps_score === null ? nameOf(call) : `${nameOf(call)}, ${call.nps_score} of 10`);
    showStatus(this.#status, seen);
    this.#status.hidden = seen.outcome !== null && !isLive(seen); // the outcome says that it has ended
    fill(this.#badges, this.#status, badges(seen));
    fill(this.#subtitle, subtitle(seen));
    this.#attempts.show(call, this.#chosen);
    fill(this.#stages, stageItems(seen));
    this.#showPlayer(seen);
    fill(this.#outcome, outcomeSection(seen));
    fill(this.#serviceRecord, serviceRecordSection(seen));
    fill(this.#quality, qualitySection(seen));
    this.#support.show(call, seen);
  }

  /** @param {SeenCall} seen */
  #showPlayer(seen) {
    if (seen.has_recording && !this.#player) {
      this.#player = new Player(this.id, this.#chosen, seen.duration_seconds, (seconds, plays) =>
        this.#transcript.highlight(seconds, plays),
      );
      fill(this.#playerPlace, this.#player.element);
    } else if (!this.#player) {
      const problem = whyNotPlayed(seen);
      fill(
        this.#playerPlace,
        problem ? h("p", { class: "player-problem", "data-testid": "recording-problem" }, problem) : null,
      );
    }
  }

  /** The first visible element and its position, so that content added above does not move it. */
  #place() {
    const { top } = this.#body.getBoundingClientRect();
    const element = [...this.#body.querySelectorAll(".turn, .panel-section")].find(
      (part) => part.getBoundingClientRect().bottom > top + 1,
    );
    return element && this.#body.scrollTop > 0 ? { element, top: element.getBoundingClientRect().top } : null;
  }

  /** @param {{element: Element, top: number} | null} place */
  #return(place) {
    if (place?.element.isConnected) {
      this.#body.scrollTop += place.element.getBoundingClientRect().top - place.top;
    }
  }

  /**
   * @param {Api.CallDetail | null} before
   * @param {Api.CallDetail} call
   */
  #tell(before, call) {
    if (before && before.status !== call.status) {
      announce(`${nameOf(call)}: ${call.status}`);
    }
  }

  #tick() {
    const shown = this.#subtitle.querySelector(".panel-duration");
    if (shown && this.#seen && isLive(this.#seen)) {
      shown.textContent = durationOf(this.#seen);
    }
  }
}

/**
 * Whether two readings of a call are of the same attempt.
 * @param {SeenCall | null} one
 * @param {SeenCall} other
 */
function isOfOne(one, other) {
  return one !== null && (one.attempt && keyOf(one.attempt)) === (other.attempt && keyOf(other.attempt));
}

/** @param {SeenCall} call */
function badges(call) {
  const score = h("span", { class: "score" });
  showScore(score, call.nps_score);
  const attempt = attemptOf(call);
  return [
    attempt ? h("span", { class: "badge badge-accent", "data-testid": "call-attempt" }, attempt) : null,
    call.outcome ? h("span", { class: "badge", "data-testid": "call-outcome" }, words(call.outcome)) : null,
    call.nps_score === null ? null : score,
    call.incidents.length
      ? h(
          "span",
          { class: "badge badge-warn" },
          call.incidents.length === 1 ? "1 stall" : `${call.incidents.length} stalls`,
        )
      : null,
    call.demo ? h("span", { class: "badge" }, "Demo") : null,
  ];
}

/**
 * Number to call back, vehicle, service, advisor, time and duration in one line.
 * @param {SeenCall} call
 * @returns {Child[]}
 */
function subtitle(call) {
  const number = DIALLABLE.test(call.phone)
    ? h("a", { href: `tel:${call.phone.replace(/[^+0-9]/g, "")}` }, phone(call.phone))
    : call.phone;
  const at = call.start_time ?? call.end_time;
  const length = durationOf(call);
  const parts = [
    number,
    call.vehicle,
    call.service,
    call.advisor_name,
    at && dateTime(at),
    length && h("span", { class: "panel-duration" }, length),
  ];
  return parts
    .filter(Boolean)
    .map((part, place) => [
      place ? [" ", h("span", { class: "dot", "aria-hidden": "true" }, "·"), " "] : null,
      h("span", {}, part),
    ]);
}

/** @param {() => void} onClose */
function closeButton(onClose) {
  return h(
    "button",
    {
      type: "button",
      class: "button button-quiet panel-close",
      "aria-label": "Close the call",
      title: "Close (Esc)",
      "data-testid": "panel-close",
      onClick: onClose,
    },
    svg(
      "svg",
      { viewBox: "0 0 24 24", width: 18, height: 18, "aria-hidden": "true" },
      svg("path", {
        d: "M5 5l14 14M19 5L5 19",
        fill: "none",
        stroke: "currentColor",
        "stroke-width": 2,
        "stroke-linecap": "round",
      }),
    ),
  );
}
