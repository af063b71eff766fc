// Reads changed calls again: events about many calls are combined into one request, with few requests a second.

import { LARGEST_PAGE } from "./constants.js";

/** Delay for the events of one report, which arrive together. */
const GATHER_MILLISECONDS = 50;
/** Pause between the end of a request and the begin of the next. */
const REST_MILLISECONDS = 300;
/** If more calls than this wait, the whole list is read again. */
const CROWD = 600;
const RETRY_MILLISECONDS = 3000;
const MOST_TRIES = 3;

/** Reads calls again, many in one request, and one request at a time. */
export class RefreshQueue {
  #read;
  #onCrowd;
  /**
   * Id of a waiting call -> how often reading it has failed.
   * @type {Map<number, number>}
   */
  #waiting = new Map();
  #isBusy = false;
  #isStopped = false;

  /**
   * @param {(ids: number[]) => Promise<void>} read reads LARGEST_PAGE calls at most; after an error it is
   *   retried a few times
   * @param {() => void} onCrowd reads the whole list instead
   */
  constructor(read, onCrowd) {
    this.#read = read;
    this.#onCrowd = onCrowd;
  }

  /** @param {number} id of a call that has changed */
  ask(id) {
    this.#put([id], 0);
  }

  /** Ends reading. */
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

  /** An event during a request may be newer than the answer, so its call waits for the next request. */
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
 * Runs one reading at a time; a request during a reading causes one more afterwards.
 * @param {() => Promise<void>} read
 * @param {number} restMilliseconds pause between the end of one and the begin of the next
 * @returns {() => void} requests a reading
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
