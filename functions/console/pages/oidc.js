// OpenID Connect in the browser with the library oauth4webapi: authorization code flow with PKCE (S256), refresh, and
// signing out. It is loaded only for a sign-in or a refresh.

import { OfflineError, SignInError } from "./errors.js";
import { claimsOf, storeAttempt } from "./tokens.js";
import * as vendored from "./vendor/oauth4webapi.js";

/** @import {AuthorizationServer, Client, IDToken, TokenEndpointResponse} from "oauth4webapi" */
/** @import {Configuration} from "./configuration.js" */
/** @import {Attempt, Tokens} from "./tokens.js" */

const oauth = /** @type {typeof import("oauth4webapi")} */ (/** @type {unknown} */ (vendored));

/** Tolerance for differences between clocks. */
const LEEWAY_SECONDS = 300;
/** Assumed lifetime of a token that does not state one. */
const DEFAULT_LIFETIME_SECONDS = 300;
const TIMEOUT_MILLISECONDS = 15_000;
const NOT_FOR_US = "The issuer's token is not for this console.";

/** @type {Promise<AuthorizationServer> | null} */
let discovery = null;

/**
 * Redirects the reader to the issuer.
 * @param {Configuration} configuration
 * @param {string} search query string of the page to return to
 */
export async function begin(configuration, search) {
  const issuer = await discover(configuration);
  const attempt = {
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    verifier: oauth.generateRandomCodeVerifier(),
    search,
  };
  const address = endpoint(issuer.authorization_endpoint, {
    response_type: "code",
    client_id: configuration.client_id,
    redirect_uri: redirectAddress(),
    scope: configuration.scopes,
    state: attempt.state,
    nonce: attempt.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(attempt.verifier),
    code_challenge_method: "S256",
    audience: wantsIdToken(configuration) ? "" : configuration.audience,
  });
  storeAttempt(attempt);
  window.location.assign(address);
}

/**
 * Exchanges the issuer's answer for tokens.
 * @param {Configuration} configuration
 * @param {Attempt} attempt the attempt with the answer's state
 * @param {URLSearchParams} answer
 * @returns {Promise<Tokens>} throws SignInError
 */
export async function finish(configuration, attempt, answer) {
  const issuer = await discover(configuration);
  const client = clientOf(configuration);
  return explained(async () => {
    const response = await oauth.authorizationCodeGrantRequest(
      issuer,
      client,
      oauth.None(),
      validated(issuer, client, attempt, answer),
      redirectAddress(),
      attempt.verifier,
      optionsOf(configuration),
    );
    const expected = { expectedNonce: attempt.nonce, requireIdToken: true };
    const granted = await oauth.processAuthorizationCodeResponse(issuer, client, response, expected);
    checkParty(configuration, granted);
    return tokensOf(configuration, granted, null);
  });
}

/**
 * Gets new tokens with the refresh token.
 * @param {Configuration} configuration
 * @param {Tokens} tokens
 * @returns {Promise<Tokens>} throws SignInError, or OfflineError if a retry may succeed
 */
export async function refresh(configuration, tokens) {
  const issuer = await discover(configuration);
  const client = clientOf(configuration);
  return explained(async () => {
    const token = tokens.refresh_token ?? "";
    const response = await oauth.refreshTokenGrantRequest(
      issuer,
      client,
      oauth.None(),
      token,
      optionsOf(configuration),
    );
    const granted = await oauth.processRefreshTokenResponse(issuer, client, response);
    const claims = checkParty(configuration, granted);
    if (claims && claims.sub !== claimsOf(tokens.id_token).sub) {
      throw new SignInError("The issuer's token is somebody else's.");
    }
    return tokensOf(configuration, granted, tokens);
  });
}

/**
 * Ends the session: revokes the refresh token, and visits the issuer's sign-out page, if there is one.
 * @param {Configuration} configuration
 * @param {Tokens} tokens
 */
export async function leave(configuration, tokens) {
  const issuer = await discover(configuration);
  await revoke(configuration, issuer, tokens.refresh_token).catch(() => null);
  if (issuer.end_session_endpoint) {
    const address = endpoint(issuer.end_session_endpoint, {
      client_id: configuration.client_id,
      id_token_hint: tokens.id_token ?? "",
      post_logout_redirect_uri: redirectAddress(),
      logout_uri: redirectAddress(), // Cognito's name for it
    });
    window.location.assign(address);
  }
}

/**
 * @param {Configuration} configuration
 * @param {AuthorizationServer} issuer
 * @param {string | null} token
 */
async function revoke(configuration, issuer, token) {
  const isAllowed = configuration.origins.includes(originOf(issuer.revocation_endpoint));
  if (token && isAllowed) {
    await oauth.revocationRequest(issuer, clientOf(configuration), oauth.None(), token, optionsOf(configuration));
  }
}

/** @param {Configuration} configuration */
function discover(configuration) {
  discovery ??= readDiscovery(configuration).catch((error) => {
    discovery = null;
    throw error;
  });
  return discovery;
}

/** @param {Configuration} configuration */
async function readDiscovery(configuration) {
  if (!window.crypto?.subtle) {
    throw new SignInError("Sign-in needs https.");
  }
  const issuer = await describe(configuration);
  const origin = originOf(issuer.token_endpoint);
  if (!configuration.origins.includes(origin)) {
    throw new SignInError(
      `The issuer's tokens are at ${origin}, where this page may not connect to: ` +
        "the stack's parameter OidcOrigins has to name it.",
    );
  }
  return issuer;
}

