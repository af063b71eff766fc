"""Join an attempt without an id, from messages that give only our id, with the first attempt that has an id.

Until a message gives Vapi's id, it is not known which Vapi call the earlier messages are about; then it is that one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from autopulse.consumers.consumer import KnownCall
from autopulse.consumers.turns import EPOCH, attempt_turns, is_before, stored_turns_of, with_storage
from autopulse.db.engine import Transaction
from autopulse.db.receipts import Attempt
from autopulse.db.transcripts import AttemptTurns, Fragment, add_fragments, read_stored_turns, replace_turns
from autopulse.domain.attempts import NO_ID
from autopulse.domain.facts import NOTHING, join
from autopulse.domain.lists import compose, visible

UNTOLD: Final = Attempt(NOTHING, made_call=False)
"""An attempt of which only the link is known."""


def fold(transaction: Transaction, calls: Iterable[KnownCall]) -> None:
    """Join the attempt without an id and the first one with an id, of each call that has both."""
    folding = [call for call in calls if NO_ID in call.attempts and len(call.attempts) > 1]
    if not folding:
        return
    stored = read_stored_turns(transaction, [call.row.id for call in folding])
    rows: list[AttemptTurns] = []
    fragments: list[Fragment] = []
    for call in folding:
        without_id = call.attempts[NO_ID].facts
        into = min(call.attempts.keys() - {NO_ID})
        known = call.attempts[into]
        facts = join(known.facts, without_id)
        key, key_without_id = (call.row.id, into), (call.row.id, NO_ID)
        composition = compose(
            visible(facts.lists),
            {
                list_: stored_turns_of(list_, stored.get(key if list_ in known.facts.lists else key_without_id))
                for list_ in visible(facts.lists)
            },
        )
        facts = with_storage(facts, composition.lists)
        rows += [attempt_turns(key, composition.turns, facts.lists), AttemptTurns(*key_without_id, (), EPOCH)]
        said: Sequence[Fragment] = stored[key_without_id].fragments if key_without_id in stored else ()
        fragments += [replace(one, vapi_call_id=into) for one in said if is_before(one, facts.lists)]
        call.attempts = {id_: one for id_, one in call.attempts.items() if id_ != NO_ID}
        call.attempts[into] = Attempt(facts, known.made_call)
        call.folded = into
    replace_turns(transaction, rows)
    if fragments:
        add_fragments(transaction, fragments)
