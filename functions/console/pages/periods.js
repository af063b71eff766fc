// Names of days, weeks and months, and the period that the reader has chosen.

/**
 * The period that is shown.
 * @typedef {object} Time
 * @property {string} name a key of RANGE_NAMES, or "dates"
 * @property {Date} from
 * @property {Date | null} to exclusive end; null for now
 * @property {number} days
 */

const DAY_MILLISECONDS = 86_400_000;
/**
 * Names in the address -> labels; both views accept all of them.
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
/** Maximum number of periods that the API returns. */
const MOST_DAYS = 397;
const WITH_OFFSET = /^\d{4}-\d{2}-\d{2}T.+(?:Z|[+-]\d{2}:?\d{2})$/;
/** @type {Record<string, Intl.DateTimeFormatOptions>} */
const FORMS = {
  day: { weekday: "short", day: "numeric", month: "short" },
  week: { day: "numeric", month: "short" },
  month: { month: "long" },
};
/** Maximum numbers of days for a trend by day and by week. */
const DAY_BY_DAY = 35;
const WEEK_BY_WEEK = 190;

/**
 * @returns {string} the reader's time zone as IANA names it, whose midnight begins a period
 */
export function readersZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
  return /^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(zone) && zone !== "Etc/Unknown" ? zone : "UTC";
}

/**
 * The period that an address names. Dates are in the reader's time zone, and the last one is included.
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
 * @param {string | null} wanted day, week or month; for anything else a default is chosen
 * @param {number} days
 * @returns {string} one of them, such that the number of periods is neither too small nor too large
 */
export function periodOf(wanted, days) {
  const usual = days <= DAY_BY_DAY ? "day" : days <= WEEK_BY_WEEK ? "week" : "month";
  // One or two weeks or months make no trend.
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
 * @param {boolean} [isOpen] whether it is not over; a week's name then has its last day, in the future
 * @returns {string} "Mon, Nov 2, 2026", "Nov 2 – 8, 2026, so far" or "November 2026"
 */
export function nameOf({ starts, ends }, kind, zone, isOpen = false) {
  const first = new Date(starts);
  const form = new Intl.DateTimeFormat(undefined, { ...FORMS[kind], year: "numeric", timeZone: zone });
  // Noon of the last day, which is right even if the clock changes in that week.
  const last = isOpen ? first.getTime() + 6.5 * DAY_MILLISECONDS : Date.parse(ends) - 1;
  const name = kind === "week" ? form.formatRange(first, new Date(last)) : form.format(first);
  return isOpen ? `${name}, so far` : name;
}

/**
 * @param {{starts: string}} period
 * @param {string} kind
 * @param {string} zone
 * @returns {{name: string, year: string}} labels for an axis
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
 * The begin of a day, or of the day that is `later` days after it; a time with an offset is unchanged. Null if it is
 * neither.
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
