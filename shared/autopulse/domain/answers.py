"""The questions that an analysis answers, and the names that their answers may have.

The author of an assistant chooses the titles of its questions ("NPS Score", "What went well?"). Names are therefore
compared without case, blanks, hyphens, underscores and punctuation, and each field has aliases. docs/vapi.md has the
same list.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

NPS_SCORE: Final = "nps_score"
OVERALL_FEEDBACK: Final = "overall_feedback"
POSITIVES: Final = "positives"
DETRACTORS: Final = "detractors"
ACTION_ITEMS: Final = "action_items"
CALL_REASON: Final = "call_reason"
SUMMARY: Final = "summary"
REASON_CATEGORY: Final = "reason_category"

ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    NPS_SCORE: (
        *("NPS", "NPS rating", "NPS value", "NPS answer", "NPS result", "NPS 0-10", "NPS 0 to 10", "NPS score 0-10"),
        *("NPS score 0 to 10", "Customer NPS", "Customer NPS score", "Net promoter", "Net promoter score"),
        *("Net promoter score (NPS)", "Net promoter score 0-10", "Net promoter rating"),
    ),
    OVERALL_FEEDBACK: (
        *("Feedback", "Customer feedback", "Overall customer feedback", "General feedback", "Feedback summary"),
        *("Verbatim feedback", "Comment", "Comments", "Customer comment", "Customer comments", "Overall comment"),
        *("Overall comments", "Overall experience", "Overall impression"),
    ),
    POSITIVES: (
        *("Positive", "Positive feedback", "Positive points", "Positive aspects", "Positive comments", "Strengths"),
        *("Likes", "Pros", "Praise", "Compliments", "Went well", "What went well", "Things that went well"),
        *("What went right", "What did you like", "What did the customer like", "What the customer liked"),
    ),
    DETRACTORS: (
        *("Detractor", "Negative", "Negatives", "Negative feedback", "Negative points", "Negative aspects"),
        *("Negative comments", "Weaknesses", "Dislikes", "Cons", "Complaint", "Complaints", "Pain points"),
        *("Went wrong", "What went wrong", "Things that went wrong", "What did not go well", "What didn't go well"),
        *("What could be better", "What could be improved", "Improvements", "Areas for improvement"),
        *("Areas of improvement", "What did you dislike", "What the customer disliked"),
    ),
    ACTION_ITEMS: (
        *("Action item", "Actions", "Action points", "Actions required", "Required actions", "Next step", "Next steps"),
        *("Follow up", "Follow ups", "Follow up action", "Follow up actions", "Follow up items", "Follow up tasks"),
        *("Tasks", "To do", "To dos", "To do list"),
    ),
    CALL_REASON: (
        *("Reason for call", "Reason for the call", "Reason for calling", "Reason of call", "Reason of the call"),
        *("Call purpose", "Purpose of call", "Purpose of the call", "Contact reason", "Reason for contact"),
        *("Call intent", "Caller intent"),
    ),
    SUMMARY: (
        *("Call summary", "Conversation summary", "Summary of call", "Summary of the call", "Summary of conversation"),
        *("Summary of the conversation", "Call synopsis", "Synopsis"),
    ),
    REASON_CATEGORY: (
        *("Reason categories", "Complaint category", "Complaint categories", "Complaint reason", "Complaint reasons"),
        *("Detractor category", "Detractor reason", "Category of complaint", "Reason for complaint"),
        *("Reason for dissatisfaction", "Dissatisfaction reason", "Went wrong category"),
    ),
}
"""Field -> its other names."""
FIELDS: Final = tuple(ALIASES)
NO_FIELD: Final = "none"
"""The name in place of a field for names that answer none of our questions."""
MAX_ALIAS_CHARACTERS: Final = 100

AnswerNames = Mapping[str, str]
"""Plain name -> its field; the first names of a field are its own, then its aliases in order."""


def plain_name(name: str) -> str:
    """The name without case, blanks, hyphens, underscores and punctuation: its letters and digits."""
    return "".join(filter(str.isalnum, name.casefold()))


@cache
def answer_names(more: str = "") -> AnswerNames:
    """The names of our fields, with `more` aliases: `field=alias,alias;field=alias`. Those of `none` are left out.

    Raises ValueError, which says which entry is invalid and why.
    """
    names: dict[str, str] = {}
    for field, aliases in ALIASES.items():
        for name in (field, *aliases):
            names[plain_name(name)] = field
    for field, alias in _read_aliases(more):
        if names.setdefault(plain_name(alias), field) != field:
            raise ValueError(f'"{alias}" cannot stand for {field}, it stands for {names[plain_name(alias)]}')
    return {name: field for name, field in names.items() if field != NO_FIELD}


@cache
def other_names(more: str = "") -> frozenset[str]:
    """The plain names that `more` declares to be no field: `none=name,name`. Raises ValueError as `answer_names`."""
    answer_names(more)
    return frozenset(plain_name(alias) for field, alias in _read_aliases(more) if field == NO_FIELD)


def _read_aliases(text: str) -> Iterator[tuple[str, str]]:
    for entry in filter(None, map(str.strip, text.split(";"))):
        field, equals, aliases = (part.strip() for part in entry.partition("="))
        if field not in {*FIELDS, NO_FIELD} or not equals:
            shown = entry[:MAX_ALIAS_CHARACTERS]
            raise ValueError(f'"{shown}" is not field=alias,alias with one of the fields {", ".join(FIELDS)}')
        for alias in map(str.strip, aliases.split(",")):
            if not plain_name(alias) or len(alias) > MAX_ALIAS_CHARACTERS:
                shown = alias[:MAX_ALIAS_CHARACTERS]
                raise ValueError(f'"{shown}" is no alias of {field}: it has 1 to {MAX_ALIAS_CHARACTERS} characters')
            yield field, alias
