// The people that a follow-up can be assigned to, and the causes that are suggested.

import { get } from "./api.js";
import { readReader } from "./reader.js";
import { identity } from "./signin.js";

/** Suggestions that follow the organization's own causes. */
const USUAL_CAUSES = ["Long wait", "Work not done right", "Price", "Hard to reach", "Unfriendly", "Nothing was wrong"];
const MOST_CAUSES = 8;

/**
 * @typedef {object} Choices
 * @property {number | null} me the reader's user id; null if unknown
 * @property {Map<number, string>} people id -> name
 * @property {string[]} causes most frequent first
 */

/**
 * Reads the choices. Values that cannot be read are not offered; a cause can always be typed.
 * @returns {Promise<Choices>}
 */
export async function readChoices() {
  const [reader, summary, advisors] = await Promise.all([
    readReader().catch(() => null),
    get("follow-ups/summary").catch(() => null),
    get("feedback/summary", { group: "advisor", direction: "all" }).catch(() => null),
  ]);
  const me = reader?.user_id ?? null;
  /** @type {Map<number, string>} */
  const people = new Map();
  for (const { key, name } of advisors?.groups ?? []) {
    if (key && /^[1-9]\d{0,9}$/.test(key)) {
      people.set(Number(key), name || `Person ${key}`);
    }
  }
  for (const { assignee_id: id, assignee_name: name } of summary?.assignees ?? []) {
    if (id !== null) {
      people.set(id, name || `Person ${id}`);
    }
  }
  if (me !== null && !people.has(me)) {
    people.set(me, identity()?.name ?? "Me");
  }
  const used = (summary?.causes ?? []).map(({ cause }) => cause);
  const usual = USUAL_CAUSES.filter((cause) => !used.some((known) => known.toLowerCase() === cause.toLowerCase()));
  return { me, people, causes: [...used, ...usual].slice(0, MOST_CAUSES) };
}
