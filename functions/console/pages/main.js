// The console's beginning: what stack this is, who reads, and which view they want.

import { loadConfiguration } from "./configuration.js";
import { fill, h } from "./dom.js";
import { messageOf } from "./errors.js";
import { live } from "./live.js";
import { location, nameThis, onNavigate, startRouter } from "./router.js";
import { showHeader, showSignIn } from "./shell.js";
import { onSignedOut, resumeSignIn } from "./signin.js";
import { failure, loading } from "./placeholders.js";

/** @import {Configuration} from "./configuration.js" */

/**
 * @typedef {object} View
 * @property {string} title
 * @property {string[]} stylesheets
 * @property {() => Promise<{mount: (place: HTMLElement) => () => void}>} load
 */

/**
 * Name in the address -> title, stylesheet and module, loaded when somebody looks. The first is the usual one.
 * @type {Record<string, View>}
 */
const VIEWS = {
  calls: { title: "Calls", stylesheets: ["calls.css"], load: () => import("./calls.js") },
  "follow-ups": {
    title: "To call back",
    stylesheets: ["calls.css", "follow_ups.css"], // the words of a call look as they do beside the list of calls
    load: () => import("./follow_ups.js"),
  },
  feedback: { title: "Feedback", stylesheets: ["feedback.css"], load: () => import("./feedback.js") },
};

const container = /** @type {HTMLElement} */ (document.getElementById("view"));
const header = /** @type {HTMLElement} */ (document.getElementById("header"));
/** @type {{name: string | null, stylesheets: string[], unmount: () => void, turn: number}} */
const shown = { name: null, stylesheets: [], unmount: () => {}, turn: 0 };
/** @type {Map<string, Promise<void>>} */
const stylesheets = new Map();
/** @type {() => void} */
let leave = () => {};

async function start() {
  prepare(VIEWS[currentName()]).catch(() => null); // early; what fails here fails again where it is shown
  const configuration = await loadConfiguration();
  window.addEventListener("hashchange", () => comeInBy(configuration));
  onSignedOut((reason) => showStranger(configuration, reason));
  startRouter();
  await comeIn(configuration);
}

/** @param {Configuration} configuration */
async function comeIn(configuration) {
  try {
    if (await resumeSignIn()) {
      showReader(configuration);
    } else {
      showStranger(configuration, "");
    }
  } catch (error) {
    showStranger(configuration, messageOf(error));
  }
}

/**
 * Somebody opened a link with another token in this tab: the browser loads nothing for a new fragment.
 * @param {Configuration} configuration
 */
function comeInBy(configuration) {
  if (window.location.hash.startsWith("#token=")) {
    leave();
    comeIn(configuration);
  }
}

/** @param {Configuration} configuration */
function showReader(configuration) {
  const endHeader = showHeader(header, { configuration, views: VIEWS });
  const endRoute = onNavigate(() => showView());
  const refuse = () => live.state === "refused" && showRefusal();
  live.addEventListener("state", refuse);
  leave = () => {
    endHeader();
    endRoute();
    live.removeEventListener("state", refuse);
    live.stop();
    shown.unmount();
    Object.assign(shown, { name: null, unmount: () => {}, turn: shown.turn + 1 });
    fill(header);
    leave = () => {};
  };
  live.start(configuration);
  showView();
}

/** Somebody whose token names no organization: nothing that a view could show or try again would help. */
function showRefusal() {
  shown.unmount();
  Object.assign(shown, { name: null, unmount: () => {}, turn: shown.turn + 1 });
  document.title = "No access – AutoPulse";
  fill(container, failure(live.refusal));
}

/**
 * @param {Configuration} configuration
 * @param {string} reason
 */
function showStranger(configuration, reason) {
  leave();
  document.title = "AutoPulse calls";
  showSignIn(container, configuration, reason);
}

async function showView() {
  const name = currentName();
  if (name === shown.name || live.state === "refused") {
    return;
  }
  shown.unmount();
  const isFirst = shown.name === null;
  Object.assign(shown, { name, unmount: () => {}, turn: shown.turn + 1 });
  nameThis(VIEWS[name].title);
  fill(container, loading());
  if (!isFirst) {
    container.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
  await mount(VIEWS[name], shown.turn);
}

/**
 * @param {View} view
 * @param {number} turn
 */
async function mount(view, turn) {
  try {
    const module = await prepare(view);
    if (turn === shown.turn) {
      const place = h("div", { class: "view" });
      useStylesheets(view.stylesheets);
      fill(container, place);
      shown.unmount = module.mount(place);
    }
  } catch (error) {
    if (turn === shown.turn) {
      // A module of an earlier release is gone after a deploy: only the page itself leads to the new one.
      fill(
        container,
        failure(error, () => window.location.reload()),
      );
    }
  }
}

/** @param {View} view */
async function prepare(view) {
  const [module] = await Promise.all([view.load(), ...view.stylesheets.map(loadStylesheet)]);
  return module;
}

/** @param {string} name */
function loadStylesheet(name) {
  if (!stylesheets.has(name)) {
    stylesheets.set(
      name,
      new Promise((resolve, reject) => {
        const missing = () => reject(new Error("A part of this page is missing. Load it again."));
        const href = new URL(`./${name}`, import.meta.url).href;
        const sheet = h("link", { rel: "stylesheet", href, onError: missing, "data-view-sheet": name });
        sheet.addEventListener("load", () => {
          switchSheet(sheet, shown.stylesheets);
          resolve();
        });
        document.head.append(sheet);
      }),
    );
  }
  return stylesheets.get(name);
}

/**
 * A view's rules hold as long as it is shown: several views have scores and facts, and each draws its own.
 * @param {string[]} names
 */
function useStylesheets(names) {
  shown.stylesheets = names;
  const sheets = /** @type {NodeListOf<HTMLLinkElement>} */ (document.querySelectorAll("[data-view-sheet]"));
  sheets.forEach((sheet) => switchSheet(sheet, names));
}

/**
 * A sheet that has not come yet has no rules to switch; it is switched when it comes.
 * @param {HTMLLinkElement} link
 * @param {string[]} names
 */
function switchSheet({ sheet, dataset }, names) {
  if (sheet) {
    sheet.disabled = !names.includes(dataset.viewSheet ?? "");
  }
}

function currentName() {
  const name = location().get("view") ?? "";
  return Object.hasOwn(VIEWS, name) ? name : Object.keys(VIEWS)[0];
}

start().catch((error) =>
  fill(
    container,
    failure(error, () => window.location.reload()),
  ),
);
