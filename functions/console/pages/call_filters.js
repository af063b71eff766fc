// What the address asks for, in the API's words; and the same question put to one call that has changed.

import { npsCategoryOf, began, isToCome } from "./call_order.js";
import { ANSWERED, LEAST_DIGITS } from "./constants.js";

/** @typedef {Partial<Record<Api.CallFilter, string>>} Filters */

/**
 * Parameters of the address that narrow the list. Dates are the reader's days; times with an offset are kept.
 * @type {Api.CallFilter[]}
 */
export const FILTERS = [
  "customer",
  "status",
  "outcome",
  "nps_category",
  "reason",
  "from",
  "to",
  "campaign",
  "advisor",
  "direction",
  "demo",
  "to_come",
];
/** Those with a control in the filter bar: calls to come have a row above the list, reasons are in the feedback. */
export const CONTROLS = FILTERS.filter((name) => name !== "to_come" && name !== "reason");
const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;

/**
 * @param {URLSearchParams} address
 * @returns {Filters} the filters that are given
 */
export function filtersIn(address) {
  const given = FILTERS.map((name) => [name, address.get(name)?.trim()]);
  return Object.fromEntries(given.filter(([, value]) => value));
}

/**
 * @param {Filters} filters
 * @returns {Filters} parameters of `GET /calls`; what it would refuse is left out
 */
export function parametersOf(filters) {
  const { from, to, customer, to_come: toCome, ...others } = filters;
  return {
    ...others,
    // What is still to come would bury what has happened; whoever asks for a status gets all that have it.
    to_come: toCome === "true" ? "true" : others.status ? undefined : "false",
    from: from && (startOfDay(from, 0) ?? from),
    to: to && (startOfDay(to, 1) ?? to),
    customer: isTelling(customer) ? customer : undefined,
  };
}

/**
 * @param {string | undefined} customer
 * @returns {boolean} whether the API takes it: some letter, or three digits
 */
export function isTelling(customer) {
  return customer !== undefined && (/\p{L}/u.test(customer) || digitsOf(customer).length >= LEAST_DIGITS);
}

/**
 * Whether a call belongs into the list, as the API decides it.
 * @param {Api.Call} call
 * @param {Filters} filters
 * @returns {boolean}
 */
export function matches(call, filters) {
  const parameters = parametersOf(filters);
  return FILTERS.every((name) => !parameters[name] || TESTS[name](call, parameters[name]));
}

/** @type {Record<Api.CallFilter, (call: Api.Call, value: string) => boolean>} */
const TESTS = {
  status: (call, value) => value.split(",").includes(call.status),
  outcome: (call, value) => call.outcome === value,
  nps_category: (call, value) =>
    ANSWERED.some((outcome) => outcome === call.outcome) && npsCategoryOf(call.nps_score) === value,
  reason: ({ reason }, value) => (value === "any" ? reason !== null : reason === value),
  to_come: (call, value) => String(isToCome(call)) === value,
  direction: (call, value) => value.split(",").some((one) => one === "all" || one === call.direction),
  demo: (call, value) => String(call.demo) === value,
  campaign: (call, value) => String(call.campaign_id) === value,
  advisor: (call, value) => (/^\d+$/.test(value) ? String(call.advisor_id) === value : call.advisor_name === value),
  from: (call, value) => began(call) >= Date.parse(value),
  to: (call, value) => began(call) < Date.parse(value),
  customer: isCalled,
};

/**
 * @param {Api.Call} call
 * @param {string} customer
 */
function isCalled(call, customer) {
  if (!/\p{L}/u.test(customer)) {
    return digitsOf(call.phone).endsWith(digitsOf(customer));
  }
  const names = wordsOf(call.customer_name);
  return wordsOf(customer).every((start) => names.some((name) => name.startsWith(start)));
}

/** @param {string | null | undefined} text */
function wordsOf(text) {
  return (text ?? "")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
}

/** @param {string | null | undefined} text */
function digitsOf(text) {
  return (text ?? "").replace(/[^0-9]/g, "");
}

/**
 * A day as the instant at which it begins here; `later` days after it. Null if it is no day.
 * @param {string} text
 * @param {number} later
 */
function startOfDay(text, later) {
  const [, year, month, day] = DAY.exec(text)?.map(Number) ?? [];
  return year ? new Date(year, month - 1, day + later).toISOString() : null;
}
