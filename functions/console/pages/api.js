// A client of the read API: it adds the token, parses JSON, and converts every failure into one of two errors.

import { loadConfiguration } from "./configuration.js";
import { ApiError, OfflineError } from "./errors.js";
import { currentToken, refuseToken, renewToken } from "./signin.js";

/** A little more than the gateway's timeout of 29 s, whose answer says more than a timeout here. */
const TIMEOUT_MILLISECONDS = 35_000;

/**
 * A parameter that may be wrong in a mistyped link -> what the reader can do about it.
 * @type {Record<string, string>}
 */
const PLAIN = {
  from: "The first day in this address is no date. Choose it again.",
  to: "The last day in this address is no date. Choose it again.",
  cursor: "This list has changed. Load the page again.",
};

/** @param {string} field */
function plainly(field) {
  return PLAIN[field] ?? `This address asks for a ${field} that there cannot be. Clear the filters.`;
}

export { ApiError, OfflineError };

/** @typedef {Record<string, string | number | boolean | null | undefined>} Parameters */

/**
 * Sends a GET request.
 * @template {keyof Api.Answers} P
 * @param {P} path below /v1, such as "calls/15/transcript"
 * @param {Parameters} [parameters] undefined, null and "" are left out
 * @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<Api.Answers[P]>} throws ApiError, OfflineError, or AbortError once the signal is aborted
 */
export async function get(path, parameters, { signal } = {}) {
  const response = await ask("GET", path, parameters, signal);
  return response.json();
}

/**
 * Sends a POST request without a body.
 * @param {string} path
 * @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<Record<string, string>>}
 */
export async function post(path, { signal } = {}) {
  const response = await ask("POST", path, {}, signal);
  return response.json();
}

/**
 * Sends a change of a follow-up.
 * @param {"POST" | "PATCH"} method
 * @param {string} path
 * @param {object} body
 * @param {{version?: number}} [options] version: the version that is changed
 * @returns {Promise<Api.FollowUp>} throws OfflineError, or ApiError with the current one if it was changed meanwhile
 */
export async function write(method, path, body, { version } = {}) {
  /** @type {Record<string, string>} */
  const headers = { "Content-Type": "application/json" };
  if (version !== undefined) {
    headers["If-Match"] = `"${version}"`;
  }
  const response = await ask(method, path, {}, undefined, { headers, body: JSON.stringify(body) });
  return response.json();
}

/**
 * Stores a saved view under its name.
 * @param {`views/${string}`} path
 * @param {Api.SavedViewContent} body
 * @returns {Promise<Api.SavedView>} throws ApiError or OfflineError
 */
export async function putContent(path, body) {
  const headers = { "Content-Type": "application/json" };
  const response = await ask("PUT", path, {}, undefined, { headers, body: JSON.stringify(body) });
  return response.json();
}

/**
 * Deletes something.
 * @param {string} path
 * @returns {Promise<void>} throws ApiError or OfflineError
 */
export async function remove(path) {
  await ask("DELETE", path, {});
}

/**
 * Fetches a file and makes the browser save it: a plain link cannot send the token.
 * @param {string} path such as "calls.csv"
 * @param {Parameters} parameters
 * @param {string} fileName
 * @returns {Promise<{nextCursor: string | null}>} cursor of the next file, if this one does not have all rows
 */
export async function download(path, parameters, fileName) {
  const response = await ask("GET", path, parameters);
  const address = URL.createObjectURL(await response.blob());
  const anchor = Object.assign(document.createElement("a"), { href: address, download: fileName });
  anchor.click();
  window.setTimeout(() => URL.revokeObjectURL(address), 60_000);
  return { nextCursor: response.headers.get("x-next-cursor") };
}

/** @typedef {{headers?: Record<string, string>, body?: string}} Content */

/**
 * @param {string} method
 * @param {string} path
 * @param {Parameters | undefined} parameters
 * @param {AbortSignal} [signal]
 * @param {Content} [content]
 */
async function ask(method, path, parameters, signal, content) {
  const address = await addressOf(path, parameters);
  const token = await currentToken();
  let response = await send(method, address, token, signal, content);
  if (response.status === 401) {
    response = await send(method, address, await renewToken(token), signal, content);
  }
  if (response.status === 401) {
    refuseToken();
  }
  if (!response.ok) {
    throw await read(response);
  }
  return response;
}

/**
 * @param {string} path
 * @param {Parameters | undefined} parameters
 */
async function addressOf(path, parameters) {
  const { api_url: base } = await loadConfiguration();
  const address = new URL(`${base}/${path}`, document.baseURI);
  for (const [name, value] of Object.entries(parameters ?? {})) {
    if (value !== undefined && value !== null && value !== "") {
      address.searchParams.append(name, String(value));
    }
  }
  return address;
}

/**
 * @param {string} method
 * @param {URL} address
 * @param {string} token
 * @param {AbortSignal} [signal]
 * @param {Content} [content]
 */
async function send(method, address, token, signal, { headers = {}, body } = {}) {
  const limit = AbortSignal.timeout(TIMEOUT_MILLISECONDS);
  try {
    return await fetch(address, {
      method,
      headers: { Authorization: `Bearer ${token}`, ...headers },
      body,
      cache: "no-store",
      signal: signal ? either(signal, limit) : limit,
    });
  } catch (error) {
    throw signal?.aborted ? error : new OfflineError({ cause: error });
  }
}

/**
 * A signal that is aborted with the first of two; browsers before 2023 have no `AbortSignal.any`.
 * @param {AbortSignal} one
 * @param {AbortSignal} other
 */
function either(one, other) {
  if (AbortSignal.any) {
    return AbortSignal.any([one, other]);
  }
  const both = new AbortController();
  for (const signal of [one, other]) {
    signal.addEventListener("abort", () => both.abort(signal.reason), { signal: both.signal });
    if (signal.aborted) {
      both.abort(signal.reason);
    }
  }
  return both.signal;
}

/** @param {Response} response */
async function read(response) {
  const body = await response.json().catch(() => null);
  const { code = "unknown", message = `The server answered ${response.status}.`, field } = body?.error ?? {};
  const text = (response.status === 400 && field && plainly(field)) || message;
  return new ApiError(response.status, code, text, field, body?.follow_up ?? null);
}
