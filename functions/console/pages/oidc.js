// OpenID Connect in the browser: authorization code flow with PKCE (S256), refresh, and the way out. Loaded only when
// somebody signs in or a token is renewed.

import { OfflineError, SignInError } from "./errors.js";
import { claimsOf, storeAttempt } from "./tokens.js";

/** Clocks differ. */
const LEEWAY_SECONDS = 300;
/** Of a token that does not say how long it lives. */
const DEFAULT_LIFETIME_SECONDS = 300;
const TIMEOUT_MILLISECONDS = 15_000;

let discovery = null;

/**
 * Sends the reader to the issuer.
 * @param {import("./configuration.js").Configuration} configuration
 * @param {string} search where to come back to, as a query string
 */
export async function begin(configuration, search) {
  const issuer = await discover(configuration);
  const attempt = { state: random(), nonce: random(), verifier: random(), search };
  const address = endpoint(issuer.authorization_endpoint, {
    response_type: "code",
    client_id: configuration.client_id,
    redirect_uri: redirectAddress(),
    scope: configuration.scopes,
    state: attempt.state,
    nonce: attempt.nonce,
    code_challenge: await challengeOf(attempt.verifier),
    code_challenge_method: "S256",
    audience: wantsIdToken(configuration) ? undefined : configuration.audience,
  });
  storeAttempt(attempt);
  window.location.assign(address);
}

/**
 * Turns the issuer's answer into tokens.
 * @param {import("./configuration.js").Configuration} configuration
 * @param {import("./tokens.js").Attempt} attempt whose state was found to be the answer's
 * @param {URLSearchParams} answer
 * @returns {Promise<import("./tokens.js").Tokens>} throws SignInError
 */
export async function finish(configuration, attempt, answer) {
  if (answer.has("iss") && answer.get("iss") !== configuration.issuer) {
    throw new SignInError("The answer is from another issuer than the one that was asked.");
  }
  if (answer.has("error")) {
    throw new SignInError(refusal(answer.get("error"), answer.get("error_description")));
  }
  const granted = await grant(configuration, {
    grant_type: "authorization_code",
    code: answer.get("code"),
    redirect_uri: redirectAddress(),
    code_verifier: attempt.verifier,
  });
  if (checked(configuration, granted.id_token).nonce !== attempt.nonce) {
    throw new SignInError("The issuer's token is not for this sign-in.");
  }
  return tokensOf(configuration, granted, null);
}

/**
 * New tokens by the refresh token.
 * @param {import("./configuration.js").Configuration} configuration
 * @param {import("./tokens.js").Tokens} tokens
 * @returns {Promise<import("./tokens.js").Tokens>} throws SignInError, or OfflineError if it may work later
 */
export async function refresh(configuration, tokens) {
  const granted = await grant(configuration, { grant_type: "refresh_token", refresh_token: tokens.refresh_token });
  if (granted.id_token && checked(configuration, granted.id_token).sub !== claimsOf(tokens.id_token).sub) {
    throw new SignInError("The issuer's token is somebody else's.");
  }
  return tokensOf(configuration, granted, tokens);
}

/**
 * Tells the issuer that the reader goes: the refresh token ends, and the session there if it has a page for that.
 * @param {import("./configuration.js").Configuration} configuration
 * @param {import("./tokens.js").Tokens} tokens
 */
export async function leave(configuration, tokens) {
  const issuer = await discover(configuration);
  await revoke(configuration, issuer, tokens.refresh_token).catch(() => null);
  if (issuer.end_session_endpoint) {
    const address = endpoint(issuer.end_session_endpoint, {
      client_id: configuration.client_id,
      id_token_hint: tokens.id_token,
      post_logout_redirect_uri: redirectAddress(),
      logout_uri: redirectAddress(), // Cognito's name for it
    });
    window.location.assign(address);
  }
}

async function revoke(configuration, issuer, token) {
  const isAllowed = configuration.origins.includes(originOf(issuer.revocation_endpoint));
  if (token && isAllowed) {
    await call(issuer.revocation_endpoint, { token, client_id: configuration.client_id });
  }
}

