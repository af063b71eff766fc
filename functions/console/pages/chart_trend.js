// NPS over time: a line with its 95 % interval, above the number of answers. Periods without answers break the line;
// periods with so few that the line would show chance are dots. The line to the current period is dotted.

import { chart, compact, count, label, line, picture, round, score } from "./charts.js";
import { h, svg } from "./dom.js";
import { percent } from "./format.js";
import { isAnswered } from "./feedback_query.js";
import { nameOf, tickOf } from "./periods.js";

/** @import {Point} from "./charts.js" */
/** @import {Answered} from "./feedback_query.js" */

/**
 * @typedef {object} Trend
 * @property {Api.PeriodTally[]} periods
 * @property {Api.PeriodTally[] | null} everyone the same periods for all advisors, as a comparison
 * @property {string} period day, week or month
 * @property {string} zone
 * @property {string} openFrom a period that ends at this time or later is not over
 */

/** @typedef {(Api.PeriodTally & Answered & {index: number})[]} Run periods with their indexes */

/**
 * @typedef {object} Scale
 * @property {number} low NPS at the bottom
 * @property {number} high NPS at the top
 * @property {number} step pixels of a period
 * @property {number} most answers of a period
 * @property {(index: number) => number} x
 * @property {(nps: number) => number} y
 * @property {(responses: number) => number} bar
 * @property {(x: number) => number} index
 */

const LEFT = 40;
const RIGHT = 38;
const TOP = 14;
const PLOT = 200;
const GAP = 30;
const STRIP = 40;
const AXIS = 40;
const HEIGHT = TOP + PLOT + GAP + STRIP + AXIS;
const STRIP_BOTTOM = TOP + PLOT + GAP + STRIP;
/** Width in pixels of a date below the axis. */
const TICK_WIDTH = 58;
/**
 * Numbers of periods between two dates below the axis, as people count.
 * @type {Record<string, number[]>}
 */
const STEPS = { day: [1, 2, 7, 14, 28, 56, 112], week: [1, 2, 4, 8, 13, 26, 52], month: [1, 2, 3, 6, 12, 24] };
/** Name of the whole dealership in the comparison with one advisor. */
export const EVERYONE = "all advisors";
/** A point of the line needs at least this many answers. */
const SURE = 5;
const STRONG = "chart-label chart-value";
/** With less space between them, dots would hide the line. */
const DOT_ROOM = 9;

/**
 * @returns {{element: HTMLElement, show: (data: Trend) => void}} periods as
 *   the API's summary has them; period: day, week or month
 */
export function trendChart() {
  const pointer = new Pointer();
  const trend = chart(
    "chart-trend",
    HEIGHT,
    (data, width) => {
      const scale = scaleOf(data, width);
      pointer.follow(data, scale, width);
      return draw(data, scale, width);
    },
    tell,
    pointer.line,
    pointer.note,
    pointer.handle,
  );
  pointer.listen(trend.canvas);
  return trend;
}

/**
 * @param {Trend} data
 * @param {number} width
 * @returns {Scale}
 */
function scaleOf({ periods, everyone }, width) {
  const answered = [...periods, ...(everyone ?? []).filter(isSure)].filter(isAnswered);
  const low = Math.floor(Math.min(0, ...answered.map(({ nps_low: nps }) => nps)) / 25) * 25;
  const high = Math.ceil(Math.max(50, ...answered.map(({ nps_high: nps }) => nps)) / 25) * 25;
  const step = (width - LEFT - RIGHT) / Math.max(1, periods.length);
  const most = Math.max(1, ...periods.map(({ responses }) => responses));
  return {
    low,
    high,
    step,
    most,
    x: (index) => LEFT + (index + 0.5) * step,
    y: (nps) => TOP + ((high - nps) / (high - low)) * PLOT,
    bar: (responses) => (responses / most) * STRIP,
    index: (x) => Math.max(0, Math.min(periods.length - 1, Math.floor((x - LEFT) / step))),
  };
}

/**
 * @param {Trend} data
 * @param {Scale} scale
 * @param {number} width
 */
