// One row of the inbox: customer, complaint, assignee and due time, with buttons to take the follow-up and to dial.

import { showScore } from "./call_row.js";
import { fill, h, setHidden } from "./dom.js";
import {
  ageOf,
  assigneeOf,
  customerOf,
  dialLink,
  dueOf,
  isOverdue,
  reasonOf,
  saidIn,
  stateOf,
} from "./follow_up_words.js";
import { phone } from "./format.js";
import { link } from "./router.js";

/** @typedef {Api.ListedFollowUp} FollowUp */

/** @type {Record<string, string>} */
const BADGES = { open: "badge-accent", resolved: "badge-good" };

/**
 * @typedef {object} Marks
 * @property {number | null} openId the follow-up that is open beside the list
 * @property {number | null} currentId the current one of the keyboard
 * @property {boolean} mayWrite
 */

/**
 * @param {(followUp: FollowUp, button: HTMLButtonElement) => void} onTake
 * @returns {{element: HTMLElement, show: (shown: {followUp: FollowUp, marks: Marks}) => void}}
 */
export function followUpRow(onTake) {
  /** @type {FollowUp | null} */
  let shown = null;
  const score = h("span", { class: "score" });
  const name = h("a", { class: "follow-up-link" });
  const vehicle = h("span", { class: "muted" });
  const said = h("p", { class: "follow-up-said" });
  const state = h("span", { class: "badge", "data-testid": "follow-up-row-state" });
  const due = h("span", { class: "follow-up-due", "data-testid": "follow-up-row-due" });
  const facts = h("span", { class: "muted" });
  const dial = h("a", { class: "button follow-up-dial", "data-testid": "follow-up-dial" });
  const take = h(
    "button",
    { type: "button", class: "button button-primary", "data-testid": "follow-up-take" },
    "Take it",
  );
  take.addEventListener("click", () => shown && onTake(shown, take));
  const element = h(
    "li",
    { class: "follow-up-row" },
    h("div", { class: "follow-up-score" }, score),
    h(
      "div",
      { class: "follow-up-main" },
      h("p", { class: "follow-up-who" }, name, " ", vehicle),
      said,
      h("p", { class: "follow-up-line small" }, state, " ", due, " ", facts),
    ),
    h("div", { class: "follow-up-deeds" }, dial, take),
  );

  /** @param {{followUp: FollowUp, marks: Marks}} now */
  const show = ({ followUp, marks: { openId, currentId, mayWrite } }) => {
    const isCurrent = followUp.id === currentId;
    const isLate = isOverdue(followUp);
    shown = followUp;
    element.dataset.followUp = String(followUp.id);
    element.dataset.state = followUp.state;
    element.toggleAttribute("data-overdue", isLate);
    element.toggleAttribute("data-open", followUp.id === openId);
    showScore(score, followUp.nps_score);
    write(name, customerOf(followUp));
    name.setAttribute("href", link({ follow_up: followUp.id }));
    if (followUp.id === openId) {
      name.setAttribute("aria-current", "true");
    } else {
      name.removeAttribute("aria-current");
    }
    write(vehicle, followUp.vehicle ?? "");
    const words = saidIn(followUp);
    said.toggleAttribute("data-quoted", words !== null);
    write(said, words ?? reasonOf(followUp));
    write(state, stateOf(followUp));
    state.className = `badge ${BADGES[followUp.state] ?? ""}`;
    write(due, dueOf(followUp));
    write(facts, factsOf(followUp));
    showDial(dial, followUp);
    setHidden(take, !mayWrite || followUp.state !== "open", name);
    take.setAttribute("aria-label", `Take it: ${customerOf(followUp)}`);
    for (const control of [name, dial, take]) {
      control.tabIndex = isCurrent ? 0 : -1; // the arrow keys move between rows, and Tab leaves the list
    }
  };
  return { element, show };
}

/** @param {FollowUp} followUp */
function factsOf(followUp) {
  const whose = assigneeOf(followUp);
  const advisor = followUp.advisor_name;
  return [
    `${ageOf(followUp.opened_at)} old`,
    whose && `for ${whose}`,
    advisor && advisor !== whose && `advisor ${advisor}`,
    followUp.cause,
  ]
    .filter(Boolean)
    .join(" · ");
}

/**
 * @param {HTMLAnchorElement} dial
 * @param {FollowUp} followUp
 */
function showDial(dial, followUp) {
  const address = dialLink(followUp.phone);
  dial.hidden = address === null;
  dial.setAttribute("href", address ?? "");
  dial.setAttribute("aria-label", `Call ${customerOf(followUp)}, ${phone(followUp.phone)}`);
  write(dial, phone(followUp.phone));
}

/**
 * Writes the text only if it has changed, so that a selection stays.
 * @param {HTMLElement} element
 * @param {string} text
 */
function write(element, text) {
  if (element.textContent !== text) {
    fill(element, text);
  }
}