function discover(configuration) {
  discovery ??= readDiscovery(configuration).catch((error) => {
    discovery = null;
    throw error;
  });
  return discovery;
}

async function readDiscovery(configuration) {
  if (!window.crypto?.subtle) {
    throw new SignInError("Sign-in needs https.");
  }
  const address = `${configuration.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const response = await call(address);
  const issuer = response.ok ? await response.json().catch(() => ({})) : {};
  if (issuer.issuer !== configuration.issuer) {
    throw new SignInError(`The issuer ${configuration.issuer} does not describe itself as that.`);
  }
  const origin = originOf(issuer.token_endpoint);
  if (!configuration.origins.includes(origin)) {
    throw new SignInError(`The issuer's tokens are at ${origin}, where this page may not connect to: ` +
      "the stack's parameter OidcOrigins has to name it.");
  }
  return issuer;
}

async function grant(configuration, parameters) {
  const issuer = await discover(configuration);
  const response = await call(issuer.token_endpoint, { client_id: configuration.client_id, ...parameters });
  if (response.status >= 500 || response.status === 429) {
    throw new OfflineError();
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw new SignInError(refusal(body.error ?? `status ${response.status}`, body.error_description));
  }
  return body;
}

/** What an ID token that came from the token endpoint itself has to say (OpenID Connect Core 1.0, 3.1.3.7). */
function checked(configuration, token) {
  const claims = claimsOf(token);
  const { client_id: client, issuer } = configuration;
  const isOurs = [claims.aud].flat().includes(client) && (claims.azp ?? client) === client;
  if (claims.iss !== issuer || !isOurs || !claims.sub) {
    throw new SignInError("The issuer's token is not for this console.");
  }
  if (!(claims.exp > Date.now() / 1000 - LEEWAY_SECONDS)) {
    throw new SignInError("The issuer's token has ended already. Is this device's clock right?");
  }
  return claims;
}

function tokensOf(configuration, granted, earlier) {
  const token = wantsIdToken(configuration) ? granted.id_token : granted.access_token;
  if (typeof token !== "string") {
    throw new SignInError("The issuer gave no token that the server takes.");
  }
  return {
    api_token: token,
    id_token: granted.id_token ?? earlier?.id_token ?? null,
    refresh_token: granted.refresh_token ?? earlier?.refresh_token ?? null,
    expires_at: Date.now() + lifetimeOf(token, granted) * 1000,
  };
}

/** Counted from now, so that a clock that is wrong does no harm. */
function lifetimeOf(token, granted) {
  const { exp, iat } = claimsOf(token);
  return exp - iat || Number(granted.expires_in) || DEFAULT_LIFETIME_SECONDS;
}

/** An ID token is for the client; for any other audience the API wants an access token. */
function wantsIdToken(configuration) {
  return !configuration.audience || configuration.audience === configuration.client_id;
}

async function call(address, form) {
  const options = form ? { method: "POST", body: new URLSearchParams(form) } : {};
  try {
    return await fetch(address, { ...options, credentials: "omit", signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS) });
  } catch (error) {
    throw new OfflineError({ cause: error });
  }
}

function endpoint(address, parameters) {
  const url = new URL(address);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new SignInError("The issuer's description has an address that is none.");
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (value) {
      url.searchParams.set(name, value);
    }
  }
  return url.href;
}

function refusal(code, description) {
  return `The issuer refused: ${description ? `${description} (${code})` : code}.`;
}

function originOf(address) {
  return URL.canParse(address) ? new URL(address).origin : "no address";
}

/** Where the issuer sends the reader back to: the output ConsoleUrl, or the console below a domain of its own. */
function redirectAddress() {
  return new URL("./", document.baseURI.split(/[?#]/, 1)[0]).href;
}

function random() {
  return encode(crypto.getRandomValues(new Uint8Array(32)));
}

async function challengeOf(verifier) {
  return encode(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

function encode(bytes) {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