function draw(data, scale, width) {
  const title = `NPS by ${data.period}`;
  const gaps = `those without answers are gaps, those with fewer than ${SURE} are dots`;
  const description = `${data.periods.length} periods; ${gaps}. The figures are in the table.`;
  return picture(
    { width, height: HEIGHT, title, description },
    drawLevels(scale, width),
    drawBars(data.periods, scale, width),
    drawDates(data, scale),
    runsOf(data.periods).map((run) => drawBand(run, data, scale)),
    runsOf(data.everyone ?? []).map((run) => drawEveryone(run, scale)),
    runsOf(data.periods).map((run) => drawRun(run, data, scale)),
    drawLast(data.periods, scale),
  );
}

/**
 * @param {Scale} scale
 * @param {number} width
 */
function drawLevels({ low, high, y }, width) {
  const levels = [-100, -50, 0, 50, 100].filter((nps) => nps >= low && nps <= high);
  return levels.map((nps) => [
    line(nps ? "chart-grid" : "chart-zero", [LEFT, y(nps)], [width - RIGHT, y(nps)]),
    label(LEFT - 8, y(nps) + 4, String(nps), { "text-anchor": "end" }),
  ]);
}

/**
 * @param {Api.PeriodTally[]} periods
 * @param {Scale} scale
 * @param {number} width
 */
function drawBars(periods, { step, x, bar, most }, width) {
  const thickness = Math.max(1, Math.min(18, step * 0.6));
  const bars = periods.map(
    ({ responses }, index) =>
      responses > 0 &&
      svg("rect", {
        x: round(x(index) - thickness / 2),
        width: round(thickness),
        class: "chart-volume",
        y: round(STRIP_BOTTOM - bar(responses)),
        height: round(bar(responses)),
      }),
  );
  return [
    line("chart-axis", [LEFT, STRIP_BOTTOM], [width - RIGHT, STRIP_BOTTOM]),
    label(LEFT - 8, STRIP_BOTTOM - STRIP + 8, compact(most), { "text-anchor": "end" }),
    label(LEFT - 8, STRIP_BOTTOM, "0", { "text-anchor": "end" }),
    bars,
  ];
}

/**
 * Dates are counted back from the last period, which readers look at first.
 * @param {Trend} data
 * @param {Scale} scale
 */
function drawDates({ periods, period, zone }, { step, x }) {
  const every = STEPS[period].find((size) => size * step >= TICK_WIDTH) ?? periods.length;
  const shown = periods.map((_, index) => index).filter((index) => (periods.length - 1 - index) % every === 0);
  /** @type {string | null} */
  let year = null;
  return shown.map((index) => {
    const date = tickOf(periods[index], period, zone);
    const isNew = date.year !== year;
    year = date.year;
    return [
      line("chart-axis", [x(index), STRIP_BOTTOM], [x(index), STRIP_BOTTOM + 4]),
      label(x(index), STRIP_BOTTOM + 18, date.name, { "text-anchor": "middle" }),
      isNew && label(x(index), STRIP_BOTTOM + 33, date.year, { "text-anchor": "middle", class: STRONG }),
    ];
  });
}

/** @param {Api.PeriodTally} period */
function isSure({ responses }) {
  return responses >= SURE;
}

/**
 * @param {Api.PeriodTally} period
 * @param {Trend} data
 */
function isOpen({ ends }, { openFrom }) {
  return Date.parse(ends) >= Date.parse(openFrom);
}

/**
 * Runs of periods that all have enough answers; a period with fewer is a run of its own.
 * @param {Api.PeriodTally[]} periods
 * @returns {Run[]}
 */
function runsOf(periods) {
  /** @type {Run[]} */
  const runs = [];
  let run = /** @type {Run} */ ([]);
  periods.forEach((period, index) => {
    if (!isAnswered(period)) {
      run = [];
      return;
    }
    if (run.length === 0 || !isSure(period) || !isSure(run[0])) {
      run = [];
      runs.push(run);
    }
    run.push({ ...period, index });
  });
  return runs;
}

/**
 * A line through the periods that are over, dotted to the current one.
 * @param {Run} run
 * @param {Trend} data
 * @param {Scale} scale
 */
