// Reading again what has changed: much news about many calls is one request, and those are few in a second.

import { LARGEST_PAGE } from "./constants.js";

/** News of one report comes as several events at once. */
const GATHER_MILLISECONDS = 50;
/** Between the end of one request and the beginning of the next. */
const REST_MILLISECONDS = 300;
/** When more than this wait, the list as a whole is read again. */
const CROWD = 600;
const RETRY_MILLISECONDS = 3000;
const MOST_TRIES = 3;

/** Reads calls again, many by one request, and one request at a time. */
export class RefreshQueue {
  #read;
  #onCrowd;
  /**
   * Id of a call that waits -> how often reading it has failed.
   * @type {Map<number, number>}
   */
  #waiting = new Map();
  #isBusy = false;
  #isStopped = false;

  /**
   * @param {(ids: number[]) => Promise<void>} read reads LARGEST_PAGE calls at most; what it throws is tried
   *   again a few times
   * @param {() => void} onCrowd reads the whole list instead
   */
  constructor(read, onCrowd) {
    this.#read = read;
    this.#onCrowd = onCrowd;
  }

  /** @param {number} id of a call about which there is news */
  ask(id) {
    this.#put([id], 0);
  }

  /** Reads no more. */
  stop() {
    this.#isStopped = true;
    this.#waiting.clear();
  }

  /**
   * @param {number[]} ids
   * @param {number} tries
   */
  #put(ids, tries) {
    if (this.#isStopped) {
      return;
    }
    ids.forEach((id) => this.#waiting.set(id, tries));
    if (this.#waiting.size > CROWD) {
      this.#waiting.clear();
      this.#onCrowd();
    }
    if (!this.#isBusy) {
      this.#work();
    }
  }

  /** News that comes while calls are being read may be newer than what is read: it waits for the next request. */
  async #work() {
    this.#isBusy = true;
    await pause(GATHER_MILLISECONDS);
    while (this.#waiting.size > 0) {
      await this.#take([...this.#waiting].slice(0, LARGEST_PAGE));
      await pause(REST_MILLISECONDS);
    }
    this.#isBusy = false;
  }

  /** @param {[number, number][]} batch */
  async #take(batch) {
    const ids = batch.map(([id]) => id);
    const tries = Math.max(...batch.map(([, times]) => times));
    ids.forEach((id) => this.#waiting.delete(id));
    try {
      await this.#read(ids);
    } catch {
      if (tries < MOST_TRIES) {
        window.setTimeout(() => this.#put(ids, tries + 1), RETRY_MILLISECONDS * 2 ** tries);
      }
    }
  }
}

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise((resolve) => {
    window.setTimeout(resolve, milliseconds);
  });
}

/**
 * One reading that is asked for again and again: never twice at once, and the last asking is always answered.
 * @param {() => Promise<void>} read
 * @param {number} restMilliseconds between the end of one and the beginning of the next
 * @returns {() => void} asks
 */
export function coalesce(read, restMilliseconds) {
  let isBusy = false;
  let isAsked = false;
  return async function ask() {
    isAsked = true;
    if (isBusy) {
      return;
    }
    isBusy = true;
    while (isAsked) {
      isAsked = false;
      await read();
      await pause(restMilliseconds);
    }
    isBusy = false;
  };
}
