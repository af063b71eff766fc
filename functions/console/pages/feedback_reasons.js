// The counts of the reasons; a click on one filters the list of what customers said.

import { count, round, track } from "./charts.js";
import { fill, h, svg } from "./dom.js";
import { card } from "./feedback_figures.js";
import { keyedList } from "./keyed_list.js";
import { isPlainClick, link, navigate } from "./router.js";

/** @typedef {Api.ReasonCount & {share: number, before: number | null, chosen: boolean}} Row */

/**
 * @param {() => void} onChoice called when a reason is chosen
 * @returns {{element: HTMLElement, show: (reasons: Api.ReasonCount[], before: Api.ReasonCount[] | null) => void,
 *   choose: (key: string | null) => void}} show: the reasons of a period, and of the preceding one if known;
 *   choose: marks a reason
 */
export function reasonsCard(onChoice) {
  const list = h("ol", { class: "reasons", role: "list", "data-testid": "reasons" });
  const nothing = h("p", { class: "muted" }, "Nobody complained in this time.");
  const sum = h("span", { class: "muted small", "data-testid": "reasons-sum" });
  const arrange = keyedList(
    list,
    (/** @type {Row} */ { key }) => key,
    ({ key }) => reasonRow(key, onChoice),
  );
  const element = card("What went wrong", sum, "card-reasons", list, nothing);
  /** @type {{reasons: Api.ReasonCount[], before: Api.ReasonCount[] | null, chosen: string | null}} */
  const state = { reasons: [], before: null, chosen: null };
  const draw = () => {
    const { reasons, before, chosen } = state;
    const most = Math.max(1, ...reasons.map(({ count: calls }) => calls));
    const earlier = before && new Map(before.map(({ key, count: calls }) => [key, calls]));
    nothing.hidden = reasons.length > 0;
    const calls = reasons.reduce((total, { count: more }) => total + more, 0);
    fill(sum, calls ? `${count(calls)} ${calls === 1 ? "call" : "calls"}, each with one reason` : "");
    arrange(
      reasons.map((reason) => ({
        ...reason,
        share: reason.count / most,
        before: earlier && (earlier.get(reason.key) ?? 0),
        chosen: reason.key === chosen,
      })),
    );
  };
  /**
   * @param {Api.ReasonCount[]} reasons
   * @param {Api.ReasonCount[] | null} before
   */
  const show = (reasons, before) => {
    Object.assign(state, { reasons, before });
    draw();
  };
  /** @param {string | null} key */
  const choose = (key) => {
    state.chosen = key;
    draw();
  };
  return { element, show, choose };
}

/**
 * A row keeps its link element, which may have the focus.
 * @param {string} key
 * @param {() => void} onChoice
 */
function reasonRow(key, onChoice) {
  let isChosen = false;
  /** @param {MouseEvent} event */
  const choose = (event) => {
    if (isPlainClick(event)) {
      event.preventDefault();
      const leaves = isChosen;
      navigate({ reason: leaves ? null : key });
      if (!leaves) {
        onChoice(); // the list may be outside the window
      }
    }
  };
  const name = h("span", { class: "reason-name" });
  const earlier = h("span", { class: "reason-before muted small" });
  const number = h("strong", { class: "reason-count" });
  const bar = svg("rect", { height: 8, rx: 4, class: "category-detractor" });
  const anchor = h("a", { class: "reason", onClick: choose }, name, track(8, bar), number, earlier);
  /** @param {Row} row */
  const show = ({ label, count: calls, share, before, chosen }) => {
    isChosen = chosen;
    fill(name, label);
    fill(number, count(calls));
    fill(earlier, before === null ? "" : `before: ${count(before)}`);
    bar.setAttribute("width", `${round(Math.max(0.5, share * 100))}%`);
    anchor.setAttribute("href", link({ reason: chosen ? null : key }));
    anchor.setAttribute("aria-current", String(chosen));
    anchor.title = chosen ? "Show every reason" : "";
  };
  return { element: h("li", { "data-reason": key }, anchor), show };
}
