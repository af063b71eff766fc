// Reading again what has changed: much news about one call is one request, and of many calls a few are read at a time.

const AT_ONCE = 4;
/** When more than this wait, the list as a whole is read again. */
const CROWD = 60;
const RETRY_MILLISECONDS = 3000;
const MOST_TRIES = 3;

/** Reads calls again, each at most once at a time. */
export class RefreshQueue {
  #read;
  #onCrowd;
  /** @type {Map<number, number>} */
  #waiting = new Map();
  /** @type {Set<number>} */
  #reading = new Set();
  #isStopped = false;

  /**
   * @param {(id: number) => Promise<void>} read reads one call; what it throws is tried again a few times
   * @param {() => void} onCrowd reads the whole list instead
   */
  constructor(read, onCrowd) {
    this.#read = read;
    this.#onCrowd = onCrowd;
  }

  /** @param {number} id of a call about which there is news */
  ask(id) {
    this.#put(id, 0);
  }

  /** Reads no more. */
  stop() {
    this.#isStopped = true;
    this.#waiting.clear();
  }

  /**
   * @param {number} id
   * @param {number} tries
   */
  #put(id, tries) {
    if (this.#isStopped) {
      return;
    }
    this.#waiting.set(id, tries);
    if (this.#waiting.size > CROWD) {
      this.#waiting.clear();
      this.#onCrowd();
    }
    this.#next();
  }

  #next() {
    for (const [id, tries] of this.#waiting) {
      if (this.#reading.size >= AT_ONCE) {
        return;
      }
      // News that comes while a call is being read may be newer than what is read: it waits for its own turn.
      if (!this.#reading.has(id)) {
        this.#waiting.delete(id);
        this.#take(id, tries);
      }
    }
  }

  /**
   * @param {number} id
   * @param {number} tries
   */
  async #take(id, tries) {
    this.#reading.add(id);
    try {
      await this.#read(id);
    } catch {
      if (tries < MOST_TRIES) {
        window.setTimeout(() => this.#put(id, tries + 1), RETRY_MILLISECONDS * 2 ** tries);
      }
    }
    this.#reading.delete(id);
    this.#next();
  }
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
      await new Promise((resolve) => {
        window.setTimeout(resolve, restMilliseconds);
      });
    }
    isBusy = false;
  };
}
