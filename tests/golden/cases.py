"""Cases: the rows before, the webhooks, and the expected rows afterwards (README.md describes the format)."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from autopulse.ingress.request import read_message
from autopulse.vapi.routes import PING, kind_of
from local.events import WEBHOOKS
from local.simulator.application_rows import ORGANIZATION_ID

OWN: Final = Path(__file__).parent / "cases"
RECORDED: Final = Path(folder) if (folder := os.environ.get("VAPI_PAYLOADS")) else None
ORDERS: Final = ("sent", "reversed", "shuffled", "doubled")
SHUFFLES_BY: Final = 20260914
FIRST_CALL: Final = 1_000_001
"""Id of a case's first row; rows that messages make have greater ids."""
OUTBOUND: Final = "outboundPhoneCall"
SELF_STANDING: Final = frozenset({"inboundPhoneCall", "webCall", "vapi.websocketCall"})
"""Types of call that only Vapi starts."""
_PLACEHOLDER: Final = re.compile(r"@(?:CALL|VAPI|ORG|ASSISTANT|SQUAD|WORKFLOW|PHONE|OUTPUT)\d*")
_SECOND: Final = 1000
"""A second in milliseconds."""
_WORD_SECONDS: Final = 0.3

Json = Any
Object = Mapping[str, Json]


@dataclass(frozen=True)
class Case:
    """Some webhooks, and what must result from them in any order."""

    name: str
    given: Object
    expected: Object
    seeded: bool = False
    """Whether the rows are the local stack's, which the sample events name, instead of the case's own."""

    @property
    def rows(self) -> list[Object]:
        """The application's calls; `@CALL` stands for the first."""
        first = self.given.get("row")
        return [] if first is None else [first, *self.given.get("more_rows", [])]

    @property
    def orders(self) -> list[str]:
        """The orders to test; one webhook alone has no reversed or shuffled order."""
        orders = list(self.given.get("orders", ORDERS))
        return orders if len(self.given["deliveries"]) > 1 else [order for order in orders if order in _OF_ONE]

    @property
    def ends_in_equal_rows(self) -> bool:
        """Return whether all tables must be equal after any order (docs/call-state.md 9 lists the exceptions)."""
        return bool(self.given.get("equal_rows", True))

    @property
    def times(self) -> list[Json]:
        """The senders' times."""
        return list(_find(self.given, "timestamp"))

    def posted_in(self, order: str) -> list[int]:
        """Return the indexes of the deliveries in the order in which they are posted."""
        places = list(range(len(self.given["deliveries"])))
        if order == "reversed":
            places.reverse()
        elif order == "shuffled":
            Random(f"{SHUFFLES_BY} {self.name}").shuffle(places)
        elif order == "doubled":
            places *= 2
        return places


_OF_ONE: Final = frozenset({"sent", "doubled"})


@dataclass(frozen=True)
class Names:
    """The values of a case's placeholders; those in `told` are given, the others are the same in every run."""

    told: Mapping[str, str] = field(default_factory=dict)

    def fill(self, value: Json) -> Json:
        """Return the value with its placeholders replaced."""
        return json.loads(_PLACEHOLDER.sub(lambda found: self[found.group()], json.dumps(value)))

    def __getitem__(self, name: str) -> str:
        if name in self.told:
            return self.told[name]
        if name.startswith("@CALL"):
            return str(FIRST_CALL + int(name.removeprefix("@CALL") or 1) - 1)
        return ORGANIZATION_ID if name == "@ORG1" else str(uuid5(NAMESPACE_URL, name))

    def of_calls(self, **ids: int) -> "Names":
        """Return these names with the ids of calls added."""
        return Names({**self.told, **{f"@{name}": str(id_) for name, id_ in ids.items()}})


def every_case() -> list[Case]:
    """Return the project's cases, its sample webhooks, and the cases of the folder in VAPI_PAYLOADS."""
    foreign = [] if RECORDED is None else [*read_cases(RECORDED / "field"), *read_recorded(RECORDED)]
    return [*read_cases(OWN), *read_samples(), *foreign]


def read_cases(folder: Path) -> list[Case]:
    """Return every NAME.case of a folder with its NAME.expected."""
    return [
        Case(file.stem, given, _read(file.with_suffix(".expected")), seeded=given.get("seeded", False))
        for file in sorted(folder.glob("*.case"))
        for given in [_read(file)]
    ]


def read_samples() -> list[Case]:
    """Return every sample webhook as a case, with the rows that a local stack has for it."""
    return [
        Case(f"sample-{file.stem}", _alone(_read(file)), _read(file.with_suffix(".expected")), seeded=True)
        for file in sorted(WEBHOOKS.glob("*.json"))
    ]


