"""The linter refuses what the console's modules must not do: each rule with an example that it has to find."""

import json
import subprocess
from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.contract.stack import ROOT

TEXT: Final = "text must never become markup"
PROPERTIES: Final = {
    "innerHTML": 'document.body.innerHTML = "<p>";',
    "outerHTML": 'document.body.outerHTML = "<p>";',
    "srcdoc": "frame.srcdoc = text;",
    "insertAdjacentHTML": 'document.body.insertAdjacentHTML("beforeend", text);',
    "setHTML": "document.body.setHTML(text);",
    "setHTMLUnsafe": "document.body.setHTMLUnsafe(text);",
    "parseHTMLUnsafe": "Document.parseHTMLUnsafe(text);",
    "createContextualFragment": "range.createContextualFragment(text);",
    "write": "document.write(text);",
    "writeln": "document.writeln(text);",
    "parseFromString": 'parser.parseFromString(text, "text/html");',
    "localStorage": "window.localStorage.clear();",
    "cookie": 'document.cookie = "a=b";',
    "postMessage": 'window.opener.postMessage("hello", "*");',
    "cssText": 'element.style.cssText = "color: red";',
}
GLOBALS: Final = {
    "localStorage": "localStorage.clear();",
    "indexedDB": 'indexedDB.open("a");',
    "DOMParser": "new DOMParser();",
    "XMLHttpRequest": "new XMLHttpRequest();",
    "postMessage": 'postMessage("hello");',
    "location": 'location.href = "?";',
    "event": "event.preventDefault();",
    "name": "name.trim();",
}
RULES: Final = {
    "no-eval": ["eval(text);", "window.eval(text);"],
    "no-implied-eval": ['setTimeout("go()", 1);', 'window.setInterval("go()", 1);'],
    "no-new-func": ["new Function(text)();", "Function(text)();"],
    "no-script-url": ['const href = "javascript:void(0)";'],
    "no-console": ["console.log(1);"],
    "no-alert": ["alert(1);"],
    "no-var": ["var one = 1;"],
    "prefer-const": ["let one = 1; export const two = one;"],
    "eqeqeq": ["export const isOne = (one) => one == 1;"],
    "no-restricted-imports": [
        'import x from "https://cdn.example.com/x.js";',
        'import { x } from "lodash";',
        'import { x } from "../x.js";',
        'export { x } from "/x.js";',
    ],
    "console/described-exports": [
        "export function bare() {}",
        "export async function bare() {}",
        "// not for a tool\nexport class Bare {}",
    ],
    "no-unused-vars": ["const unused = 1;"],
}
SYNTAX: Final = {
    "names no other host": [
        'fetch("https://example.com/");',
        'new WebSocket("wss://example.com");',
        "fetch(`http://example.com/${one}`);",
        'anchor.href = "/v1/calls";',
        "fetch(`/v1/calls/${one}`);",
    ],
    "refuses code and styles in attributes": [
        'h("a", { onclick: "go()" });'.replace("onclick", '"onclick"'),
        "h('a', { onClick: `go()` });",
        'element.setAttribute("onclick", "go()");',
        'element.setAttribute("style", "color: red");',
        'h("p", { style: "color: red" });',
        "svg('path', { style: `fill: ${one}` });",
    ],
    TEXT: [
        'h("iframe", { srcdoc: text });',
        "Object.assign(element, { innerHTML: text });",
        'Object.assign(element, { "outerHTML": text });',
        'element.setAttribute("srcdoc", text);',
    ],
    "Name a module of ours": ["import(`./${one}.js`);", 'import("https://example.com/x.js");', "import(one);"],
    "Name what is exported": ['export * from "./dom.js";', "export default 1;"],
}
ALLOWED: Final = (
    'document.createElementNS("http://www.w3.org/2000/svg", "svg");',
    'import { h } from "./dom.js";\nh("p", { style: { color: "red" }, onClick: () => {} });',
    'import("./oidc.js");',
    'new Intl.NumberFormat("en", { style: "currency" });',
    "sessionStorage.clear();",
    "/** What it is for. */\nexport function described() {}",
    "window.setTimeout(() => {}, 1);",
)
_EXAMPLES: Final = [
    *PROPERTIES.values(),
    *GLOBALS.values(),
    *(one for examples in (RULES | SYNTAX).values() for one in examples),
    *ALLOWED,
]

Messages = list[Mapping[str, str]]


@pytest.fixture(scope="module")
def linted() -> Mapping[str, Any]:
    """By `found`, what the linter said of each example; by `rules`, what is configured."""
    command = [str(ROOT / ".venv" / "bin" / "node"), "tests/contract/lint_texts.js"]
    done = subprocess.run(  # noqa: S603 - our own
        command, cwd=ROOT, input=json.dumps(_EXAMPLES), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    return {"found": dict(zip(_EXAMPLES, answer["found"], strict=True)), "rules": answer["rules"]}


def _said(linted: Mapping[str, Any], example: str, rule: str) -> list[str]:
    return [message["message"] for message in linted["found"][example] if message["rule"] == rule]


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_property_that_is_refused_is_found(linted: Mapping[str, Any], name: str) -> None:
    assert any(
        f"'{name}' is restricted" in said for said in _said(linted, PROPERTIES[name], "no-restricted-properties")
    )


@pytest.mark.parametrize("name", GLOBALS)
def test_a_global_that_is_refused_is_found(linted: Mapping[str, Any], name: str) -> None:
    assert any(f"'{name}'" in said for said in _said(linted, GLOBALS[name], "no-restricted-globals"))


@pytest.mark.parametrize(("rule", "example"), [(rule, one) for rule, examples in RULES.items() for one in examples])
def test_a_rule_finds_its_example(linted: Mapping[str, Any], rule: str, example: str) -> None:
    assert _said(linted, example, rule)


@pytest.mark.parametrize(("message", "example"), [(said, one) for said, examples in SYNTAX.items() for one in examples])
def test_syntax_that_is_refused_is_found(linted: Mapping[str, Any], message: str, example: str) -> None:
    assert any(message in said for said in _said(linted, example, "no-restricted-syntax"))


@pytest.mark.parametrize("example", ALLOWED)
def test_what_the_console_needs_is_allowed(linted: Mapping[str, Any], example: str) -> None:
    assert [one for one in linted["found"][example] if one["rule"] != "no-unused-vars"] == []


def test_every_configured_name_and_selector_has_an_example(linted: Mapping[str, Any]) -> None:
    rules = linted["rules"]
    assert {one["property"] for one in rules["no-restricted-properties"][1:]} == set(PROPERTIES)
    assert {one["name"] for one in rules["no-restricted-globals"][1:]} == set(GLOBALS)
    messages = {one["message"] for one in rules["no-restricted-syntax"][1:]}
    assert all(any(said in message for said in SYNTAX) for message in messages)


def test_no_module_switches_a_rule_off() -> None:
    pages = ROOT / "functions" / "console" / "pages"
    assert [file.name for file in pages.glob("*.js") if "eslint-disable" in file.read_text()] == []
