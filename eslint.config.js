// What the console's modules must not do, and what they must say. tests/unit/test_javascript_rules.py proves each rule.

import js from "@eslint/js";

/** @import {Rule} from "eslint" */
/** @import {ExportNamedDeclaration} from "estree" */

const MARKUP = "Make elements with h() of dom.js: text must never become markup.";

/** Properties that make markup or code out of text, keep something on the device, or reach other windows. */
const REFUSED_PROPERTIES = {
  ...Object.fromEntries(
    ["innerHTML", "outerHTML", "srcdoc", "insertAdjacentHTML", "setHTML", "setHTMLUnsafe", "parseHTMLUnsafe"]
      .concat(["createContextualFragment", "write", "writeln", "parseFromString"])
      .map((property) => [property, MARKUP]),
  ),
  localStorage: "What is stored there outlives the tab: tokens.js has the tab's own storage.",
  cookie: "Cookies go to the server with every request.",
  postMessage: "Other windows have no business here.",
  cssText: "The policy of the page refuses inline styles: set one property.",
};

const REFUSED_GLOBALS = {
  localStorage: REFUSED_PROPERTIES.localStorage,
  indexedDB: REFUSED_PROPERTIES.localStorage,
  DOMParser: MARKUP,
  XMLHttpRequest: "api.js asks the server, with fetch.",
  postMessage: REFUSED_PROPERTIES.postMessage,
  location: "Import location() of router.js, or say window.location.",
  event: "Take it as an argument.",
  name: "It is the window's.",
};

const ADDRESS = "The console names no other host, and nothing by a path from the root: its own path is the stack's.";

const INLINE = "The policy of the page refuses code and styles in attributes: give h() a function, or an object.";

const REFUSED_SYNTAX = [
  ["Literal[value=/^(https?|wss?):\\u002F\\u002F(?!www\\.w3\\.org\\u002F2000\\u002Fsvg$)\\w/]", ADDRESS],
  ["TemplateElement[value.raw=/(https?|wss?):\\u002F\\u002F\\w/]", ADDRESS],
  ["Literal[value=/^\\u002F\\w/]", ADDRESS],
  ["TemplateElement:first-child[value.raw=/^\\u002F\\w/]", ADDRESS],
  ["Property:matches([key.name=/^on[A-Z]/], [key.value=/^on/])[value.type=/Literal$/]", INLINE],
  ["CallExpression[callee.property.name='setAttribute'][arguments.0.value=/^(on|style$)/]", INLINE],
  ["Property:matches([key.name=/^(srcdoc|(inner|outer)HTML)$/], [key.value=/^(srcdoc|(inner|outer)HTML)$/])", MARKUP],
  ["CallExpression[callee.property.name='setAttribute'][arguments.0.value='srcdoc']", MARKUP],
  [
    "CallExpression[callee.name=/^(h|svg)$/] > ObjectExpression > Property[key.name='style'][value.type=/Literal$/]",
    INLINE,
  ],
  [
    "ImportExpression[source.value!=/^\\.\\u002F[a-z_]+\\.js$/]",
    "Name a module of ours, so that one sees what is loaded.",
  ],
  ["ExportAllDeclaration", "Name what is exported."],
  ["ExportDefaultDeclaration", "Name what is exported."],
].map(([selector, message]) => ({ selector, message }));

/**
 * Every exported function and class says in a JSDoc comment what its types cannot.
 * @type {Rule.RuleModule}
 */
const describedExports = {
  meta: { type: "suggestion", schema: [], messages: { bare: "Describe what is exported in a /** comment */." } },
  create(context) {
    const check = (/** @type {ExportNamedDeclaration} */ node) => {
      const kind = node.declaration?.type;
      const last = context.sourceCode.getCommentsBefore(node).at(-1);
      const isDescribed = last?.type === "Block" && last.value.startsWith("*");
      if ((kind === "FunctionDeclaration" || kind === "ClassDeclaration") && !isDescribed) {
        context.report({ node, messageId: "bare" });
      }
    };
    return { ExportNamedDeclaration: check };
  },
};

export default [
  { ignores: [".venv", ".local", ".aws-sam", "node_modules", "functions/console/pages/vendor"] },
  { linterOptions: { reportUnusedDisableDirectives: "error", reportUnusedInlineConfigs: "error" } },
  js.configs.recommended,
  {
    files: ["**/*.js"],
    languageOptions: {
      ecmaVersion: 2024,
      sourceType: "module",
      // The rules that look for evaluated text need to know that these are the browser's own.
      globals: { window: "readonly", globalThis: "readonly", setTimeout: "readonly", setInterval: "readonly" },
    },
    rules: {
      "no-undef": "off", // tsc knows what a browser has
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-shadow-restricted-names": "error",
      "no-console": "error",
      "no-alert": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-script-url": "error",
    },
  },
  {
    files: ["functions/console/pages/**/*.js"],
    plugins: { console: { rules: { "described-exports": describedExports } } },
    rules: {
      "console/described-exports": "error",
      "no-restricted-globals": ["error", ...entries(REFUSED_GLOBALS, "name")],
      "no-restricted-properties": ["error", ...entries(REFUSED_PROPERTIES, "property")],
      "no-restricted-syntax": ["error", ...REFUSED_SYNTAX],
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { regex: "^(?!\\./[a-z_]+\\.js$|\\./vendor/oauth4webapi\\.js$)", message: "Import files of ours." },
          ],
        },
      ],
    },
  },
];

function entries(/** @type {Record<string, string>} */ messages, /** @type {"name" | "property"} */ key) {
  return Object.entries(messages).map(([name, message]) => ({ [key]: name, message }));
}
