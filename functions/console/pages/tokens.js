// The tokens of this tab, in sessionStorage: they end with the tab, and no other tab or later visitor gets them.

const TOKENS = "autopulse.tokens";
const ATTEMPT = "autopulse.sign-in";

/**
 * @typedef {object} Tokens
 * @property {string} api_token the token for the read API
 * @property {string | null} id_token
 * @property {string | null} refresh_token
 * @property {number} expires_at when api_token expires, in milliseconds of this browser's clock
 */

/**
 * One sign-in in progress, from this page to the issuer and back.
 * @typedef {object} Attempt
 * @property {string} state
 * @property {string} nonce
 * @property {string} verifier of PKCE
 * @property {string} search query string of the page to return to
 */

/** @typedef {Record<string, unknown>} Claims of a JWT, none of which can be relied on */

/** @returns {Tokens | null} */
export function storedTokens() {
  return read(TOKENS);
}

/** @param {Tokens} tokens */
export function storeTokens(tokens) {
  write(TOKENS, tokens);
}

/** Forgets the tokens. */
export function forgetTokens() {
  sessionStorage.removeItem(TOKENS);
}

/** @param {Attempt} attempt */
export function storeAttempt(attempt) {
  write(ATTEMPT, attempt);
}

/**
 * The attempt that this tab has begun; it can be read only once.
 * @returns {Attempt | null}
 */
export function takeAttempt() {
  const attempt = read(ATTEMPT);
  sessionStorage.removeItem(ATTEMPT);
  return attempt;
}

/**
 * The claims of a JWT. The signature is not verified here, but by the API.
 * @param {string | null | undefined} token
 * @returns {Claims} empty if it is no JWT
 */
export function claimsOf(token) {
  try {
    const part = (token ?? "").split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
    const bytes = Uint8Array.from(atob(part), (character) => character.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return claims && typeof claims === "object" ? claims : {};
  } catch {
    return {};
  }
}

/** @param {string} key */
function read(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/**
 * @param {string} key
 * @param {unknown} value
 */
function write(key, value) {
  sessionStorage.setItem(key, JSON.stringify(value));
}
