// Common parts of all charts. They are SVG, drawn at the available width, so that text has the same size on every
// screen. A table beside each chart has the same values for readers who cannot see it.

import { fill, h, svg } from "./dom.js";

/** @import {Child, Properties} from "./dom.js" */

const whole = new Intl.NumberFormat();
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });

/** @typedef {[x: number, y: number]} Point */

/** @typedef {{head: string[], rows: string[][], caption: string}} Figures a chart's values, as a table */

/**
 * @param {number} count
 * @returns {string} "1,234", in the format of the locale
 */
export function count(count) {
  return whole.format(count);
}

/**
 * @param {number} number
 * @returns {string} "1.2K" for narrow places
 */
export function compact(number) {
  return short.format(number);
}

/**
 * @param {number | null} nps -100 to 100
 * @returns {string} a whole number, as a single answer changes it by more than its decimals
 */
export function score(nps) {
  return typeof nps === "number" ? String(Math.round(nps)) : "–";
}

/**
 * A chart that is drawn again whenever its data or its width changes.
 * @template T
 * @param {string} name its data-testid
 * @param {number} height in pixels, reserved before it is drawn, so that nothing below moves
 * @param {(data: T, width: number) => SVGElement} draw makes the picture from data and width in pixels
 * @param {(data: T) => Figures} tell returns the same values for a table
 * @param {...Node} extras elements over the chart
 * @returns {{element: HTMLElement, canvas: HTMLElement, show: (data: T) => void}}
 */
export function chart(name, height, draw, tell, ...extras) {
  const picture = h("div", { class: "chart-picture", style: { "min-height": `${height}px` } });
  const table = h("div", { class: "visually-hidden" });
  const canvas = h("div", { class: "chart-canvas" }, picture, extras);
  /** @type {{data: T | null, width: number}} */
  const state = { data: null, width: 0 };
  const redraw = () => state.data && state.width > 0 && fill(picture, draw(state.data, state.width));
  new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width);
    if (width !== state.width) {
      state.width = width;
      redraw();
    }
  }).observe(canvas);
  const show = (/** @type {T} */ data) => {
    state.data = data;
    fill(table, tableOf(tell(data)));
    redraw();
  };
  return { element: h("div", { class: "chart", "data-testid": name }, canvas, table), canvas, show };
}

/**
 * The SVG with its name and description; the values are in the table beside it.
 * @param {{width: number, height: number, title: string, description: string}} frame
 * @param {...Child} parts
 * @returns {SVGElement}
 */
export function picture({ width, height, title, description }, ...parts) {
  return svg(
    "svg",
    { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title },
    svg("desc", {}, description),
    parts,
  );
}

/**
 * @param {number} x
 * @param {number} y the baseline
 * @param {string} content
 * @param {Properties} [attributes]
 * @returns {SVGElement}
 */
export function label(x, y, content, attributes) {
  return svg("text", { x: round(x), y: round(y), class: "chart-label", ...attributes }, content);
}

/**
 * @param {string} look its class
 * @param {Point} from
 * @param {Point} to
 * @returns {SVGElement}
 */
export function line(look, [x1, y1], [x2, y2]) {
  return svg("line", { class: look, x1: round(x1), y1: round(y1), x2: round(x2), y2: round(y2) });
}

/**
 * A bar with round ends and full width, on which other bars may lie.
 * @param {number} height in pixels
 * @param {...SVGElement} bars
 * @returns {SVGElement}
 */
export function track(height, ...bars) {
  return svg(
    "svg",
    { width: "100%", height, "aria-hidden": "true" },
    svg("rect", { width: "100%", height, class: "track" }),
    bars,
  );
}

/**
 * @param {number} pixels
 * @returns {number} with one decimal, which is precise enough and short
 */
export function round(pixels) {
  return Math.round(pixels * 10) / 10;
}

/**
 * Round numbers from 0 to a little more than the greatest value.
 * @param {number} greatest
 * @param {number} wanted about how many
 * @returns {number[]} whole numbers, 0 first
 */
export function ticks(greatest, wanted = 4) {
  const rough = Math.max(1, greatest / wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5].map((factor) => factor * power).find((size) => size >= rough) ?? 10 * power;
  return Array.from({ length: Math.ceil(Math.max(1, greatest) / step) + 1 }, (_, index) => index * step);
}

/** @param {Figures} figures */
function tableOf({ caption, head, rows }) {
  return h(
    "table",
    {},
    h("caption", {}, caption),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        head.map((name) => h("th", { scope: "col" }, name)),
      ),
    ),
    h(
      "tbody",
      {},
      rows.map(([first, ...rest]) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, first),
          rest.map((cell) => h("td", {}, cell)),
        ),
      ),
    ),
  );
}
