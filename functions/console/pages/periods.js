// Days, weeks and months in words, and the time that the reader looks at.

/**
 * The time that is looked at.
 * @typedef {object} Time
 * @property {string} name a key of RANGE_NAMES, or "dates"
 * @property {Date} from
 * @property {Date | null} to the first moment that is no longer part of it, null for now
 * @property {number} days
 */

const DAY_MILLISECONDS = 86_400_000;
/**
 * Names in the address -> what people call them; both views know all of them.
 * @type {Record<string, string>}
 */
export const RANGE_NAMES = {
  today: "Today",
  yesterday: "Yesterday",
  "7d": "Last 7 days",
  "last-week": "Last week",
  "30d": "Last 30 days",
  "90d": "Last 90 days",
  "365d": "Last 12 months",
};
export const USUAL_RANGE = "90d";
/** The API counts at most so many periods apart. */
const MOST_DAYS = 397;
const WITH_OFFSET = /^\d{4}-\d{2}-\d{2}T.+(?:Z|[+-]\d{2}:?\d{2})$/;
/** @type {Record<string, Intl.DateTimeFormatOptions>} */
const FORMS = {
  day: { weekday: "short", day: "numeric", month: "short" },
  week: { day: "numeric", month: "short" },
  month: { month: "long" },
};
/** Up to so many days, the trend is by the day, or by the week. */
const DAY_BY_DAY = 35;
const WEEK_BY_WEEK = 190;

/**
 * @returns {string} the reader's time zone as IANA names it, in which periods begin
 */
export function readersZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
  return /^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(zone) && zone !== "Etc/Unknown" ? zone : "UTC";
}

/**
 * The time that an address asks for. Dates are the reader's, and the last one is part of it.
 * @param {URLSearchParams} parameters `range`, or `from` and `to`, as 2026-11-30 or as a time with its offset
 * @param {Date} now
 * @returns {Time}
 */
export function timeOf(parameters, now) {
  const first = instantOf(parameters.get("from"), 0);
  const last = instantOf(parameters.get("to"), 1);
  if (first || last) {
    const end = last ?? now;
    const from = first ?? plusDays(end, -rangeOf(USUAL_RANGE, now).days);
    return {
      name: "dates",
      from,
      to: last,
      days: Math.max(1, Math.ceil((end.getTime() - from.getTime()) / DAY_MILLISECONDS)),
    };
  }
  const range = parameters.get("range") ?? "";
  return rangeOf(Object.hasOwn(RANGE_NAMES, range) ? range : USUAL_RANGE, now);
}

/**
 * @param {string} name a key of RANGE_NAMES
 * @param {Date} now
 * @returns {Time}
 */
export function rangeOf(name, now) {
  const today = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  if (name === "yesterday") {
    return { name, from: plusDays(today, -1), to: today, days: 1 };
  }
  if (name === "last-week") {
    const monday = plusDays(today, -((today.getDay() + 6) % 7));
    return { name, from: plusDays(monday, -7), to: monday, days: 7 };
  }
  const days = name === "today" ? 1 : Number.parseInt(name, 10);
  return { name, from: plusDays(today, 1 - days), to: null, days };
}

/**
 * @param {string | null} wanted day, week or month; anything else leaves the choice to us
 * @param {number} days
 * @returns {string} one of them, such that there are neither too few nor too many
 */
export function periodOf(wanted, days) {
  const usual = days <= DAY_BY_DAY ? "day" : days <= WEEK_BY_WEEK ? "week" : "month";
  // Of one or two weeks or months there is no trend.
  /** @type {Record<string, boolean>} */
  const isCountable = {
    day: days <= MOST_DAYS,
    week: days > 2 * 7 && days <= MOST_DAYS * 7,
    month: days > 2 * 31,
  };
  return wanted && isCountable[wanted] ? wanted : usual;
}

/**
 * @param {Date} date
 * @returns {string} 2026-11-30, in the reader's time zone
 */
export function isoDate(date) {
  const parts = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  return parts.map((part) => String(part).padStart(2, "0")).join("-");
}

/**
 * @param {{starts: string, ends: string}} period
 * @param {string} kind day, week or month
 * @param {string} zone
 * @param {boolean} [isOpen] whether it goes on: a week's name then has its last day, which is to come
 * @returns {string} "Mon, Nov 2, 2026", "Nov 2 – 8, 2026, so far" or "November 2026"
 */
export function nameOf({ starts, ends }, kind, zone, isOpen = false) {
  const first = new Date(starts);
  const form = new Intl.DateTimeFormat(undefined, { ...FORMS[kind], year: "numeric", timeZone: zone });
  // In the middle of the last day, whether or not the clock changes in the week.
  const last = isOpen ? first.getTime() + 6.5 * DAY_MILLISECONDS : Date.parse(ends) - 1;
  const name = kind === "week" ? form.formatRange(first, new Date(last)) : form.format(first);
  return isOpen ? `${name}, so far` : name;
}

/**
 * @param {{starts: string}} period
 * @param {string} kind
 * @param {string} zone
 * @returns {{name: string, year: string}} what stands below an axis
 */
export function tickOf({ starts }, kind, zone) {
  const first = new Date(starts);
  /** @type {Intl.DateTimeFormatOptions} */
  const form = kind === "month" ? { month: "short" } : { month: "short", day: "numeric" };
  return {
    name: new Intl.DateTimeFormat(undefined, { ...form, timeZone: zone }).format(first),
    year: new Intl.DateTimeFormat(undefined, { year: "numeric", timeZone: zone }).format(first),
  };
}

/**
 * The beginning of a day, or of one `later`; a time with its offset is taken as it is. Null if it is neither.
 * @param {string | null} text
 * @param {number} later
 */
function instantOf(text, later) {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text ?? "") ?? [];
  const other = new Date(text && WITH_OFFSET.test(text) ? text : NaN);
  const date = year ? new Date(Number(year), Number(month) - 1, Number(day) + later) : other;
  return Number.isNaN(date.getTime()) ? null : date;
}

/**
 * @param {Date} date
 * @param {number} days
 */
function plusDays(date, days) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days);
}
