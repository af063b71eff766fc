// The configuration that the page gets from its stack.

/**
 * @typedef {object} Configuration
 * @property {string} api_url base of the read API, relative to the page
 * @property {string} websocket_url
 * @property {string} issuer OIDC issuer; empty if there is none
 * @property {string} client_id the console's name there; empty if nobody can sign in
 * @property {string} scopes separated by spaces
 * @property {string} audience audience that the read API demands in tokens
 * @property {string[]} origins everything that the page may connect to
 * @property {string} stack the stack's name
 * @property {boolean} takes_token whether a token in the address signs in; only on the local stack
 */

/** @type {Promise<Configuration> | null} */
let reading = null;

/**
 * Reads `config.json`, once.
 * @returns {Promise<Configuration>}
 */
export function loadConfiguration() {
  reading ??= read().catch((error) => {
    reading = null;
    throw error;
  });
  return reading;
}

/** @returns {Promise<Configuration>} */
async function read() {
  const response = await fetch("config.json");
  if (!response.ok) {
    throw new Error(`The console's configuration cannot be read (${response.status}).`);
  }
  return response.json();
}
