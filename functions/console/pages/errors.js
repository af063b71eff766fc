// Errors of the page's requests.

/** The API answered with an error. */
export class ApiError extends Error {
  /**
   * @param {number} status of HTTP
   * @param {string} code of docs/api.md, such as "not_found"
   * @param {string} message for people
   * @param {string | null} [field] the parameter that is wrong, if one is
   * @param {Api.FollowUp | null} [current] the follow-up as it is now, if the answer has it
   */
  constructor(status, code, message, field = null, current = null) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.field = field;
    this.current = current;
  }
}

/** Nobody answered: the network or the API is unreachable. */
export class OfflineError extends Error {
  /** @param {{cause?: unknown}} [options] */
  constructor(options) {
    super("The server cannot be reached.", options);
    this.name = "OfflineError";
  }
}

/** There is no token, and no way to get one; the message is for readers. */
export class SignInError extends Error {
  /**
   * @param {string} message
   * @param {{cause?: unknown}} [options]
   */
  constructor(message, options) {
    super(message, options);
    this.name = "SignInError";
  }
}

/**
 * @param {unknown} error
 * @returns {string} a message for readers
 */
export function messageOf(error) {
  return error instanceof Error && error.message ? error.message : "Something went wrong.";
}