def read_recorded(folder: Path) -> list[Case]:
    """Return recorded webhooks as cases; the only known fact about each is whether it names a call."""
    return [
        Case(f"recorded-{file.stem}", {**_alone(body), "row": row_of(body)}, expectation_of(file, body))
        for file in sorted(folder.rglob("*.json"))
        for body in [_read(file)]
    ]


def expectation_of(file: Path, body: Object) -> Object:
    """Return a recorded webhook's expectation: the file beside it, else the rules (docs/call-state.md 1 and 2)."""
    beside = file.with_suffix(".expected")
    if beside.exists():
        return _object(_read(beside))
    if kind_of(read_message(file.read_bytes())) is None:
        return {"no_rows": True}
    if not names_a_call(body):
        return {} if is_ping(body) else {"dead": ["InvalidMessage"]}
    return {} if row_of(body) or _gets_a_row(body) else {"dead": ["UnknownCall"]}


def _gets_a_row(body: Object) -> bool:
    """Return whether a message without our id makes a row, at once or after its waiting time."""
    types = {call.get("type"): bool(call.get("createdAt")) for call in _find(body, "call") if isinstance(call, Mapping)}
    return bool(types.keys() & SELF_STANDING) or types.get(OUTBOUND, False)


def names_a_call(body: Object) -> bool:
    """Return whether a body contains an id of a call; this does not use the code under test."""
    return bool(vapi_id_of(body)) or row_of(body) is not None


def is_ping(body: Object) -> bool:
    """Return whether it is one of our own messages, which are about no call."""
    return PING in _find(body, "type")


def row_of(body: Object) -> Object | None:
    """Return the application's row for a recorded webhook, with our id if the webhook has one."""
    ids = [int(found) for found in _find(body, "call_id") if re.fullmatch("[0-9]{1,9}", str(found))]
    return {"id": ids[0]} if ids and ids[0] else None


def vapi_id_of(body: Object) -> str:
    """Return Vapi's id of the call that a webhook is about, or None."""
    calls = [call for call in _find(body, "call") if isinstance(call, Mapping)]
    return next((str(call["id"]) for call in calls if call.get("id")), "")


def body_of(delivery: Object, names: Names) -> Object:
    """Return the body that is posted."""
    if "webhook" in delivery:
        return _object(_read(WEBHOOKS / f"{delivery['webhook']}.json"))
    body: dict[str, Json] = names.fill(delivery["body"])
    inner = body.get("message")
    holder = inner if isinstance(inner, dict) else body
    if "grow" in holder:
        _grow(holder, **holder.pop("grow"))
    return body


def _grow(message: dict[str, Json], turns: int, words: int = 0) -> None:
    """Continue the conversation with turns of two speakers; every second turn has confidences of its words."""
    artifact = message.setdefault("artifact", {})
    said = message.setdefault("messages", [])
    begun = float(said[-1]["time"]) if said else float(message["timestamp"])
    from_start = float(said[-1]["secondsFromStart"]) if said else 0.0
    more = [_turn(place, begun, from_start, words if place % 2 else 0) for place in range(1, turns + 1)]
    said.extend(more)
    artifact["messages"] = [*artifact.get("messages", said[: -len(more)]), *more]


def _turn(place: int, begun: float, from_start: float, words: int) -> Object:
    spoken = [f"word{place}" for _ in range(words)]
    time = begun + place * _SECOND
    turn = {
        "role": "user" if place % 2 else "bot",
        "message": " ".join(spoken) or f"This is number {place}.",
        "time": time,
        "endTime": time + _SECOND / 2,
        "secondsFromStart": from_start + place,
    }
    if not spoken:
        return turn
    heard = [
        {"word": word, "start": n * _WORD_SECONDS, "end": (n + 1) * _WORD_SECONDS, "confidence": 0.98}
        for n, word in enumerate(spoken)
    ]
    return turn | {"metadata": {"wordLevelConfidence": heard}}


def _alone(body: Object) -> dict[str, Json]:
    return {"deliveries": [{"body": body}], "placeholders": {"@VAPI": vapi_id_of(body)}}


def _find(value: Json, name: str) -> Iterator[Json]:
    """Yield every value with this name, at any depth, outermost first."""
    if isinstance(value, Mapping):
        if name in value:
            yield value[name]
        for item in value.values():
            yield from _find(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _find(item, name)


def _object(value: Json) -> Object:
    return value if isinstance(value, Mapping) else {}


def _read(file: Path) -> Any:  # noqa: ANN401 - any JSON
    return json.loads(file.read_text())
