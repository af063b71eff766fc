// Unsaved input for follow-ups: it survives a change of row, a change of view, and a sign-in. Like the tokens it is in
// sessionStorage, so it ends with the tab, and no other reader gets it.

import { claimsOf, storedTokens } from "./tokens.js";

/**
 * @typedef {object} Draft
 * @property {string} note
 * @property {string | null} cause null: unchanged
 * @property {string | null} assignee the selected value; null: unchanged
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
    // Storage is full or forbidden; the draft lasts as long as the page shows it.
  }
}

/** @param {string} name */
function keyOf(name) {
  return `autopulse.draft.${claimsOf(storedTokens()?.api_token).sub ?? ""}.${name}`;
}
