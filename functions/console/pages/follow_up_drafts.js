// What somebody has typed about a follow-up and not saved: it outlasts another row, another view, and a sign-in.
// In sessionStorage, as the tokens: it ends with the tab, and no other reader gets it.

import { claimsOf, storedTokens } from "./tokens.js";

/**
 * @typedef {object} Draft
 * @property {string} note
 * @property {string | null} cause null: as it is
 * @property {string | null} assignee of the choice; null: as it is
 */

/** @type {Draft} */
export const NOTHING = { note: "", cause: null, assignee: null };

/**
 * @param {string} name such as "7", of the follow-up
 * @returns {Draft}
 */
export function readDraft(name) {
  try {
    return { ...NOTHING, ...JSON.parse(sessionStorage.getItem(keyOf(name)) ?? "{}") };
  } catch {
    return NOTHING;
  }
}

/**
 * @param {string} name
 * @param {Draft} draft
 */
export function keepDraft(name, draft) {
  if (draft.note === "" && draft.cause === null && draft.assignee === null) {
    sessionStorage.removeItem(keyOf(name));
    return;
  }
  try {
    sessionStorage.setItem(keyOf(name), JSON.stringify(draft));
  } catch {
    // Full or forbidden: it lasts as long as the page shows it.
  }
}

/** @param {string} name */
function keyOf(name) {
  return `autopulse.draft.${claimsOf(storedTokens()?.api_token).sub ?? ""}.${name}`;
}
