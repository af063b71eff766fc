// The frame of every view: the header with navigation, the state of the connection, and the reader.

import { announce, fill, h, svg, whileBusy } from "./dom.js";
import { messageOf } from "./errors.js";
import { live } from "./live.js";
import { forgetReader, readReader } from "./reader.js";
import { location, onNavigate } from "./router.js";
import { canSignIn, identity, signIn, signOut } from "./signin.js";

/** @import {Configuration} from "./configuration.js" */

/** @typedef {Record<string, {title: string}>} Views by their names in the address */

const STATES = {
  connecting: "Connecting: changes will appear by themselves",
  live: "Changes appear by themselves",
  reconnecting: "The connection is lost and will be made again; what you see may be old",
  offline: "You are offline; what you see may be old",
  expired: "Your sign-in has ended",
  refused: "Your account sees no calls",
};
/** A lost connection is shown only after this time. */
const SILENCE_MILLISECONDS = 4000;

/** Filters that both views have: a change of view keeps period, score, campaign and advisor. */
const SHARED = ["range", "from", "to", "nps_category", "campaign", "advisor", "direction", "demo"];

let bannerTimer = 0;

/**
 * Renders the header, and keeps it current.
 * @param {HTMLElement} header
 * @param {{configuration: import("./configuration.js").Configuration, views: Views}} options
 * @returns {() => void} ends it
 */
export function showHeader(header, { configuration, views }) {
  forgetReader(); // it may be another one after a sign-in
  const links = Object.entries(views).map(linkTo);
  const state = h("span", { class: "connection", role: "status", "data-testid": "connection-state" });
  const banner = h("div", { class: "banner", "data-testid": "connection-banner", hidden: true });
  const named = viewsByName();
  fill(
    header,
    h(
      "header",
      { class: "header" },
      brand(configuration),
      whose(),
      h("nav", { class: "views", "aria-label": "Views" }, links),
      named.element,
      state,
      person(),
    ),
    banner,
  );
  const mark = () => markCurrent(links, views);
  const show = () => showState(state, banner);
  mark();
  show();
  live.addEventListener("state", show);
  const ends = [onNavigate(mark), () => live.removeEventListener("state", show), showCounts(links), named.end];
  return () => ends.forEach((end) => end());
}

/**
 * Renders the page for readers who are not signed in.
 * @param {HTMLElement} container
 * @param {import("./configuration.js").Configuration} configuration
 * @param {string} reason why they are signed out; may be empty
 */
export function showSignIn(container, configuration, reason) {
  const problem = h("p", { class: "notice", role: "alert", hidden: !reason, "data-testid": "sign-in-problem" }, reason);
  fill(
    container,
    h(
      "section",
      { class: "card sign-in", "aria-labelledby": "sign-in-title" },
      h("h1", { id: "sign-in-title" }, logo(), "AutoPulse calls"),
      h("p", {}, "Calls to car owners, as they happen, and what came of them."),
      problem,
      canSignIn(configuration) ? signInButton(problem) : howToComeIn(configuration),
      h("p", { class: "muted small" }, configuration.stack),
    ),
  );
}

/** @param {HTMLElement} problem */
function signInButton(problem) {
  const button = h("button", { type: "button", class: "button button-primary", "data-testid": "sign-in" }, "Sign in");
  button.addEventListener("click", async () => {
    button.disabled = true;
    await signIn().catch((error) => {
      fill(problem, messageOf(error)).hidden = false;
      button.disabled = false;
      button.focus();
    });
  });
  return button;
}

/** @param {Configuration} configuration */
function howToComeIn(configuration) {
  const missing = [configuration.issuer ? null : "OidcIssuer", "OidcClientId"].filter(Boolean).join(" and ");
  return h(
    "div",
    { "data-testid": "sign-in-unavailable" },
    h(
      "p",
      {},
      "Nobody can sign in here yet: this stack was not told whom to ask. Its parameters lack ",
      h("code", {}, missing),
      ".",
    ),
    h(
      "p",
      {},
      "On a local stack the way in is the link that ",
      h("code", {}, "make run"),
      " and ",
      h("code", {}, "make up"),
      " give; each holds for a week.",
    ),
  );
}

/** @param {Configuration} configuration */
function brand({ stack }) {
  return h("a", { class: "brand", href: "?view=calls", title: stack }, logo(), h("span", {}, "AutoPulse"));
}