function drawRun(run, data, scale) {
  const points = run.map(({ index, nps }) => pointOf(scale.x(index), scale.y(nps)));
  const [over, open] = split(run, data);
  const lines = [
    over > 1 && svg("path", { d: pathOf(points.slice(0, over)), class: "chart-line" }),
    open && over > 0 && svg("path", { d: pathOf(points.slice(over - 1)), class: "chart-line chart-open" }),
  ];
  const dots = run.map((period, place) => {
    const [x, y] = points[place];
    const look = `chart-dot ${isSure(period) ? "" : "chart-dot-few"} ${isOpen(period, data) ? "chart-dot-open" : ""}`;
    const isShown = scale.step >= DOT_ROOM || run.length === 1 || isOpen(period, data);
    return isShown && svg("circle", { cx: round(x), cy: round(y), r: 3.5, class: look.trim() });
  });
  return [lines, dots];
}

/**
 * How many periods of a run are over, and whether the last one is not.
 * @param {Run} run
 * @param {Trend} data
 * @returns {[over: number, open: boolean]}
 */
function split(run, data) {
  const over = run.filter((period) => !isOpen(period, data)).length;
  return [over, over < run.length];
}

/**
 * @param {Run} run
 * @param {Trend} data
 * @param {Scale} scale
 */
function drawBand(run, data, scale) {
  const [over, open] = split(run, data);
  return [
    over > 0 && drawInterval(run.slice(0, over), scale, isSure(run[0]) ? "" : "chart-band-few"),
    open && drawInterval(run.slice(Math.max(0, over - 1)), scale, "chart-band-open"),
  ];
}

/**
 * @param {Run} run
 * @param {Scale} scale
 */
function drawEveryone(run, { x, y }) {
  if (!isSure(run[0])) {
    return null;
  }
  const points = run.map(({ index, nps }) => pointOf(x(index), y(nps)));
  const [[first, height]] = points;
  return points.length > 1
    ? svg("path", { d: pathOf(points), class: "chart-everyone" })
    : svg("circle", { cx: round(first), cy: round(height), r: 2.5, class: "chart-everyone-dot" });
}

/**
 * A band; a single period has no width and gets a bar as wide as a dot.
 * @param {Run} run
 * @param {Scale} scale
 * @param {string} look further classes
 */
function drawInterval(run, { x, y }, look) {
  const sides = run.length === 1 ? [-3.5, 3.5] : [0];
  const upper = sides.flatMap((side) => run.map(({ index, nps_high: nps }) => pointOf(x(index) + side, y(nps))));
  const lower = sides.flatMap((side) => run.map(({ index, nps_low: nps }) => pointOf(x(index) + side, y(nps))));
  return svg("path", { d: `${pathOf([...upper, ...lower.reverse()])}Z`, class: `chart-band ${look}`.trim() });
}

/**
 * @param {Api.PeriodTally[]} periods
 * @param {Scale} scale
 */
function drawLast(periods, { x, y }) {
  const last = periods.findLastIndex(isAnswered);
  const nps = periods[last]?.nps ?? null;
  return nps !== null && label(x(last) + 8, y(nps) + 5, score(nps), { class: STRONG });
}

/**
 * @param {number} x
 * @param {number} y
 * @returns {Point}
 */
function pointOf(x, y) {
  return [x, y];
}

/** @param {Point[]} points */
function pathOf(points) {
  return points.map(([x, y], index) => `${index ? "L" : "M"}${round(x)} ${round(y)}`).join("");
}

/**
 * The text about one period: its name, then lines of values.
 * @param {Api.PeriodTally} period
 * @param {Trend} data
 */
function linesOf(period, data) {
  const { nps, responses, reached, tried } = period;
  const reach = `Reached ${percent(period.reach_rate)}: ${count(reached)} of ${count(tried)} calls`;
  const sample = `${count(responses)} ${responses === 1 ? "answer" : "answers"}`;
  const answers = responses ? [`NPS ${score(nps)}, 95 % interval ${intervalOf(period)}`, sample] : ["No answers"];
  const all = everyoneOf(period, data);
  const others = all ? [`NPS of ${EVERYONE} ${score(all.nps)}, ${count(all.responses)} answers`] : [];
  const name = nameOf(period, data.period, data.zone, isOpen(period, data));
  return [name, ...answers, ...others, tried ? reach : "No calls"];
}

/**
 * The same period for all advisors.
 * @param {Api.PeriodTally} period
 * @param {Trend} data
 */
function everyoneOf({ starts }, { everyone }) {
  return everyone?.find((period) => period.starts === starts);
}

