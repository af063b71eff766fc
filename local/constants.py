"""Write what the console needs from Python: the API's constants, and the types of its answers.

`make constants` runs it, and a test checks that the files are current.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from autopulse.api import filters, parameters
from autopulse.api.openapi import render
from autopulse.api.resolver import ROUTES, app
from autopulse.domain import saved_views, status
from autopulse.domain.events import CallEventType
from autopulse.domain.follow_ups import MAX_CAUSE_CHARACTERS, MAX_NOTE_CHARACTERS, TRANSITIONS, UNANSWERED
from autopulse.domain.nps import CATEGORIES
from autopulse.domain.outcome import ANSWERED, Outcome
from local.stack_paths import PROJECT

CONSTANTS: Final = PROJECT / "functions" / "console" / "pages" / "constants.js"
TYPES: Final = PROJECT / "types" / "api.d.ts"
_HEAD: Final = "// Written by `make constants` from the code of the server: change it there.\n"
_PRIMITIVES: Final = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}


def render_constants() -> str:
    """Return `constants.js`: the constants that Python and the page share."""
    outcomes = [*ANSWERED, *(outcome for outcome in Outcome if outcome not in ANSWERED)]
    constants: tuple[tuple[str, str, Any], ...] = (
        ("The statuses of a call, in the order in which a call passes them.", "STATUSES", status.STATUSES),
        ("Statuses of a call that nobody has been rung for, if it has no time of its own.", "TO_COME", status.TO_COME),
        ("Statuses of a call that has come to an end.", "OVER", status.OVER),
        ("How far along its way a call of this status is.", "STATUS_RANKS", status.RANKS),
        ("What may come of a call.", "OUTCOMES", [outcome.value for outcome in outcomes]),
        ("Outcomes of calls in which somebody answered.", "ANSWERED", [outcome.value for outcome in ANSWERED]),
        (
            "Categories of the Net Promoter Score with their first and last score, from bad to good.",
            "NPS_CATEGORIES",
            [{"name": name, "first": scores[0], "last": scores[-1]} for name, scores in CATEGORIES.items()],
        ),
        ("Directions that calls can be narrowed by.", "DIRECTIONS", parameters.DIRECTIONS),
        ("Fewer digits of a number are refused.", "LEAST_DIGITS", filters.MIN_DIGITS),
        ("The most rows of one page.", "LARGEST_PAGE", parameters.MAX_PAGE),
        ("The most rows of one CSV file.", "LARGEST_FILE", parameters.MAX_EXPORT),
        ("States of a follow-up in which the clock runs.", "UNANSWERED", [state.value for state in UNANSWERED]),
        (
            "What a person may do with a follow-up: the state that it is in, and the one that it gets.",
            "TRANSITIONS",
            [{"from": a.value, "to": b.value} for a, states in TRANSITIONS.items() for b in sorted(states)],
        ),
        ("The most characters of a follow-up's cause.", "LONGEST_CAUSE", MAX_CAUSE_CHARACTERS),
        ("The most characters of a note.", "LONGEST_NOTE", MAX_NOTE_CHARACTERS),
        ("The most characters of a saved view's name.", "LONGEST_VIEW_NAME", saved_views.MAX_NAME_CHARACTERS),
    )
    texts = (f"\n/** {said} */\nexport const {name} = {_javascript(value)};\n" for said, name, value in constants)
    return _HEAD + "".join(texts)


def _javascript(value: int | Mapping[str, int] | Sequence[str | Mapping[str, str | int]]) -> str:
    """Return a value as JavaScript, with a literal type."""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        return f"/** @type {{Readonly<Record<string, number>>}} */ ({json.dumps(value, indent=2)})"
    return f"/** @type {{const}} */ ({json.dumps(value, indent=2)})"


def render_types() -> str:
    """Return `api.d.ts`: the types of the read API's answers by path, and of its filters."""
    document = json.loads(render(app, ROUTES))
    schemas = document["components"]["schemas"]
    parts = [
        *(_interface(name, schema) for name, schema in schemas.items() if schema["type"] == "object"),
        *(f"type {name} = {_union(schema['enum'])};" for name, schema in schemas.items() if "enum" in schema),
        f"/** Parameters that narrow the list of calls. */\ntype CallFilter = {_union(_filters())};",
        f"/** What a call event tells of. */\ntype CallEventType = {_union([kind.value for kind in CallEventType])};",
        "/** Path below /v1 -> what GET answers. */\ninterface Answers {\n" + "".join(_answers(document)) + "}",
    ]
    return f"{_HEAD}\ndeclare namespace Api {{\n" + "\n\n".join(_indented(part) for part in parts) + "\n}\n"


def _filters() -> list[str]:
    fields = parameters.CallFilters.model_fields
    return [field.alias or name for name, field in fields.items()]


def _interface(name: str, schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    fields = [
        f"  {field}{'' if field in required else '?'}: {_type(shape)};" for field, shape in schema["properties"].items()
    ]
    return "\n".join((f"interface {name} {{", *fields, "}"))


def _type(shape: Mapping[str, Any]) -> str:
    if "$ref" in shape:
        return str(shape["$ref"]).rpartition("/")[2]
    if "const" in shape:
        return json.dumps(shape["const"])
    if "anyOf" in shape:
        return " | ".join(_type(one) for one in shape["anyOf"])
    if shape["type"] == "array":
        return f"{_type(shape['items'])}[]"
    if shape["type"] == "object":
        values = shape.get("additionalProperties")
        return f"Record<string, {_type(values) if isinstance(values, Mapping) else 'unknown'}>"
    return _PRIMITIVES[shape["type"]]


def _answers(document: Mapping[str, Any]) -> Iterator[str]:
    for path, operations in document["paths"].items():
        operation = operations.get("get")
        if operation is None:
            continue
        answer = operation["responses"]["200"]["content"].get("application/json")
        if answer:
            types = {one["name"]: _type(one["schema"]) for one in operation["parameters"] if one["in"] == "path"}
            below = path.removeprefix("/v1/")
            pattern = re.sub(r"\{(\w+)\}", lambda match: f"${{{types[match[1]]}}}", below)  # noqa: B023 - used at once
            key = f"[path: `{pattern}`]" if types else json.dumps(below)
            yield f"  {key}: {_type(answer['schema'])};\n"


def _union(values: list[str]) -> str:
    return " | ".join(json.dumps(value) for value in values)


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.splitlines()).rstrip()


def main() -> None:
    """Write the files."""
    for file, text in ((CONSTANTS, render_constants()), (TYPES, render_types())):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        print(f"{file.relative_to(PROJECT)} written")


if __name__ == "__main__":
    main()
