// The calls that the list has: read in pages, kept true by news, in order.

import { get } from "./api.js";
import { matches, parametersOf } from "./call_filters.js";
import { began, compare, isLive, isToCome, LIVE_STATUSES, placeOf, REST } from "./call_order.js";
import { boundaryOf, CURRENT_MILLISECONDS, isCrowded, readCalls } from "./call_pages.js";
import { RefreshQueue, coalesce } from "./refresh_queue.js";

/** @import {Parameters} from "./api.js" */
/** @import {Filters} from "./call_filters.js" */
/** @import {Position} from "./call_order.js" */

const FIRST_PAGE = 60;
const PAGE = 200;
/** How long a call stays, marked, when it has ceased to match the filters. */
const LEAVING_MILLISECONDS = 5000;
/** Between two readings of the whole list, however much news there is. */
const CROWD_REST_MILLISECONDS = 1000;
const SORTING_MILLISECONDS = 10_000;
const COUNTING_REST_MILLISECONDS = 2000;
/** Of a longer list, only the top and what is in sight is read again. */
const MOST_READ_AGAIN = 400;
/** Rows that are read again around what is in sight. */
const IN_SIGHT = 100;
/** News that does not change a row of the list. */
const UNSEEN = new Set(["TranscriptUpdated", "CallStalled"]);

/**
 * @typedef {object} Entry
 * @property {Api.Call} call
 * @property {boolean} leaving it no longer matches the filters
 */

/** @typedef {{calls: Api.Call[], cursor: string | null, boundary: Position | null}} Reading */

/** Tells of every change by the event "change". */
export class CallStore extends EventTarget {
  /** @type {Entry[]} in order */
  entries = [];
  /** @type {"loading"|"ready"|"failed"} */
  state = "loading";
  /** @type {unknown} */
  error = null;
  /**
   * When the list was read.
   * @type {Date | null}
   */
  readAt = null;
  /**
   * How many calls match, and how many more are still to come; null as long as nobody has counted.
   * @type {Api.CallCount | null}
   */
  total = null;
  /** @type {Api.CallCount | null} */
  toCome = null;
  /**
   * What somebody asked for: the last seven days are others tomorrow.
   * @type {Filters}
   */
  #wanted = {};
  /**
   * The same as it was when the list was read last; its pages belong together.
   * @type {Filters}
   */
  #filters = {};
  /** @type {Map<number, Entry>} */
  #known = new Map();
  /** @type {string | null} */
  #cursor = null;
  /** @type {Position | null} */
  #boundary = null;
  #run = new AbortController();
  /** @type {Promise<void> | null} */
  #more = null;
  #isLoading = false;
  /** Whether calls to come were counted since the list was opened, and so have to be counted again. */
  #wasCounted = false;
  /** @type {Set<number>} */
  #heard = new Set();
  /** @type {number | null} */
  #held = null;
  #refreshQueue = this.#newRefreshQueue();
  #readAll = coalesce(() => this.resync(this.entries.length), CROWD_REST_MILLISECONDS);
  #count = coalesce(() => this.#readCounts(), COUNTING_REST_MILLISECONDS);
  #sorting = window.setInterval(() => this.#sort(), SORTING_MILLISECONDS);

  /** Whether all calls that match are there. */
  get isComplete() {
    return this.#cursor === null;
  }

  /**
   * Reads another list; what was shown stays until it is there.
   * @param {Filters} filters
   * @param {number} [atLeast] so many calls, if there are
   */
  async open(filters, atLeast = 0) {
    this.#begin(filters);
    Object.assign(this, { state: "loading", total: null, toCome: null });
    this.#wasCounted = false;
    this.#tell();
    await this.#load(() => this.#readWithToCome(atLeast));
  }

  /**
   * Reads what is shown again, at the place where it was.
   * @param {number} atLeast so many calls
   * @param {Api.Call | null} [first] in sight: of a long list, what lies between the top and this call is not read
   */
  async resync(atLeast, first = null) {
    this.#begin(this.#wanted);
    await this.#load(() => (atLeast > MOST_READ_AGAIN && first ? this.#readAround(first) : this.#readAtLeast(atLeast)));
  }