/** The organization and the time zone, because a link may come from somebody elsewhere. */
function whose() {
  const name = h("span", { class: "organization-name", "data-testid": "organization" });
  const zone = h("span", { class: "time-zone muted small", title: "All times are of this time zone" }, zoneName());
  readReader().then(
    ({ organization_name: called }) => fill(name, called),
    () => null,
  ); // the views show the error
  return h("div", { class: "organization" }, name, zone);
}

function zoneName() {
  const parts = new Intl.DateTimeFormat(undefined, { timeZoneName: "longGeneric" }).formatToParts(new Date());
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
}

/**
 * The number of follow-ups in the link to their view. It is loaded after everything else.
 * @param {HTMLAnchorElement[]} links
 * @returns {() => void} ends it
 */
function showCounts(links) {
  const link = links.find(({ dataset }) => dataset.view === "follow-ups");
  let isOver = false;
  let end = () => {};
  import("./follow_up_counts.js").then(
    ({ followUpCounts }) => {
      if (link && !isOver) {
        end = followUpCounts.showIn(link);
      }
    },
    () => null, // the link works without a number
  );
  return () => {
    isOver = true;
    end();
  };
}

/**
 * The button of the saved views; the menu is loaded when it is first opened.
 * @returns {{element: HTMLElement, end: () => void}}
 */
function viewsByName() {
  /** @type {import("./saved_views.js").SavedViews | null} */
  let menu = null;
  const panel = h("section", {
    class: "saved-views-panel",
    id: "saved-views",
    "aria-label": "Saved views",
    hidden: true,
  });
  const button = h(
    "button",
    {
      type: "button",
      class: "button button-quiet",
      "aria-expanded": "false",
      "aria-controls": "saved-views",
      "data-testid": "saved-views",
      onClick: () => whileBusy(button, open),
    },
    "Views",
  );
  const open = async () => {
    try {
      const { savedViews } = await import("./saved_views.js");
      const made = menu ?? (await savedViews(button, panel));
      menu = made;
      made.toggle();
    } catch {
      fill(panel, h("p", { role: "alert" }, "A part of this page is missing. Load it again.")).hidden = false;
    }
  };
  return { element: h("div", { class: "saved-views" }, button, panel), end: () => menu?.end() };
}

/** @param {[string, {title: string}]} view */
function linkTo([name, { title }]) {
  return h("a", { href: `?view=${name}`, "data-view": name }, title);
}

function logo() {
  return svg(
    "svg",
    { class: "logo", viewBox: "0 0 32 32", "aria-hidden": "true" },
    svg("rect", { width: 32, height: 32, rx: 7 }),
    svg("path", { d: "M4 17h6l3-8 5 15 3.5-10 1.5 3h5" }),
  );
}

function person() {
  const { name = "", expiresAt } = identity() ?? {};
  const properties = { type: "button", class: "button button-quiet", "data-testid": "sign-out", onClick: signOut };
  return h(
    "div",
    { class: "person" },
    h("span", { class: "person-name", title: expiresAt && `Signed in until ${expiresAt.toLocaleString()}` }, name),
    h("button", properties, "Sign out"),
  );
}

/**
 * @param {HTMLAnchorElement[]} links
 * @param {Views} views
 */
function markCurrent(links, views) {
  const name = location().get("view") ?? "";
  const current = Object.hasOwn(views, name) ? name : Object.keys(views)[0];
  for (const link of links) {
    link.setAttribute("href", addressOf(link.dataset.view ?? ""));
    if (link.dataset.view === current) {
      link.setAttribute("aria-current", "page");
    } else {
      link.removeAttribute("aria-current");
    }
  }
}

/** @param {string} view */
function addressOf(view) {
  const here = location();
  const kept = SHARED.filter((name) => here.get(name)).map((name) => [name, here.get(name) ?? ""]);
  return `?${new URLSearchParams([["view", view], ...kept])}`;
}

/**
 * @param {HTMLElement} element
 * @param {HTMLElement} banner
 */
function showState(element, banner) {
  element.textContent = live.state;
  element.title = STATES[live.state];
  element.dataset.state = live.state;
  window.clearTimeout(bannerTimer);
  banner.hidden = true;
  const isLost = live.state === "offline" || live.state === "reconnecting";
  bannerTimer = isLost ? window.setTimeout(() => showBanner(banner), SILENCE_MILLISECONDS) : 0;
}

/** @param {HTMLElement} banner */
function showBanner(banner) {
  fill(banner, `${STATES[live.state]}.`).hidden = false;
  announce(STATES[live.state]);
}
