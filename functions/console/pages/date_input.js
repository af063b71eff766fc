// A date control: a date counts when typing has stopped, not with every digit of its year.

import { h } from "./dom.js";

/** @import {Properties} from "./dom.js" */

const TYPING_MILLISECONDS = 400;
/** While 2026 is typed, the control has the years 2, 20 and 202. */
const FIRST_YEAR = 2000;

/**
 * @param {Properties} properties of the input
 * @param {(day: string, options: {replace: boolean}) => void} choose gets a day as 2026-11-30, or "" for none; replace:
 *   whether it replaces an earlier choice since the control got the focus, also in the browser's history
 * @returns {{element: HTMLInputElement, stop: () => void}}
 */
export function dateInput(properties, choose) {
  let timer = 0;
  /** @type {string | null} */
  let chosen = null;
  let hasChosen = false;
  const take = () => {
    window.clearTimeout(timer);
    const { value, validity } = element;
    const isReady = !validity.badInput && (value === "" || Number(value.slice(0, 4)) >= FIRST_YEAR);
    if (isReady && value !== chosen) {
      chosen = value;
      choose(value, { replace: hasChosen });
      hasChosen = true;
    }
  };
  const wait = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(take, TYPING_MILLISECONDS);
  };
  const arrive = () => {
    chosen = element.value;
    hasChosen = false;
  };
  const element = h("input", {
    ...properties,
    type: "date",
    min: `${FIRST_YEAR}-01-01`,
    max: "2099-12-31",
    onFocus: arrive,
    onInput: wait,
    onChange: wait,
    onBlur: take,
    onKeydown: (event) => event.key === "Enter" && take(),
  });
  return { element, stop: () => window.clearTimeout(timer) };
}
