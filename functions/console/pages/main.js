// The start of the console: it reads the configuration, signs the reader in, and mounts the view.

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
 * Name in the address -> title, style sheets and module, which are loaded on first use. The first view is the default.
 * @type {Record<string, View>}
 */
const VIEWS = {
  calls: { title: "Calls", stylesheets: ["calls.css"], load: () => import("./calls.js") },
  "follow-ups": {
    title: "To call back",
    stylesheets: ["calls.css", "follow_ups.css"], // the transcript has the style of the calls view
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
  prepare(VIEWS[currentName()]).catch(() => null); // an early start; an error occurs again where the view is mounted
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
 * A link with another token was opened in this tab: the browser does not reload a page for a new fragment.
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

/** The reader's token names no organization, so no view can show anything, and a retry does not help. */
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
      // After a deploy the modules of an earlier release no longer exist; reloading the page gets the new ones.
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
 * A view's style sheets are active only while it is shown, because several views style the same elements.
 * @param {string[]} names
 */
function useStylesheets(names) {
  shown.stylesheets = names;
  const sheets = /** @type {NodeListOf<HTMLLinkElement>} */ (document.querySelectorAll("[data-view-sheet]"));
  sheets.forEach((sheet) => switchSheet(sheet, names));
}

/**
 * A sheet that is still loading has no rules yet; it is switched when it is loaded.
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
