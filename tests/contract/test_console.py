"""The console's files: what they must never do, what they must name, how much of them the first view needs."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from autopulse import settings
from functions.console.app import PAGES, handler
from local import vendor
from local.constants import CONSTANTS, TYPES, render_constants, render_types
from tests.contract.stack import ROOT, properties, source

FILES: Final = sorted(file for file in PAGES.rglob("*") if file.is_file())
MODULES: Final = [file for file in PAGES.glob("*.js") if file.name != CONSTANTS.name]
"""Those that people write; the linter says what they must not do (test_javascript_rules.py)."""
STYLESHEETS: Final = [file for file in FILES if file.suffix == ".css"]
FIRST_VIEW_BYTES: Final = 100_000
TEST_IDS: Final = (
    "call-row-",
    "call-status",
    "transcript-turn",
    "nps-score",
    "feedback-item",
    "connection-state",
    "sign-in",
    "loading",
    "empty",
    "failure",
)
STATIC_IMPORT: Final = re.compile(r'(?:^|\n)(?:import|export)\b[^;"]*?["\'](\.[^"\']+)["\']')
LAZY_IMPORT: Final = re.compile(r'import\("(\.[^"]+)"\)')


def closure(*names: str) -> set[str]:
    """These modules, and all that they import before they run."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [path.removeprefix("./") for path in STATIC_IMPORT.findall((PAGES / name).read_text())]
    return found


def index() -> str:
    return (PAGES / "index.html").read_text()


def linked() -> list[str]:
    """Files that the index names."""
    return re.findall(r'"\{release\}/([^"]+)"', index())


def test_no_stylesheet_page_or_picture_names_another_host_or_the_root_of_this_one() -> None:
    for file in (file for file in FILES if file.suffix != ".js"):
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert re.findall(r"https?://[\w.]+", text) == [], file.name
        assert re.findall(r"""(?:href|src|url)\s*[=(]\s*["']?/""", text) == [], file.name


def test_the_index_has_nothing_inline_that_its_policy_would_refuse() -> None:
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|<base|<form", index()) == []


def test_every_file_is_used() -> None:
    text = index() + "".join(module.read_text() for module in MODULES)
    assert [file.name for file in FILES if file.name != "index.html" and file.name not in text] == []


def test_the_first_view_is_small() -> None:
    views = [path.removeprefix("./") for path in LAZY_IMPORT.findall((PAGES / "main.js").read_text())]
    for view in [name for name in views if name in {module.name for module in MODULES}]:
        # The numbers in the navigation are loaded with every view.
        names = {"index.html", view.replace(".js", ".css"), *linked(), *closure("main.js", view, "follow_up_counts.js")}
        names |= {"calls.css", "follow_up_form.css"} if view == "follow_ups.js" else set()
        sizes = {name: len(gzip.compress((PAGES / name).read_bytes(), mtime=0)) for name in names}
        assert sum(sizes.values()) < FIRST_VIEW_BYTES, sizes


def test_the_index_has_all_modules_loaded_at_once_that_the_beginning_needs() -> None:
    assert {name for name in linked() if name.endswith(".js")} == closure("main.js")


@pytest.mark.parametrize("name", TEST_IDS)
def test_what_tests_look_for_is_there(name: str) -> None:
    text = "".join(module.read_text() for module in MODULES)
    assert re.search(rf'(?:"data-testid": |\btestid = )[`"]{re.escape(name)}', text)


def test_modules_are_as_narrow_as_the_rest_of_the_code() -> None:
    wide = [(module.name, line) for module in MODULES for line in module.read_text().splitlines() if len(line) > 120]
    assert wide == []


def test_the_constants_and_types_are_what_the_code_makes() -> None:
    assert CONSTANTS.read_text() == render_constants(), "make constants writes it anew"
    assert TYPES.read_text() == render_types(), "make constants writes it anew"


def test_the_library_is_the_one_that_was_published() -> None:
    text = vendor.FILE.read_text()
    manifest = vendor.read_manifest()
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"][f"node_modules/{vendor.NAME}"]
    assert manifest["vendored"] == {vendor.NAME: vendor.checksum_of(text)}, "make vendor writes it anew"
    assert vendor.version_of(text) == manifest["devDependencies"][vendor.NAME] == locked["version"]
    assert "MIT License" in text


def test_only_the_sign_in_loads_the_library() -> None:
    importers = {module.name for module in MODULES if f"{vendor.NAME}.js" in module.read_text()}
    assert importers == {"oidc.js"}
    assert "oidc.js" not in closure("main.js", "calls.js", "feedback.js")


def tokens(scheme: str) -> dict[str, str]:
    """Colours of frame.css in one scheme: name -> #rrggbb."""
    light, _, rest = (PAGES / "frame.css").read_text().partition("@media (prefers-color-scheme: dark)")
    text = light if scheme == "light" else rest.split("}", 1)[0]
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", text))


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return sum(weight * share for weight, share in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def pairs() -> Iterator[tuple[str, str, float]]:
    """Foreground, background, and the contrast that they need: 4.5 for text, 3 for marks."""
    for ground in ("ground", "paper", "raised"):
        yield from ((name, ground, 4.5) for name in ("ink", "muted", "accent", "good", "bad", "warn"))
        yield from ((f"series-{place}", ground, 3) for place in range(1, 7))
        yield ("focus", ground, 3)
        yield from ((name, ground, 3) for name in ("promoter", "passive", "detractor"))
    yield from ((name, f"{name}-soft", 4.5) for name in ("accent", "good", "bad", "warn"))
    yield from (("ink", f"{name}-soft", 4.5) for name in ("accent", "good", "bad", "warn"))
    yield ("accent-ink", "accent", 4.5)
    yield ("line-strong", "paper", 2.9)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("name", "ground", "least"), list(pairs()))
def test_colours_have_enough_contrast(scheme: str, name: str, ground: str, least: float) -> None:
    colours = tokens(scheme)
    assert contrast(colours[name], colours[ground]) >= least


@pytest.mark.parametrize("stylesheet", STYLESHEETS, ids=lambda stylesheet: stylesheet.name)
def test_every_variable_of_a_stylesheet_is_defined_somewhere(stylesheet: Path) -> None:
    texts = "".join(file.read_text() for file in [*STYLESHEETS, *MODULES])
    defined = set(re.findall(r"(--[a-z0-9-]+)[\"']?\s*[:,]", texts))
    assert set(re.findall(r"var\((--[a-z0-9-]+)", stylesheet.read_text())) <= defined


def test_nobody_is_asked_before_the_page_is_answered() -> None:
    assert "VpcConfig" not in properties("ConsoleFunction")
    assert properties("ConsoleRole")["ManagedPolicyArns"] == [{"Ref": "TracingPolicy"}]


def test_the_output_is_the_redirect_address_slash_included() -> None:
    assert source()["Outputs"]["ConsoleUrl"]["Value"]["Fn::Sub"].endswith("/${Api.Stage}/console/")


def test_the_sample_event_asks_for_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBSOCKET_URL", "wss://live.example.com/live")
    monkeypatch.setenv("OIDC_SCOPES", "openid")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "autopulse-test")
    settings.console_settings.cache_clear()
    answer = handler(json.loads((ROOT / "events/apigw/console.json").read_text()), None)
    settings.console_settings.cache_clear()
    assert answer["statusCode"] == 200
    assert answer["headers"]["content-type"].startswith("text/html")
    assert "strict-transport-security" in answer["headers"]