/** @param {Configuration} configuration */
async function describe(configuration) {
  const problem = `The issuer ${configuration.issuer} does not describe itself as that.`;
  const issuer = await explained(async () => {
    const address = new URL(configuration.issuer);
    return oauth.processDiscoveryResponse(address, await oauth.discoveryRequest(address, optionsOf(configuration)));
  }, problem);
  if (issuer.issuer !== configuration.issuer) {
    throw new SignInError(problem); // the API compares issuers character by character, including a trailing slash
  }
  return issuer;
}

/**
 * Validates the answer, and returns its parameters for the token request.
 * @param {AuthorizationServer} issuer
 * @param {Client} client
 * @param {Attempt} attempt
 * @param {URLSearchParams} answer
 */
function validated(issuer, client, attempt, answer) {
  if (answer.has("iss") && answer.get("iss") !== issuer.issuer) {
    throw new SignInError("The answer is from another issuer than the one that was asked.");
  }
  return oauth.validateAuthResponse(issuer, client, answer, attempt.state);
}

/**
 * The library checks the authorized party only if a token has several audiences.
 * @param {Configuration} configuration
 * @param {TokenEndpointResponse} granted
 * @returns {IDToken | undefined} the claims of the ID token, if there is one
 */
function checkParty({ client_id: client }, granted) {
  const claims = oauth.getValidatedIdTokenClaims(granted);
  if ((claims?.azp ?? client) !== client) {
    throw new SignInError(NOT_FOR_US);
  }
  return claims;
}

/**
 * @param {Configuration} configuration
 * @param {TokenEndpointResponse} granted
 * @param {Tokens | null} earlier
 * @returns {Tokens}
 */
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

/**
 * Computed from now and the lifetime, so that a wrong clock does no harm.
 * @param {string} token
 * @param {TokenEndpointResponse} granted
 */
function lifetimeOf(token, granted) {
  const { exp, iat } = claimsOf(token);
  return Number(exp) - Number(iat) || granted.expires_in || DEFAULT_LIFETIME_SECONDS;
}

/**
 * Whether the API gets the ID token: its audience is the client; for any other audience the API demands an access
 * token.
 * @param {Configuration} configuration
 */
function wantsIdToken(configuration) {
  return !configuration.audience || configuration.audience === configuration.client_id;
}

/**
 * @param {Configuration} configuration
 * @returns {Client}
 */
function clientOf(configuration) {
  return { client_id: configuration.client_id, [oauth.clockTolerance]: LEEWAY_SECONDS };
}

/** @param {Configuration} configuration */
function optionsOf(configuration) {
  return {
    [oauth.customFetch]: call,
    // Only an issuer with an http URL, as on the local stack, is requested without TLS.
    [oauth.allowInsecureRequests]: configuration.issuer.startsWith("http:"),
    signal: () => AbortSignal.timeout(TIMEOUT_MILLISECONDS),
  };
}

/**
 * @param {string} address
 * @param {RequestInit} options
 */
async function call(address, options) {
  const response = await fetch(address, { ...options, credentials: "omit" }).catch((error) => {
    throw new OfflineError({ cause: error });
  });
  if (response.status >= 500 || response.status === 429) {
    throw new OfflineError();
  }
  return response;
}

/**
 * Calls the library, and converts its errors into messages for readers.
 * @template T
 * @param {() => Promise<T>} action
 * @param {string} [otherwise] message for an error without a claim and a code
 * @returns {Promise<T>} throws SignInError or OfflineError
 */
async function explained(action, otherwise) {
  try {
    return await action();
  } catch (error) {
    const isOurs = error instanceof SignInError || error instanceof OfflineError;
    throw isOurs ? error : new SignInError(otherwise ?? explanationOf(error), { cause: error });
  }
}

/** @param {unknown} error */
function explanationOf(error) {
  if (error instanceof oauth.AuthorizationResponseError || error instanceof oauth.ResponseBodyError) {
    return refusal(error.error, error.error_description);
  }
  const cause = error instanceof Error ? error.cause : null;
  if (cause instanceof Response) {
    return refusal(`status ${cause.status}`);
  }
  const { claim, claims } = /** @type {{claim?: string, claims?: Partial<IDToken>}} */ (cause ?? {});
  if (claim === "exp" || (claims && claims.exp === undefined)) {
    return "The issuer's token has ended already. Is this device's clock right?";
  }
  return claim === "nonce" ? "The issuer's token is not for this sign-in." : NOT_FOR_US;
}

/**
 * @param {string | undefined} address
 * @param {Record<string, string>} parameters empty ones are omitted
 */
function endpoint(address, parameters) {
  const url = URL.canParse(address ?? "") ? new URL(address ?? "") : null;
  if (url?.protocol !== "https:" && url?.protocol !== "http:") {
    throw new SignInError("The issuer's description has an address that is none.");
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (value) {
      url.searchParams.set(name, value);
    }
  }
  return url.href;
}

/**
 * @param {string} code
 * @param {string} [description]
 */
function refusal(code, description) {
  return `The issuer refused: ${description ? `${description} (${code})` : code}.`;
}

/** @param {string | undefined} address */
function originOf(address) {
  return URL.canParse(address ?? "") ? new URL(address ?? "").origin : "no address";
}

/** The address to which the issuer redirects: the output ConsoleUrl, or the console below a custom domain. */
function redirectAddress() {
  return new URL("./", document.baseURI.split(/[?#]/, 1)[0]).href;
}
