"""Everything that a person may set, meet or look up is named in the README or below docs/."""

import re
from functools import cache

import pytest

from autopulse.consumers.registry import REGISTRY
from autopulse.domain.events import CallEventType
from autopulse.observability import METRICS
from autopulse.vapi import routes
from operate.stacks import PARTS
from tests.contract.stack import ROOT, source

TYPES = sorted({*routes.KIND_BY_TYPE, *routes.INTERNAL, *routes.IGNORED, *routes.ANSWERS})


@cache
def _documentation() -> str:
    return "\n".join(file.read_text() for file in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))])


def _is_named(name: str) -> bool:
    """As a word of its own: `hang` is not named by `change`."""
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", _documentation()) is not None


def _settings() -> list[str]:
    """Environment variables that settings.py reads."""
    names = set(re.findall(r'"([A-Z][A-Z_]+)"', (ROOT / "shared/autopulse/settings.py").read_text()))
    return sorted(names | {f"{kind.upper()}_QUEUE_URL" for kind in routes.KINDS})


@pytest.mark.parametrize("name", _settings())
def test_every_setting_is_documented(name: str) -> None:
    assert _is_named(name)


@pytest.mark.parametrize("name", sorted({name for part in PARTS for name in source(part)["Parameters"]}))
def test_every_parameter_of_a_stack_is_documented(name: str) -> None:
    assert _is_named(name)


@pytest.mark.parametrize("name", TYPES)
def test_every_message_type_is_documented(name: str) -> None:
    assert _is_named(name)


@pytest.mark.parametrize("name", [metric.name for metric in METRICS])
def test_every_metric_is_documented(name: str) -> None:
    assert _is_named(name)


@pytest.mark.parametrize("name", [call_event.value for call_event in CallEventType])
def test_every_call_event_is_documented(name: str) -> None:
    assert _is_named(name)


@pytest.mark.parametrize("kind", routes.KINDS)
def test_every_kind_and_its_function_is_documented(kind: str) -> None:
    assert _is_named(kind)
    assert _is_named(REGISTRY[kind].folder)


def test_every_make_target_of_the_menu_is_documented() -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert [target for target in targets if not _is_named(f"make {target}")] == []


def test_no_link_inside_the_documentation_is_broken() -> None:
    links = [
        (file, target)
        for file in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", file.read_text())
    ]
    assert [f"{file.name}: {target}" for file, target in links if not (file.parent / target).exists()] == []


def test_every_picture_is_shown_and_every_shown_one_is_there() -> None:
    shown = set(re.findall(r'(?:src|srcset|href)="(?:docs/)?(screenshots/[^"]+\.png)"', _documentation()))
    taken = {str(file.relative_to(ROOT / "docs")) for file in (ROOT / "docs" / "screenshots").glob("*.png")}
    assert shown == taken != set()
    assert all((ROOT / "docs" / file).stat().st_size < 300_000 for file in taken), "a README is read on phones, too"
