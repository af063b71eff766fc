// Call events over a WebSocket, as docs/events.md describes: connect, subscribe, and only then read the API.

import { post } from "./api.js";
import { ApiError, SignInError } from "./errors.js";

/** Interval of pings: the gateway closes a connection that has been idle for ten minutes. */
const PING_MILLISECONDS = 240_000;
/** Timeout for connecting, and for the answers to a subscription and a ping. */
const ANSWER_MILLISECONDS = 15_000;
const FIRST_PAUSE_MILLISECONDS = 500;
const LONGEST_PAUSE_MILLISECONDS = 30_000;
/** After a connection of this duration, the next pause is short again. */
const GOOD_MILLISECONDS = 10_000;
/** Maximum time for which readings wait for the connection. */
const SETTLING_MILLISECONDS = 500;
/** Number of event ids that are kept to recognise duplicates, which arrive within seconds. */
const REMEMBERED = 500;

/** @typedef {"connecting" | "live" | "reconnecting" | "offline" | "expired" | "refused"} State */

/**
 * Dispatches "event" (detail: the call event), "state" (detail: the new state), and "resync" after every subscription,
 * when what was read before has to be read again.
 */
class Live extends EventTarget {
  /** @type {State} */
  #state = "connecting";
  #url = "";
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {AbortController | null} */
  #run = null;
  /** @type {Set<string>} */
  #seen = new Set();
  /** @type {ApiError | null} */
  #refusal = null;
  #hurry = () => {};

  constructor() {
    super();
    window.addEventListener("online", () => this.#wake());
    window.addEventListener("offline", () => this.#socket?.close());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#wake());
  }

  /** @returns {State} */
  get state() {
    return this.#state;
  }

  /** @returns {ApiError | null} why this reader never gets events, if the state is "refused" */
  get refusal() {
    return this.#refusal;
  }

  /**
   * Data that is read after the subscription misses no event, so that it need not be read twice.
   * @returns {Promise<void>} resolves once the connection is made or lost, at the latest after SETTLING_MILLISECONDS
   */
  settled() {
    if (this.#state !== "connecting") {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.addEventListener("state", () => resolve(), { once: true });
      window.setTimeout(resolve, SETTLING_MILLISECONDS);
    });
  }

  /**
   * Connects, and reconnects until it is ended.
   * @param {import("./configuration.js").Configuration} configuration
   */
  start(configuration) {
    this.#url = configuration.websocket_url;
    this.stop();
    this.#run = new AbortController();
    this.#set("connecting");
    this.#keepConnected(this.#run.signal);
  }

  /** Disconnects, as when the reader signs out. */
  stop() {
    this.#run?.abort();
    this.#socket?.close();
    this.#hurry();
  }

  /** @param {AbortSignal} signal */
  async #keepConnected(signal) {
    for (let failures = 0; !signal.aborted; failures += 1) {
      const began = Date.now();
      try {
        await this.#connect(signal);
      } catch (error) {
        if (error instanceof SignInError) {
          this.#set("expired");
          return;
        }
        if (error instanceof ApiError && error.status === 403) {
          this.#refusal = error;
          this.#set("refused");
          return;
        }
      }
      failures = Date.now() - began > GOOD_MILLISECONDS ? 0 : failures;
      if (!signal.aborted) {
        this.#set(navigator.onLine ? "reconnecting" : "offline");
        await this.#pause(failures);
      }
    }
  }

  /**
   * Resolves when the connection has ended in any way; throws if it was never made.
   * @param {AbortSignal} signal
   */
  async #connect(signal) {
    const { ticket } = await post("live/tickets", { signal });
    signal.throwIfAborted();
    const socket = new WebSocket(`${this.#url}?ticket=${encodeURIComponent(ticket)}`);
    this.#socket = socket;
    await /** @type {Promise<void>} */ (
      new Promise((resolve) => {
        const watch = new Watch(socket);
        socket.addEventListener("open", () => watch.ask({ action: "subscribe", topic: "calls" }));
        socket.addEventListener("message", (event) => this.#hear(watch, event.data));
        socket.addEventListener("close", () => {
          watch.stop();
          resolve();
        });
      })
    );
    this.#socket = null;
  }

  /**
   * @param {Watch} watch
   * @param {string} data
   */
  #hear(watch, data) {
    const message = parse(data);
    watch.heard();
    if (message.type === "subscribed") {
      this.#set("live");
      this.dispatchEvent(new CustomEvent("resync"));
    } else if (message.type === "event") {
      this.#pass(message);
    } else if (message.type === "expired" || message.type === "error") {
      watch.close(); // the next ticket is requested with a new token
    }
  }

  /** @param {Api.CallEvent} callEvent */
  #pass(callEvent) {
    if (this.#seen.has(callEvent.id)) {
      return;
    }
    this.#seen.add(callEvent.id);
    if (this.#seen.size > REMEMBERED) {
      const [oldest] = this.#seen;
      this.#seen.delete(oldest);
    }
    this.dispatchEvent(new CustomEvent("event", { detail: callEvent }));
  }

  /** @param {State} state */
  #set(state) {
    if (state !== this.#state) {
      this.#state = state;
      this.dispatchEvent(new CustomEvent("state", { detail: state }));
    }
  }

  /**
   * The pause grows with every failure, and has a random part, so that pages do not reconnect all at once.
   * @param {number} failures
   * @returns {Promise<void>}
   */
  #pause(failures) {
    const longest = Math.min(FIRST_PAUSE_MILLISECONDS * 2 ** failures, LONGEST_PAUSE_MILLISECONDS);
    return new Promise((resolve) => {
      const timer = window.setTimeout(resolve, longest * (0.5 + Math.random() / 2));
      this.#hurry = () => {
        window.clearTimeout(timer);
        resolve();
      };
    });
  }

  /** The network is back, or the page is visible again, perhaps after a suspend: the connection is checked at once. */
  #wake() {
    this.#socket?.dispatchEvent(new Event("wake"));
    this.#hurry();
  }
}

/** Monitors a socket, and closes it if an answer does not arrive in time. */
class Watch {
  /** @type {WebSocket} */
  #socket;
  /** @type {number | undefined} */
  #limit;
  #idle = 0;

  /** @param {WebSocket} socket */
  /** @param {WebSocket} socket */
  constructor(socket) {
    this.#socket = socket;
    this.#expect();
    socket.addEventListener("wake", () => this.#ping());
  }

  /** @param {object} message */
  ask(message) {
    this.#socket.send(JSON.stringify(message));
    this.#expect();
  }

  heard() {
    this.stop();
    this.#idle = window.setTimeout(() => this.#ping(), PING_MILLISECONDS);
  }

  close() {
    this.#socket.close();
  }

  stop() {
    window.clearTimeout(this.#limit);
    window.clearTimeout(this.#idle);
  }

  #ping() {
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.ask({ action: "ping" });
    }
  }

  #expect() {
    this.stop();
    this.#limit = window.setTimeout(() => this.#abandon(), ANSWER_MILLISECONDS);
  }

  /** The closing handshake of a dead connection may take a browser a minute, so it is not waited for. */
  #abandon() {
    this.#socket.close();
    this.#socket.dispatchEvent(new Event("close"));
  }
}

/** @param {string} data */
function parse(data) {
  try {
    return JSON.parse(data) ?? {};
  } catch {
    return {};
  }
}

export const live = new Live();