  /** Reads the next page, unless it is being read. */
  more() {
    if (this.state === "ready" && this.#cursor && !this.#more) {
      this.#more = this.#readMore().finally(() => {
        this.#more = null;
      });
    }
  }

  /**
   * Takes a call event of docs/events.md.
   * @param {Pick<Api.CallEvent, "event" | "call_id">} callEvent
   */
  hear({ event, call_id: id }) {
    const entry = this.#known.get(id);
    if (this.#isLoading) {
      this.#heard.add(id); // what is being read may be older than this news
    } else if (!entry || !UNSEEN.has(event) || (event === "TranscriptUpdated" && !isLive(entry.call))) {
      this.#refreshQueue.ask(id);
    }
  }

  /**
   * Keeps a call in the list even if it no longer matches, as long as it is the one that is open.
   * @param {number | null} id
   */
  hold(id) {
    const before = this.#held;
    this.#held = id;
    if (before !== null && before !== id && this.#known.get(before)?.leaving) {
      this.#remove(before);
    }
  }

  /** Ends all reading. */
  close() {
    this.#run.abort();
    this.#refreshQueue.stop();
    window.clearInterval(this.#sorting);
  }

  #newRefreshQueue() {
    return new RefreshQueue(
      (ids) => this.#reread(ids),
      () => this.#readAll(),
    );
  }

  /** @param {Filters} filters */
  #begin(filters) {
    this.#run.abort();
    this.#run = new AbortController();
    this.#refreshQueue.stop();
    this.#refreshQueue = this.#newRefreshQueue();
    this.#wanted = filters;
    this.#filters = parametersOf(filters);
    this.#heard.clear();
    this.#isLoading = true;
  }

  /**
   * Reads, and only then replaces what is shown; what news came meanwhile is read afterwards.
   * @param {() => Promise<Reading>} read
   */
  async #load(read) {
    const { signal } = this.#run;
    try {
      const reading = await read();
      signal.throwIfAborted();
      this.#replace(reading);
    } catch (error) {
      if (!signal.aborted) {
        this.#fail(error);
      }
    }
  }

  /** @param {unknown} error */
  #fail(error) {
    this.#isLoading = false;
    Object.assign(this, { state: "failed", error });
    this.#tell();
  }

  /** @param {Reading} reading */
  #replace({ calls, cursor, boundary }) {
    const now = Date.now();
    const next = new Map(calls.map((call) => [call.id, { call, leaving: false }]));
    const held = this.#held === null ? undefined : this.#known.get(this.#held);
    if (held && !next.has(held.call.id)) {
      next.set(held.call.id, { call: held.call, leaving: !matches(held.call, this.#filters) });
    }
    this.#known = next;
    this.#isLoading = false;
    Object.assign(this, { state: "ready", error: null, readAt: new Date(now) });
    this.#cursor = cursor;
    this.#boundary = boundary;
    this.#sort();
    this.#count();
    new Set([...this.#heard, ...(held ? [held.call.id] : [])]).forEach((id) => this.#refreshQueue.ask(id));
  }

  /** @returns {Promise<Reading>} */
  async #readFirst() {
    const page = await this.#page(FIRST_PAGE, null);
    const current = isCrowded(page) ? await this.#readCurrent() : [];
    return { calls: [...page.items, ...current], cursor: page.next_cursor, boundary: boundaryOf(page.items) };
  }

  /**
   * The row of calls to come stands above the list: whatever comes later would push the list down.
   * @param {number} atLeast
   * @returns {Promise<Reading>}
   */
  async #readWithToCome(atLeast) {
    const [list, toCome] = await Promise.all([this.#readAtLeast(atLeast), this.#readToCome()]);
    this.toCome = this.#run.signal.aborted ? this.toCome : toCome;
    return list;
  }

  /**
   * @param {number} count
   * @returns {Promise<Reading>}
   */
  async #readAtLeast(count) {
    const first = await this.#readFirst();
    while (first.cursor && first.calls.length < count) {
      const page = await this.#page(PAGE, first.cursor);
      first.calls.push(...page.items);
      Object.assign(first, { cursor: page.next_cursor, boundary: boundaryOf(page.items) ?? first.boundary });
    }
    return first;
  }

  /**
   * The top, and what is in sight; all others stay as they are known, and so does the place where the list ends.
   * @param {Api.Call} first
   * @returns {Promise<Reading>}
   */
  async #readAround(first) {
    const [top, bottom] = [this.#cursor, this.#boundary];
    const { signal } = this.#run;
    const to = new Date(began(first) + 1).toISOString();
    const asked = { ...parametersOf(this.#filters), to, limit: IN_SIGHT };
    const [newest, around] = await Promise.all([
      this.#readFirst(),
      Number.isFinite(began(first)) ? get("calls", asked, { signal }) : { items: [] },
    ]);
    const known = [...this.#known.values()].map(({ call }) => call);
    return { calls: [...known, ...newest.calls, ...around.items], cursor: top, boundary: bottom };
  }

  /** How many calls there are; what cannot be counted is not shown. */
  async #readCounts() {
    const { signal } = this.#run;
    const total = this.isComplete ? null : this.#ask(parametersOf(this.#filters));
    const counted = { total: await total, toCome: this.#wasCounted ? await this.#readToCome() : this.toCome };
    this.#wasCounted = true;
    if (!signal.aborted) {
      Object.assign(this, counted);
      this.#tell();
    }
  }

  async #readToCome() {
    const parameters = parametersOf(this.#filters);
    return parameters.to_come === "false" ? this.#ask({ ...parameters, to_come: "true" }) : null;
  }

  /**
   * @param {Parameters} parameters
   * @returns {Promise<Api.CallCount | null>}
   */
  #ask(parameters) {
    return get("calls/count", parameters, { signal: this.#run.signal }).catch(() => null);
  }

  /** Calls that go on, which those that began after them would hide. */
  async #readCurrent() {
    const { signal } = this.#run;
    const parameters = parametersOf(this.#filters);
    const recent = new Date(Date.now() - CURRENT_MILLISECONDS).toISOString();
    const from = parameters.from && Date.parse(parameters.from) > Date.parse(recent) ? parameters.from : recent;
    const status = parameters.status ?? LIVE_STATUSES.join(",");
    const { items } = await get("calls", { ...parameters, status, from, limit: PAGE }, { signal });
    return items.filter((call) => placeOf(call).rank < REST);
  }

  async #readMore() {
    const { signal } = this.#run;
    try {
      const page = await this.#page(PAGE, this.#cursor);
      signal.throwIfAborted();
      page.items.forEach((call) => this.#known.set(call.id, { call, leaving: false }));
      this.#cursor = page.next_cursor;
      this.#boundary = boundaryOf(page.items) ?? this.#boundary;
      this.#sort();
    } catch (error) {
      if (!signal.aborted) {
        this.#fail(error);
      }
    }
  }

  /**
   * @param {number} limit
   * @param {string | null} cursor
   */
  #page(limit, cursor) {
    return get("calls", { ...parametersOf(this.#filters), limit, cursor }, { signal: this.#run.signal });
  }

  /**
   * What is not there any more leaves.
   * @param {number[]} ids
   */
  async #reread(ids) {
    const { signal } = this.#run;
    try {
      const found = await readCalls(ids, signal);
      signal.throwIfAborted();
      const gone = ids.filter((id) => !found.some((call) => call.id === id));
      gone.forEach((id) => this.#known.delete(id));
      found.forEach((call) => this.#take(call));
      this.#sort();
    } catch (error) {
      if (!signal.aborted) {
        throw error;
      }
    }
  }

  /** @param {Api.Call} read */
  #take(read) {
    const entry = this.#known.get(read.id);
    const call = { ...read, match: entry?.call.match }; // where it was found, the list alone says
    const leaving = !matches(call, this.#filters);
    if (isToCome(call) || (entry && isToCome(entry.call)) || !entry) {
      this.#count();
    }
    if (entry || (!leaving && this.#isWithin(call))) {
      this.#known.set(call.id, { call, leaving });
    }
    if (entry && leaving && !entry.leaving) {
      window.setTimeout(() => this.#leave(call.id), LEAVING_MILLISECONDS);
    }
  }

  /**
   * Whether a call's place is among those that were read; what is beyond comes with its page.
   * @param {Api.Call} call
   */
  #isWithin(call) {
    const place = placeOf(call);
    return this.isComplete || place.rank < REST || !this.#boundary || compare(place, this.#boundary) < 0;
  }

  /** @param {number} id */
  #leave(id) {
    if (id !== this.#held && this.#known.get(id)?.leaving) {
      this.#remove(id);
    }
  }

  /** @param {number} id */
  #remove(id) {
    if (this.#known.delete(id)) {
      this.#sort();
    }
  }

  #sort() {
    const now = Date.now();
    const placed = [...this.#known.values()].map((entry) => ({ entry, place: placeOf(entry.call, now) }));
    this.entries = placed.sort((one, other) => compare(one.place, other.place)).map(({ entry }) => entry);
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}
