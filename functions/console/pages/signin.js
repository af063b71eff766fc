// Signs readers in and out, and provides the token for the API, refreshed in time.

import { loadConfiguration } from "./configuration.js";
import { OfflineError, SignInError } from "./errors.js";
import { claimsOf, forgetTokens, storedTokens, storeTokens, takeAttempt } from "./tokens.js";

/** @import {Configuration} from "./configuration.js" */
/** @import {Tokens} from "./tokens.js" */

/** A token is refreshed if its remaining time is shorter. */
const MARGIN_MILLISECONDS = 60_000;
/** A second redirect within this time does not help: the API refuses the issuer's tokens. */
const PATIENCE_MILLISECONDS = 60_000;
const REDIRECTED_AT = "autopulse.redirected-at";

/** @type {Set<(reason: string) => void>} */
const listeners = new Set();
/** @type {Promise<string> | null} */
let renewal = null;

/**
 * Processes the address: the issuer's answer, or the local stack's `#token=<jwt>`. Both are removed from the address,
 * and so from the browser's history.
 * @returns {Promise<boolean>} whether there is a token now; throws SignInError if the issuer refused
 */
export async function resumeSignIn() {
  const configuration = await loadConfiguration();
  const query = new URLSearchParams(window.location.search);
  if (query.has("state") && (query.has("code") || query.has("error"))) {
    await finishSignIn(configuration, query);
  }
  takeFragment(configuration);
  return storedTokens() !== null;
}

/**
 * Returns a valid token, refreshed if it is about to expire.
 * @returns {Promise<string>} throws SignInError if nobody is signed in, OfflineError if the issuer does not answer
 */
export async function currentToken() {
  const tokens = storedTokens();
  if (!tokens) {
    throw new SignInError("Nobody is signed in.");
  }
  const left = tokens.expires_at - Date.now();
  if (left > MARGIN_MILLISECONDS || (left > 0 && !tokens.refresh_token)) {
    return tokens.api_token;
  }
  return renew(tokens).catch((error) => {
    if (left > 0 && error instanceof OfflineError) {
      return tokens.api_token;
    }
    throw error;
  });
}

/**
 * Returns another token than the one that the API refused.
 * @param {string} refused
 * @returns {Promise<string>} throws as `currentToken`
 */
export async function renewToken(refused) {
  const tokens = storedTokens();
  if (!tokens) {
    // Another request has ended the session since this one was sent; a redirect to the issuer would be a loop.
    throw new SignInError("Nobody is signed in.");
  }
  return tokens.api_token === refused ? renew(tokens) : tokens.api_token;
}

/** Ends the session after the API has refused even a new token. */
export function refuseToken() {
  end("The server does not accept your sign-in. Sign in again, or ask whoever set the console up.");
}

/** Redirects to the issuer, which redirects back to the current page. */
export async function signIn() {
  const configuration = await loadConfiguration();
  const { begin } = await import("./oidc.js");
  await begin(configuration, window.location.search);
}

/** Forgets the tokens, and ends the session at the issuer if the issuer supports it. */
export async function signOut() {
  const configuration = await loadConfiguration();
  const tokens = storedTokens();
  forgetTokens();
  if (canSignIn(configuration) && tokens) {
    const { leave } = await import("./oidc.js");
    await leave(configuration, tokens).catch(() => end(""));
  }
  end("You are signed out.");
}

/**
 * Who is signed in.
 * @returns {{name: string, expiresAt: Date} | null}
 */
export function identity() {
  const tokens = storedTokens();
  if (!tokens) {
    return null;
  }
  const claims = claimsOf(tokens.id_token ?? tokens.api_token);
  const name = claims.name ?? claims.preferred_username ?? claims.email ?? claims["cognito:username"] ?? claims.sub;
  return { name: String(name ?? "signed in"), expiresAt: new Date(tokens.expires_at) };
}

/**
 * Adds a listener for the end of the session; it gets the reason as a message for readers.
 * @param {(reason: string) => void} callback
 * @returns {() => void} removes it
 */
export function onSignedOut(callback) {
  listeners.add(callback);
  return () => listeners.delete(callback);
}

/**
 * Whether an issuer is configured.
 * @param {import("./configuration.js").Configuration} configuration
 * @returns {boolean}
 */
export function canSignIn(configuration) {
  return Boolean(configuration.issuer && configuration.client_id);
}

/**
 * @param {Configuration} configuration
 * @param {URLSearchParams} query
 */
async function finishSignIn(configuration, query) {
  const attempt = takeAttempt();
  window.history.replaceState(window.history.state, "", `${window.location.pathname}${attempt?.search ?? ""}`);
  if (!attempt || attempt.state !== query.get("state")) {
    throw new SignInError("This sign-in was not begun in this tab, or it is over. Begin again.");
  }
  const { finish } = await import("./oidc.js");
  storeTokens(await finish(configuration, attempt, query));
}

/**
 * Accepts a token in the address, on the local stack only: elsewhere a link could sign readers in as somebody else.
 * @param {Configuration} configuration
 */
function takeFragment(configuration) {
  const token = new URLSearchParams(window.location.hash.slice(1)).get("token");
  if (token === null) {
    return;
  }
  window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
  const { exp } = claimsOf(token);
  if (configuration.takes_token === true && !canSignIn(configuration) && typeof exp === "number") {
    storeTokens({ api_token: token, id_token: null, refresh_token: null, expires_at: exp * 1000 });
  }
}

/**
 * @param {Tokens} tokens
 * @returns {Promise<string>}
 */
function renew(tokens) {
  if (!tokens.refresh_token) {
    return Promise.reject(over());
  }
  renewal ??= refreshed(tokens).finally(() => {
    renewal = null;
  });
  return renewal;
}

/** @param {Tokens} tokens */
async function refreshed(tokens) {
  const { refresh } = await import("./oidc.js");
  try {
    const renewed = await refresh(await loadConfiguration(), tokens);
    if (storedTokens() !== null) {
      // or the reader has signed out meanwhile
      storeTokens(renewed);
    }
    return renewed.api_token;
  } catch (error) {
    throw error instanceof SignInError ? over() : error;
  }
}

/** The token has expired and cannot be refreshed: the issuer, which often still has a session, is asked again. */
function over() {
  const error = new SignInError("Your sign-in has ended.");
  forgetTokens();
  loadConfiguration()
    .then(async (configuration) => {
      const wait = Number(sessionStorage.getItem(REDIRECTED_AT)) + PATIENCE_MILLISECONDS - Date.now();
      if (!canSignIn(configuration) || wait > 0) {
        throw error;
      }
      sessionStorage.setItem(REDIRECTED_AT, String(Date.now()));
      await signIn();
    })
    .catch((reason) => end(reason.message));
  return error;
}

/** @param {string} reason */
function end(reason) {
  forgetTokens();
  for (const listener of [...listeners]) {
    listener(reason);
  }
}
