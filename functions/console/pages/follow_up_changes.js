// Changes of follow-ups by the reader, and the messages if a change is refused.

import { get, write } from "./api.js";
import { ApiError, messageOf, OfflineError } from "./errors.js";
import { followUpNews } from "./follow_up_news.js";
import { deedOf } from "./follow_up_words.js";
import { relative } from "./format.js";
import { claimsOf, storedTokens } from "./tokens.js";

/**
 * @typedef {object} Change body of a PATCH; omitted fields do not change
 * @property {string} [state]
 * @property {number | null} [assignee_id]
 * @property {string | null} [cause]
 * @property {string} [note]
 */

/** Nothing was written; the message is for readers. */
export class Refused extends Error {
  /**
   * @param {string} message
   * @param {{cause?: unknown, current?: Api.FollowUpDetail | null, field?: string | null, isGone?: boolean}} [found]
   *   current: the follow-up as somebody else changed it; field: the invalid one; isGone: it no longer exists
   */
  constructor(message, { cause, current = null, field = null, isGone = false } = {}) {
    super(message, { cause });
    this.current = current;
    this.field = field;
    this.isGone = isGone;
  }
}

/**
 * @param {Api.FollowUp} followUp the version that is changed
 * @param {Change} change
 * @returns {Promise<Api.FollowUp>} the changed follow-up; throws Refused
 */
export async function changeFollowUp({ id, version }, change) {
  try {
    const changed = await write("PATCH", `follow-ups/${id}`, change, { version });
    followUpNews.changed(changed);
    return changed;
  } catch (error) {
    if (error instanceof ApiError && error.status === 412) {
      return lookAgain(id, change, error);
    }
    throw refusalOf(error);
  }
}

/**
 * @param {number} callId
 * @param {string} note may be empty
 * @returns {Promise<Api.FollowUp>} the new one; throws Refused
 */
export async function openFollowUp(callId, note) {
  try {
    const opened = await write("POST", `calls/${callId}/follow-up`, note ? { note } : {});
    followUpNews.changed(opened);
    return opened;
  } catch (error) {
    if (error instanceof ApiError && error.status === 409 && error.current) {
      const current = await readAgain(error.current.id);
      const who = current && lastDeed(current);
      throw new Refused(`This call has a follow-up already${who ? `: ${who}` : ""}. It is shown now.`, {
        cause: error,
        current,
      });
    }
    throw refusalOf(error);
  }
}

/**
 * Somebody else changed it first; or this page did, if the answer to its first try was lost.
 * @param {number} id
 * @param {Change} change
 * @param {ApiError} error
 * @returns {Promise<Api.FollowUp>}
 */
async function lookAgain(id, change, error) {
  const current = await readAgain(id);
  const latest = current?.entries[current.entries.length - 1];
  const isDone = current && Object.entries(change).every(([name, value]) => Reflect.get(current, name) === value);
  const isMine = latest?.actor_subject === claimsOf(storedTokens()?.api_token).sub; // else two people call the customer
  if (isDone && latest && isMine && (change.note === undefined || latest.note === change.note)) {
    followUpNews.changed(current);
    return current;
  }
  const who = current && lastDeed(current);
  const text = who ? `Somebody was faster: ${who}.` : "Somebody changed it before you.";
  throw new Refused(`${text} Nothing of yours was saved; look at what is there now, and choose again.`, {
    cause: error,
    current,
  });
}

/**
 * @param {number} id
 * @returns {Promise<Api.FollowUpDetail | null>} null if it cannot be read now
 */
async function readAgain(id) {
  const current = await get(`follow-ups/${id}`).catch(() => null);
  if (current) {
    followUpNews.changed(current);
  }
  return current;
}

/** @param {Api.FollowUpDetail} followUp */
function lastDeed(followUp) {
  const latest = followUp.entries[followUp.entries.length - 1];
  const people = new Map([[followUp.assignee_id ?? 0, followUp.assignee_name ?? "somebody"]]);
  return latest ? `${deedOf(latest, people)} ${relative(latest.at)}` : null;
}

/** @param {unknown} error */
function refusalOf(error) {
  if (error instanceof OfflineError) {
    const why = navigator.onLine ? "The server does not answer" : "You are offline";
    return new Refused(`${why}. It may not be saved; what you wrote is still here. Try it again.`, { cause: error });
  }
  if (!(error instanceof ApiError)) {
    return new Refused(`${messageOf(error)} Nothing was saved.`, { cause: error });
  }
  const { field, status } = error;
  /** @type {Record<number, string>} */
  const texts = {
    403: "You may read follow-ups, and not change them. Nothing was saved. Who manages the accounts can change that.",
    404: "This follow-up is gone: a corrected report of the call does not ask for one any more. Nothing was saved.",
    428: "This page did not say which version it changes. Nothing was saved; load the page again.",
  };
  const text = texts[status] ?? `${error.message} Nothing was saved.`;
  return new Refused(text, { cause: error, field, isGone: status === 404 });
}
