// The address's filters as parameters of the API, and the same filters applied to one call that has changed.

import { npsCategoryOf, began, isToCome } from "./call_order.js";
import { ANSWERED, LEAST_DIGITS } from "./constants.js";
import { isoDate, RANGE_NAMES, rangeOf } from "./periods.js";

/** @typedef {Partial<Record<Api.CallFilter, string>>} Asked parameters of `GET /calls` */
/** @typedef {Asked & {range?: string}} Filters */

/**
 * Parameters of the address that filter the list. Dates are days in the reader's time zone; times with an offset are
 * kept.
 * @type {(keyof Filters)[]}
 */
export const FILTERS = [
  "customer",
  "nps_category",
  "range",
  "reason",
  "from",
  "to",
  "status",
  "outcome",
  "campaign",
  "advisor",
  "direction",
  "demo",
  "to_come",
];
/**
 * Filters that are folded first: customer, score and time come before them in the bar.
 * @type {(keyof Filters)[]}
 */
export const OTHERS = ["status", "outcome", "campaign", "advisor", "direction", "demo"];
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
 * The API's parameters for these filters. The conversion is idempotent; a range becomes the days that it means now.
 * @param {Filters} filters
 * @returns {Asked} without values that the API would refuse
 */
export function parametersOf(filters) {
  const { range, customer, to_come: toCome, from: first, to: last, ...others } = filters;
  const isRange = !first && !last && range !== undefined && Object.hasOwn(RANGE_NAMES, range);
  const time = isRange ? rangeOf(range, new Date()) : null;
  const [from, to] = time ? [time.from.toISOString(), time.to?.toISOString()] : [first, last];
  return {
    ...others,
    // Calls to come would bury past ones; a filter by status shows all calls with it.
    to_come: toCome === "true" ? "true" : others.status ? undefined : "false",
    from: from && (startOfDay(from, 0) ?? from),
    to: to && (startOfDay(to, 1) ?? to),
    q: isTelling(customer) ? customer : others.q,
  };
}

/**
 * @param {Filters} filters
 * @returns {string} the name of a file, with its filters, its days, and the time at which it was made
 */
export function fileNameOf({ nps_category: category, range, from, to, outcome, status }) {
  const time = from || to ? `${from ?? "beginning"}-to-${to ?? "now"}` : range;
  const parts = ["calls", category === "none" ? "no-score" : category && `${category}s`, outcome, status, time];
  const name = [...parts, isoDate(new Date())].filter(Boolean).join("-");
  return `${name.replace(/[^\p{L}\p{N}]+/gu, "-").toLowerCase()}.csv`;
}

/**
 * @param {string | undefined} customer
 * @returns {boolean} whether the API accepts it: it needs a letter, or three digits
 */
export function isTelling(customer) {
  return customer !== undefined && (/\p{L}/u.test(customer) || digitsOf(customer).length >= LEAST_DIGITS);
}

/**
 * Whether a call matches the filters, as the API decides it.
 * @param {Api.Call} call
 * @param {Filters} filters
 * @returns {boolean}
 */
export function matches(call, filters) {
  const given = /** @type {[Api.CallFilter, string | undefined][]} */ (Object.entries(parametersOf(filters)));
  return given.every(([name, value]) => !value || TESTS[name](call, value));
}

/**
 * The category of a score that counts; a call to a mailbox may have a score that nobody gave.
 * @param {Api.Call} call
 */
function countedCategoryOf({ outcome, nps_score: score }) {
  return ANSWERED.some((one) => one === outcome) ? npsCategoryOf(score) : null;
}

/** @type {Record<Api.CallFilter, (call: Api.Call, value: string) => boolean>} */
const TESTS = {
  status: (call, value) => value.split(",").includes(call.status),
  outcome: (call, value) => call.outcome === value,
  nps_category: (call, value) => (countedCategoryOf(call) ?? "none") === value,
  reason: ({ reason }, value) => (value === "any" ? reason !== null : reason === value),
  to_come: (call, value) => String(isToCome(call)) === value,
  direction: (call, value) => value.split(",").some((one) => one === "all" || one === call.direction),
  demo: (call, value) => String(call.demo) === value,
  campaign: (call, value) => String(call.campaign_id) === value,
  advisor: (call, value) => (/^\d+$/.test(value) ? String(call.advisor_id) === value : call.advisor_name === value),
  from: (call, value) => began(call) >= Date.parse(value),
  to: (call, value) => began(call) < Date.parse(value),
  customer: isCalled,
  // A call that a search has found stays found; only the API can decide about others.
  q: (call, value) => Boolean(call.match) || isCalled(call, value),
};

/**
 * @param {Api.Call} call
 * @param {string} customer
 */
function isCalled(call, customer) {
  if (!/\p{L}/u.test(customer)) {
    return digitsOf(call.phone).endsWith(digitsOf(customer));
  }
  const names = wordsOf([call.customer_name, call.vehicle, call.advisor_name].join(" "));
  return wordsOf(customer).every((start) => names.some((name) => name.startsWith(start)));
}

/** @param {string | null | undefined} text */
function wordsOf(text) {
  return (text ?? "")
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
}

/** @param {string | null | undefined} text */
function digitsOf(text) {
  return (text ?? "").replace(/[^0-9]/g, "");
}

/**
 * The instant at which a day begins here, or the day that is `later` days after it. Null if it is not a day.
 * @param {string} text
 * @param {number} later
 */
function startOfDay(text, later) {
  const [, year, month, day] = DAY.exec(text)?.map(Number) ?? [];
  return year ? new Date(year, month - 1, day + later).toISOString() : null;
}
