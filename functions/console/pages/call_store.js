// The calls of the list: read in pages, updated by call events, and sorted.

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
/** How long a call that no longer matches the filters stays, marked. */
const LEAVING_MILLISECONDS = 5000;
/** Minimum time between two readings of the whole list, however many events come. */
const CROWD_REST_MILLISECONDS = 1000;
const SORTING_MILLISECONDS = 10_000;
const COUNTING_REST_MILLISECONDS = 2000;
/** Of a longer list, only the top and the visible part are read again. */
const MOST_READ_AGAIN = 400;
/** Number of rows around the visible part that are read again. */
const IN_SIGHT = 100;
/** Call events that do not change a row of the list. */
const UNSEEN = new Set(["TranscriptUpdated", "CallStalled"]);

/**
 * @typedef {object} Entry
 * @property {Api.Call} call
 * @property {boolean} leaving it no longer matches the filters
 */

/** @typedef {{calls: Api.Call[], cursor: string | null, boundary: Position | null}} Reading */

/** Dispatches "change" after every change. */
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
   * How many calls match, and how many more are to come; null until they are counted.
   * @type {Api.CallCount | null}
   */
  total = null;
  /** @type {Api.CallCount | null} */
  toCome = null;
  /**
   * The filters as given: "the last seven days" means other days tomorrow.
   * @type {Filters}
   */
  #wanted = {};
  /**
   * The filters at the last reading of the list; its pages belong together.
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
  /** Whether calls to come have been counted since the list was opened, and are counted again. */
  #wasCounted = false;
  /** @type {Set<number>} */
  #heard = new Set();
  /** @type {number | null} */
  #held = null;
  #refreshQueue = this.#newRefreshQueue();
  #readAll = coalesce(() => this.resync(this.entries.length), CROWD_REST_MILLISECONDS);
  #count = coalesce(() => this.#readCounts(), COUNTING_REST_MILLISECONDS);
  #sorting = window.setInterval(() => this.#sort(), SORTING_MILLISECONDS);

  /** Whether all calls that match have been read. */
  get isComplete() {
    return this.#cursor === null;
  }

  /**
   * Reads another list; the former one stays visible until then.
   * @param {Filters} filters
   * @param {number} [atLeast] minimum number of calls to read
   */
  async open(filters, atLeast = 0) {
    this.#begin(filters);
    Object.assign(this, { state: "loading", total: null, toCome: null });
    this.#wasCounted = false;
    this.#tell();
    await this.#load(() => this.#readWithToCome(atLeast));
  }

  /**
   * Reads the visible list again.
   * @param {number} atLeast minimum number of calls to read
   * @param {Api.Call | null} [first] visible call: in a long list, calls between the top and this one are not read
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
   * Handles a call event of docs/events.md.
   * @param {Pick<Api.CallEvent, "event" | "call_id">} callEvent
   */
  hear({ event, call_id: id }) {
    const entry = this.#known.get(id);
    if (this.#isLoading) {
      this.#heard.add(id); // the current reading may be older than this event
    } else if (!entry || !UNSEEN.has(event) || (event === "TranscriptUpdated" && !isLive(entry.call))) {
      this.#refreshQueue.ask(id);
    }
  }

  /**
   * Keeps the open call in the list even if it no longer matches.
   * @param {number | null} id
   */
  hold(id) {
    const before = this.#held;
    this.#held = id;
    if (before !== null && before !== id && this.#known.get(before)?.leaving) {
      this.#remove(before);
    }
  }

  /** Ends all requests. */
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
   * Reads, and then replaces the list; events during the reading are handled afterwards.
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
   * The count of calls to come is read first: its row is above the list, and would push the list down later.
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
   * Reads the top and the visible part; the other calls and the end of the list stay as they are.
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

  /** Counts the calls; a count that fails is not shown. */
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

  /** Live calls that later calls would push off the first page. */
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
   * Removes calls that no longer exist.
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
    const call = { ...read, match: entry?.call.match }; // only the list's answer has the match
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
   * Whether a call's position is within the pages that were read; calls beyond come with their page.
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
