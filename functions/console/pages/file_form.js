// Parameters of files for spreadsheets.

import { LARGEST_FILE } from "./constants.js";
import { readersZone } from "./periods.js";

/** @import {Parameters} from "./api.js" */

/**
 * Parameters of a file for people: their time zone, labels instead of keys, and a link from each row to its call.
 * @returns {Parameters}
 */
export function formOfFiles() {
  const { origin, pathname } = window.location;
  return { limit: LARGEST_FILE, form: "people", timezone: readersZone(), console: `${origin}${pathname}` };
}
