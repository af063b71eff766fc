// What a file for spreadsheets is asked for with.

import { LARGEST_FILE } from "./constants.js";
import { readersZone } from "./periods.js";

/** @import {Parameters} from "./api.js" */

/**
 * Parameters of a file that people open: their clock, words, and a link from each row to its call here.
 * @returns {Parameters}
 */
export function formOfFiles() {
  const { origin, pathname } = window.location;
  return { limit: LARGEST_FILE, form: "people", timezone: readersZone(), console: `${origin}${pathname}` };
}
