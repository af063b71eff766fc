"""The names that a report gives for the speakers of its transcript.

The assistant's `transcriptPlan` sets a transcript's labels (AI and User by default); some senders use the assistant's
and the customer's own names. In a squad each member may have its own.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

from autopulse.json_coercion import Json, read_list, read_mapping, read_words
from autopulse.vapi.speakers import SpeakerNames, names_in

MAX_NAMES: Final = 20
"""The maximum number of names that are kept of one side."""
MAX_NAME_CHARACTERS: Final = 100
MAX_MEMBERS: Final = 100
"""The maximum number of a squad's members that are read."""
_CUSTOMER_VARIABLES: Final = ("customer_name", "customerName")
_OVERRIDES: Final = ("assistantOverrides", "squadOverrides", "membersOverrides", "workflowOverrides")


def speaker_names_of(message: Mapping[str, Json], text: str) -> SpeakerNames:
    """The names that are used as labels in the text."""
    assistants, customers = zip(*_names(message), strict=True)
    return SpeakerNames(_kept(assistants, text), _kept(customers, text))


def _kept(names: Iterable[Json], text: str) -> list[str]:
    short = (name for given in names if (name := read_words(given)) and len(name) <= MAX_NAME_CHARACTERS)
    return names_in(text, list(dict.fromkeys(short)))[:MAX_NAMES]


def _names(message: Mapping[str, Json]) -> Iterator[tuple[Json, Json]]:
    """Yield pairs of possible names, of the assistant and of the customer."""
    call, artifact = read_mapping(message.get("call")), read_mapping(message.get("artifact"))
    for holder in (message, call):
        yield None, read_mapping(holder.get("customer")).get("name")
        for configured in _configured(holder):
            yield configured.get("name"), None
            plan = read_mapping(read_mapping(configured.get("artifactPlan")).get("transcriptPlan"))
            yield plan.get("assistantName"), plan.get("userName")
            variables = read_mapping(configured.get("variableValues"))
            yield from ((None, variables.get(name)) for name in _CUSTOMER_VARIABLES)
    for activation in islice(read_list(artifact.get("assistantActivations")), MAX_MEMBERS):
        yield read_mapping(activation).get("assistantName"), None


def _configured(holder: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    """Yield every object that may configure an assistant of the call; `holder` itself without its own name."""
    yield {name: value for name, value in holder.items() if name == "artifactPlan"}
    squad = read_mapping(holder.get("squad"))
    members = (read_mapping(member) for member in islice(read_list(squad.get("members")), MAX_MEMBERS))
    for place in (holder, squad, *members):
        yield from (read_mapping(place.get(name)) for name in ("assistant", *_OVERRIDES))
        yield read_mapping(read_mapping(place.get("squadOverrides")).get("membersOverrides"))