/** @param {Api.PeriodTally} period */
function intervalOf({ nps_low: low, nps_high: high }) {
  return `${score(low)} to ${score(high)}`;
}

/** @param {Trend} data */
function tell(data) {
  return {
    caption: `NPS by ${data.period}`,
    head: ["Time", "NPS", "95 % interval", "Answers", ...(data.everyone ? [`NPS of ${EVERYONE}`] : [])],
    rows: data.periods.map((period) => [
      nameOf(period, data.period, data.zone, isOpen(period, data)),
      score(period.nps),
      period.responses ? intervalOf(period) : "–",
      count(period.responses),
      ...(data.everyone ? [score(everyoneOf(period, data)?.nps ?? null)] : []),
    ]),
  };
}

/** Shows one period's values to a pointer, a finger or the arrow keys. */
class Pointer {
  /** @type {{data: Trend, scale: Scale, width: number} | null} */
  #shown = null;
  #place = -1;

  constructor() {
    this.line = h("div", { class: "chart-cursor", hidden: true });
    this.note = h("div", { class: "chart-note", hidden: true });
    this.handle = h("div", {
      class: "chart-handle",
      tabindex: "0",
      role: "slider",
      "aria-label": "Look at one period",
      "aria-valuemin": 1,
      onKeydown: (event) => this.#press(event),
      onFocus: () => this.#look(this.#place < 0 ? Infinity : this.#place),
      onBlur: () => this.#leave(),
    });
  }

  /** @param {HTMLElement} canvas */
  listen(canvas) {
    canvas.addEventListener("pointermove", (event) => this.#point(canvas, event));
    canvas.addEventListener("pointerdown", (event) => this.#point(canvas, event));
    canvas.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && this.#leave());
  }

  /**
   * @param {Trend} data
   * @param {Scale} scale
   * @param {number} width
   */
  follow(data, scale, width) {
    Object.assign(this.handle.style, { height: `${HEIGHT}px` });
    this.#shown = { data, scale, width };
    this.handle.setAttribute("aria-valuemax", String(data.periods.length));
    this.#describe(data, Math.min(this.#place < 0 ? Infinity : this.#place, data.periods.length - 1));
    if (!this.note.hidden) {
      this.#look(this.#place);
    }
  }

  /**
   * @param {HTMLElement} canvas
   * @param {PointerEvent} event
   */
  #point(canvas, event) {
    if (this.#shown?.data.periods.length) {
      this.#look(this.#shown.scale.index(event.clientX - canvas.getBoundingClientRect().left));
    }
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    /** @type {Record<string, number>} */
    const places = { ArrowLeft: this.#place - 1, ArrowRight: this.#place + 1, Home: 0, End: Infinity };
    if (event.key in places) {
      event.preventDefault();
      this.#look(places[event.key]);
    } else if (event.key === "Escape") {
      this.#leave();
    }
  }

  /** @param {number} wanted */
  #look(wanted) {
    if (!this.#shown) {
      return;
    }
    const { data, scale, width } = this.#shown;
    this.#place = Math.max(0, Math.min(data.periods.length - 1, wanted));
    const x = scale.x(this.#place);
    const [name, ...lines] = this.#describe(data, this.#place);
    this.note.replaceChildren(h("strong", {}, name), ...lines.map((line) => h("span", {}, line)));
    this.line.hidden = this.note.hidden = false;
    Object.assign(this.line.style, { left: `${round(x)}px`, top: `${TOP}px`, height: `${STRIP_BOTTOM - TOP}px` });
    // beside the line, on the side with space, within the chart
    const wide = this.note.offsetWidth;
    const left = x > width / 2 ? x - wide - 12 : x + 12;
    this.note.style.left = `${Math.max(0, Math.min(width - wide, left))}px`;
  }

  /**
   * @param {Trend} data
   * @param {number} place
   */
  #describe(data, place) {
    const period = data.periods[place];
    const lines = period ? linesOf(period, data) : ["No periods"];
    this.handle.setAttribute("aria-valuenow", String(place + 1));
    this.handle.setAttribute("aria-valuetext", lines.join(". "));
    return lines;
  }

  #leave() {
    this.line.hidden = this.note.hidden = true;
  }
}
