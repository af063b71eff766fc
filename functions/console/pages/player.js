// Plays the recording. An audio element cannot send a token, so the API returns a presigned URL, which expires.

import { ApiError, get } from "./api.js";
import { fill, h, svg, whileBusy } from "./dom.js";
import { messageOf } from "./errors.js";
import { dateTime, duration } from "./format.js";

const ELSEWHERE = "The recording cannot be played here: it lies at a place that recordings are not played from.";
const LOST = "The recording is not there any more: it could not be copied while Vapi had it.";
const DELETED = "The recording is not there any more: it was deleted.";
const SPEEDS = [1, 1.25, 1.5, 2, 0.75];
const STEP_SECONDS = 5;
/** A URL with less remaining time is fetched again before it is played. */
const MARGIN_MILLISECONDS = 30_000;
const SHAPES = { play: "M7 4.5v15l12-7.5z", pause: "M6 4.5h4v15H6zM14 4.5h4v15h-4z" };

/** Controls of one call's recording; nothing is fetched before it is played. */
export class Player {
  #callId;
  #attempt;
  #length;
  #onTime;
  /** @type {number | null} */
  #expiresAt = null;
  #isFetched = false;
  #hasRetried = false;
  /** The position to begin at, while nothing is fetched. */
  #cued = 0;
  #audio = h("audio", { preload: "metadata" });
  #button = h("button", {
    type: "button",
    class: "button player-button",
    "data-testid": "play",
    onClick: () => this.#toggle(),
  });
  #range = h("input", {
    type: "range",
    class: "player-range",
    min: 0,
    step: 0.1,
    value: 0,
    "aria-label": "Place in the recording",
    onInput: () => this.seek(Number(this.#range.value), false),
  });
  #time = h("span", { class: "player-time" });
  #speed = h("button", { type: "button", class: "button button-quiet player-speed", onClick: () => this.#faster() });
  #problem = h("p", { class: "player-problem", role: "alert", "data-testid": "recording-problem", hidden: true });

  /**
   * @param {number} callId
   * @param {string | number | null} attempt the recording's attempt; null for the one that the call shows
   * @param {number | null} length of the call in seconds, until the recording's is known
   * @param {(seconds: number | null, plays: boolean) => void} onTime position in seconds, and whether it plays
   */
  constructor(callId, attempt, length, onTime) {
    this.#callId = callId;
    this.#attempt = attempt;
    this.#length = length ?? 0;
    this.#onTime = onTime;
    this.element = h(
      "div",
      { class: "player", role: "group", "aria-label": "Recording", "data-testid": "player" },
      this.#button,
      this.#range,
      this.#time,
      this.#speed,
      this.#problem,
      this.#audio,
    );
    for (const event of ["play", "pause", "ended", "timeupdate", "seeked", "loadedmetadata", "ratechange"]) {
      this.#audio.addEventListener(event, () => this.#draw());
    }
    this.#audio.addEventListener("error", () => this.#recover());
    this.#draw();
  }

  /**
   * @param {number} seconds
   * @param {boolean} [plays] whether it also begins to play
   */
  async seek(seconds, plays = true) {
    if (await this.#prepare()) {
      this.#audio.currentTime = seconds;
      this.#draw();
      await (plays ? this.#play() : null);
    }
  }

  /**
   * Sets the position without fetching or playing anything.
   * @param {number} seconds
   */
  cue(seconds) {
    if (this.#isFetched) {
      this.#audio.currentTime = seconds;
    }
    this.#cued = seconds;
    this.#draw();
  }

  /** Stops it. */
  close() {
    this.#audio.pause();
    this.#audio.removeAttribute("src");
  }

  async #toggle() {
    if (!this.#audio.paused) {
      this.#audio.pause();
    } else if (await this.#prepare()) {
      await this.#play();
    }
  }

  /** Makes sure that there is a valid URL; false if there is none. */
  async #prepare() {
    const isGood = this.#isFetched && !(this.#expiresAt && this.#expiresAt - Date.now() < MARGIN_MILLISECONDS);
    return isGood || whileBusy(this.#button, () => this.#fetch());
  }

  async #fetch() {
    const at = this.#audio.currentTime || this.#cued;
    try {
      const { url, expires_at: expiresAt } = await get(`calls/${this.#callId}/recording`, { attempt: this.#attempt });
      this.#expiresAt = expiresAt ? Date.parse(expiresAt) : null;
      this.#audio.src = url;
      this.#audio.currentTime = at;
      this.#audio.playbackRate = Number(this.#speed.value || 1);
      this.#isFetched = true;
      this.#say("");
    } catch (error) {
      this.#say(sentenceFor(error));
      this.#isFetched = false;
    }
    return this.#isFetched;
  }

  async #play() {
    try {
      await this.#audio.play();
      this.#hasRetried = false;
    } catch (error) {
      if (error instanceof DOMException && error.name === "NotAllowedError") {
        this.#say("The browser did not allow it to play: press Play once more.");
      }
    }
  }

  /** A URL may expire without notice: it is fetched once more. */
  async #recover() {
    if (!this.#audio.getAttribute("src")) {
      return;
    }
    this.#isFetched = false;
    if (this.#hasRetried) {
      this.#hasRetried = false;
      this.#say("The recording could not be loaded from where it is kept. Its link may have expired.");
    } else {
      this.#hasRetried = true;
      await ((await whileBusy(this.#button, () => this.#fetch())) ? this.#play() : null);
    }
  }

  #faster() {
    const now = SPEEDS.indexOf(this.#audio.playbackRate);
    this.#audio.playbackRate = SPEEDS[(now + 1) % SPEEDS.length];
  }

  #draw() {
    const { duration: length, paused, playbackRate } = this.#audio;
    const currentTime = this.#isFetched ? this.#audio.currentTime : this.#cued;
    const whole = Number.isFinite(length) ? length : this.#length;
    const name = paused ? "Play" : "Pause";
    if (this.#button.getAttribute("aria-label") !== name) {
      fill(
        this.#button,
        svg(
          "svg",
          { viewBox: "0 0 24 24", width: 16, height: 16, "aria-hidden": "true" },
          svg("path", { d: paused ? SHAPES.play : SHAPES.pause }),
        ),
      );
      this.#button.setAttribute("aria-label", name);
    }
    this.#range.max = String(whole || 1);
    this.#range.value = String(currentTime);
    this.#range.step = String(document.activeElement === this.#range ? STEP_SECONDS : 0.1);
    this.#range.setAttribute("aria-valuetext", `${duration(currentTime)} of ${duration(whole)}`);
    fill(this.#time, `${duration(Math.floor(currentTime))} / ${duration(whole)}`);
    fill(this.#speed, `${playbackRate}×`).value = String(playbackRate);
    this.#speed.setAttribute("aria-label", `Speed ${playbackRate}, change`);
    this.#onTime(this.#isFetched && (currentTime > 0 || !paused) ? currentTime : null, !paused);
  }

  /** @param {string} text */
  #say(text) {
    fill(this.#problem, text).hidden = !text;
  }
}

/**
 * The text that replaces a player.
 * @param {Pick<Api.CallDetail, "recording_elsewhere" | "recording_copy">} call without a playable recording
 * @returns {string} empty if it never had one
 */
export function whyNotPlayed({ recording_elsewhere: isElsewhere, recording_copy: copy }) {
  if (isElsewhere) {
    return ELSEWHERE;
  }
  if (copy === "missing") {
    return LOST;
  }
  return copy === "erased" ? DELETED : "";
}

/** @param {unknown} error */
function sentenceFor(error) {
  if (error instanceof ApiError && error.code === "recording_expired") {
    const [iso] = /\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)/.exec(error.message) ?? [];
    return iso
      ? `The recording can no longer be played: its link expired on ${dateTime(iso)}.`
      : "The recording can no longer be played: its link has expired.";
  }
  if (error instanceof ApiError && error.code === "recording_lost") {
    return LOST;
  }
  if (error instanceof ApiError && error.code === "recording_deleted") {
    return DELETED;
  }
  if (error instanceof ApiError && error.code === "recording_private") {
    return "The recording cannot be played here: it lies in Vapi's private storage.";
  }
  if (error instanceof ApiError && error.code === "recording_elsewhere") {
    return ELSEWHERE;
  }
  if (error instanceof ApiError && error.status === 404) {
    return "There is no recording of this call.";
  }
  return messageOf(error);
}
