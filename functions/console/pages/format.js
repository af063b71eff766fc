// Formats values in the browser's language and time zone. An invalid value becomes a dash.

const NONE = "–";
/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const calendar = new Intl.DateTimeFormat(undefined, {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "numeric",
  minute: "2-digit",
});
const distance = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const places = new Intl.PluralRules("en", { type: "ordinal" });
/** @type {Record<string, string>} */
const ENDINGS = { one: "st", two: "nd", few: "rd", other: "th" };
const money = new Intl.NumberFormat(undefined, { style: "currency", currency: "USD", maximumFractionDigits: 4 });
const ratio = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });

/**
 * @param {string | null | undefined} iso
 * @returns {string} hours and minutes
 */
export function time(iso) {
  const date = read(iso);
  return date ? clock.format(date) : NONE;
}

/**
 * @param {string | null | undefined} iso
 * @returns {string} date, hours and minutes
 */
export function dateTime(iso) {
  const date = read(iso);
  return date ? calendar.format(date) : NONE;
}

/**
 * @param {string | null | undefined} iso
 * @returns {string} "5 minutes ago"
 */
export function relative(iso) {
  const date = read(iso);
  if (!date) {
    return NONE;
  }
  const seconds = (date.getTime() - Date.now()) / 1000;
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return distance.format(Math.round(seconds / size), unit);
}

/**
 * @param {number | null | undefined} seconds
 * @returns {string} "3:05", or "1:02:03" from an hour on
 */
export function duration(seconds) {
  if (typeof seconds !== "number" || !Number.isFinite(seconds) || seconds < 0) {
    return NONE;
  }
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 60) % 60, whole % 60];
  const hours = Math.floor(whole / 3600);
  const [first, ...rest] = hours ? [hours, ...parts] : parts;
  return [first, ...rest.map((part) => String(part).padStart(2, "0"))].join(":");
}

/**
 * @param {number | null | undefined} amount in US dollars
 * @returns {string} "$0.0816"
 */
export function dollars(amount) {
  return typeof amount === "number" && Number.isFinite(amount) ? money.format(amount) : NONE;
}

/**
 * @param {number | null | undefined} milliseconds
 * @returns {string} "0.9 s"
 */
export function seconds(milliseconds) {
  return typeof milliseconds === "number" && Number.isFinite(milliseconds)
    ? `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 1 : 0)} s`
    : NONE;
}

/**
 * @param {string | null | undefined} text
 * @returns {string} "+1 202 555 0147" for a North American number; others are unchanged
 */
export function phone(text) {
  const match = /^\+?1?(\d{3})(\d{3})(\d{4})$/.exec((text ?? "").replace(/[\s().-]/g, ""));
  return match ? `+1 ${match[1]} ${match[2]} ${match[3]}` : text || NONE;
}

/**
 * @param {number | null | undefined} share 0 to 1
 * @returns {string} "42 %", in the format of the locale
 */
export function percent(share) {
  if (typeof share !== "number" || !Number.isFinite(share)) {
    return NONE;
  }
  // A share of almost 0 or 1 is not rounded to 0 or 1.
  if (share > 0 && share < 0.005) {
    return `< ${ratio.format(0.01)}`;
  }
  return share < 1 && share >= 0.995 ? `> ${ratio.format(0.99)}` : ratio.format(share);
}

/**
 * @param {string | null | undefined} name a value of the API, such as a status, an outcome or a direction
 * @returns {string} "No answer" for "no_answer"
 */
export function words(name) {
  const text = (name ?? "").replace(/[_-]+/g, " ").trim().toLowerCase();
  return text ? text[0].toUpperCase() + text.slice(1) : NONE;
}

/**
 * @param {number} first score
 * @param {number} last score
 * @returns {string} "7, 8", or "0 to 6" of more than two
 */
export function scoresOf(first, last) {
  return last - first > 1 ? `${first} to ${last}` : `${first}, ${last}`;
}

/**
 * @param {number} number
 * @returns {string} "1st", "22nd"
 */
export function ordinal(number) {
  return `${number}${ENDINGS[places.select(number)]}`;
}

/** @param {string | null | undefined} iso */
function read(iso) {
  const date = new Date(iso ?? NaN);
  return Number.isNaN(date.getTime()) ? null : date;
}
