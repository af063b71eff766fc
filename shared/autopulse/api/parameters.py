"""The query parameters of each list: what is allowed, and what the documentation says of it."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Final, Literal, cast, get_args, get_type_hints

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from autopulse.api.cursors import MAX_CHARACTERS
from autopulse.api.filters import (
    ANY_REASON,
    MIN_DIGITS,
    WORD,
    advisor_filter,
    customer_filter,
    digits,
    direction_filter,
    nps_category_filter,
    prefixes,
    reason_filter,
    search_filter,
    status_filter,
)
from autopulse.domain.follow_ups import UNANSWERED, State, Trigger
from autopulse.domain.outcome import Outcome
from autopulse.domain.reasons import MAX_KEY_CHARACTERS
from autopulse.domain.word_search import Search, read_search
from autopulse.json_coercion import MAX_CALL_ID

PAGE: Final = 50
MAX_PAGE: Final = 200
EXPORT: Final = 500
MAX_EXPORT: Final = 5000
"""The maximum number of rows of a CSV file; with more, the response could exceed Lambda's 6 MB."""
MAX_PERIODS: Final = 400
"""The minimum number of digits; with fewer, too many numbers would match."""
DIRECTIONS: Final = ("outbound", "inbound", "web")
_DIRECTION: Final = f"({'|'.join(DIRECTIONS)}|all)"
_NUMBER: Final = re.compile(r"\s*[+-]?[0-9.]+\s*")
_DAYS: Final = {"day": 1, "week": 7, "month": 28}


def _has_words(text: str) -> str:
    if not WORD.search(text):
        raise ValueError("the text has neither letters nor digits")
    return text


def _is_no_number(value: object) -> object:
    """Reject numbers: pydantic would read them as seconds since 1970, and a half-typed year would filter nothing."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        raise ValueError("the value is a number, not a date and a time")
    return value


def _is_telling(text: str) -> str:
    if not any(character.isalpha() for character in text) and len(digits(text)) < MIN_DIGITS:
        raise ValueError(f"the text has no letters and fewer than {MIN_DIGITS} digits")
    return text


def _are_ids(text: str) -> str:
    if any(int(one) > MAX_CALL_ID for one in text.split(",")):
        raise ValueError("the list has an id that no call can have")
    return text


def _is_id_or_word(text: str) -> str:
    if text.isdigit() and int(text) > MAX_CALL_ID:
        raise ValueError("the value is an id that no user can have")
    return text


CallIds = Annotated[
    str,
    Field(max_length=11 * MAX_PAGE, pattern=f"^[1-9][0-9]{{0,9}}(,[1-9][0-9]{{0,9}}){{0,{MAX_PAGE - 1}}}$"),
    AfterValidator(_are_ids),
]
Statuses = Annotated[str, Field(max_length=100, pattern="^[^,]{1,20}(,[^,]{1,20})*$")]
Directions = Annotated[str, Field(max_length=40, pattern=f"^{_DIRECTION}(,{_DIRECTION})*$")]
_STATE: Final = f"({'|'.join(state.value for state in State)})"
FollowUpStates = Annotated[str, Field(max_length=60, pattern=f"^{_STATE}(,{_STATE})*$")]
Assignee = Annotated[str, Field(pattern=r"^([1-9][0-9]{0,9}|me|none|nobody)$"), AfterValidator(_is_id_or_word)]
SearchText = Annotated[str, Field(max_length=100), AfterValidator(_has_words)]
Zone = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_+/-]{0,63}$")]
Reason = Annotated[str, Field(pattern=f"^[a-z0-9_]{{1,{MAX_KEY_CHARACTERS}}}$")]
NpsCategory = Literal["promoter", "passive", "detractor", "none"]
ConsoleAddress = Annotated[str, Field(max_length=500, pattern=r"^https?://[A-Za-z0-9._~:/\[\]-]+$")]
Instant = Annotated[AwareDatetime, BeforeValidator(_is_no_number)]
Organized = Annotated[int, Field(ge=1, le=MAX_CALL_ID)]


_NPS_CATEGORY: Final = (
    "`promoter` (9 or 10), `passive` (7 or 8) or `detractor` (0 to 6), by a score that counts; `none`: calls"
    " without such a score."
)


class _Parameters(BaseModel):
    model_config = ConfigDict(frozen=True)


_REASON: Final = (
    f"The key of a reason, as in `reasons` of the feedback summary; `{ANY_REASON}`: all calls that have a reason."
)


class _CommonFilters(_Parameters):
    campaign: Organized | None = Field(None, description="The id of a campaign.")
    advisor: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="A service advisor's user id, or the name as in the service record.",
    )
    since: Instant | None = Field(
        None, alias="from", description="Only calls that began at this time or later; ISO 8601 with an offset."
    )
    until: Instant | None = Field(
        None, alias="to", description="Only calls that began before this time; ISO 8601 with an offset."
    )

    def conditions(self) -> dict[str, str | int | bool]:
        """Condition of `db.queries.filters` -> value, for the given parameters."""
        given: dict[str, Any] = {
            "campaign": self.campaign,
            "since": self.since and self.since.isoformat(),
            "until": self.until and self.until.isoformat(),
            **advisor_filter(self.advisor),
        }
        return {name: value for name, value in given.items() if value is not None}


class CallFilters(_CommonFilters):
    """The filters of the list of calls."""

    status: Statuses | None = Field(
        None, description="A status, such as `In Progress`, or several separated by commas."
    )
    outcome: Outcome | None = Field(None, description="The outcome of the call.")
    direction: Directions | None = Field(
        None, description="`outbound`, `inbound` or `web`, several of them separated by commas, or `all`."
    )
    demo: bool | None = Field(None, description="`true`: only demonstrations; `false`: only real calls.")
    nps_category: NpsCategory | None = Field(None, description=_NPS_CATEGORY)
    reason: Reason | None = Field(None, description=_REASON)
    to_come: bool | None = Field(
        None, description="`true`: only calls that have not been dialled yet; `false`: all other calls."
    )
    customer: Annotated[SearchText, AfterValidator(_is_telling)] | None = Field(
        None,
        description=(
            f"The last digits of the customer's phone number, at least {MIN_DIGITS}, or beginnings of words of the"
            " name."
        ),
    )

    q: Annotated[SearchText, AfterValidator(_is_telling)] | None = Field(
        None,
        description=(
            "Words to find in the turns, the summary, the feedback, the customer's name, the vehicle, the service or"
            f" the advisor; or the last digits of a phone number, at least {MIN_DIGITS}. All words must match, each at"
            " the beginning of a word; words in quotes must occur in this order."
        ),
    )

    @property
    def search(self) -> Search | None:
        """The parsed search; None if there is no search."""
        return None if self.q is None else read_search(self.q)

    def conditions(self) -> dict[str, str | int | bool]:
        """Condition of `db.queries.filters` -> value, for the given parameters."""
        own: dict[str, Any] = {
            **search_filter(self.q),
            "outcome": self.outcome and self.outcome.value,
            "demo": self.demo,
            **status_filter(self.status),
            **nps_category_filter(self.nps_category),
            "to_come": self.to_come or None,
            "not_to_come": self.to_come is False or None,
            **direction_filter(self.direction),
            **reason_filter(self.reason),
            **customer_filter(self.customer),
        }
        return super().conditions() | {name: value for name, value in own.items() if value is not None}


class _Counted(_CommonFilters):
    """Parameters for feedback; an omitted parameter excludes nothing."""

    direction: Directions = Field(
        "outbound", description="`outbound`, `inbound` or `web`, several of them separated by commas, or `all`."
    )
    demo: bool = Field(default=False, description="`true`: only demonstrations; `false`: only real calls.")

    def conditions(self) -> dict[str, str | int | bool]:
        """Condition of `db.queries.filters` -> value, for the given parameters."""
        return super().conditions() | {"demo": self.demo, **direction_filter(self.direction)}


class FeedbackFilters(_Counted):
    """The filters of the list of feedback."""

    nps_category: NpsCategory | None = Field(None, description=_NPS_CATEGORY)
    reason: Reason | None = Field(None, description=_REASON)
    telling: bool | None = Field(
        None, description="`true`: only feedback with a score that counts or a complaint; `false`: all other feedback."
    )
    text: SearchText | None = Field(
        None, description="Beginnings of words in `detractors` or `action_items`; all of them must match."
    )

    def conditions(self) -> dict[str, str | int | bool]:
        """Condition of `db.queries.filters` -> value, for the given parameters."""
        own: dict[str, str | int | bool] = {**nps_category_filter(self.nps_category), **reason_filter(self.reason)}
        if self.telling is not None:
            own["telling"] = self.telling
        if self.text is not None:
            own["words"] = prefixes(self.text)
        return super().conditions() | own


class _Page(_Parameters):
    limit: int = Field(PAGE, ge=1, le=MAX_PAGE, description="The maximum number of items of a page.")
    cursor: str | None = Field(None, max_length=MAX_CHARACTERS, description="`next_cursor` of the previous page.")
    order: Literal["newest", "oldest"] = Field(
        "newest",
        description=(
            "Whether the newest or the oldest calls come first, by when they began; a call without a start or an end"
            " counts by when its row was created or last changed."
        ),
    )


class _Export(_Page):
    limit: int = Field(EXPORT, ge=1, le=MAX_EXPORT, description="The maximum number of rows of the file.")
    cursor: str | None = Field(
        None, max_length=MAX_CHARACTERS, description="The header `x-next-cursor` of the previous file."
    )
    form: Literal["programs", "people"] = Field(
        "programs",
        description=(
            "`people`: headings and values are words, and times are in `timezone`; `programs`: names and values are"
            " those of the lists."
        ),
    )
    zone: Zone = Field("UTC", alias="timezone", description="The IANA name of the time zone of a file for people.")
    console: ConsoleAddress | None = Field(
        None, description="The URL of the console; each row of a file for people then has a link to its call."
    )


class CallList(_Page, CallFilters):
    """The parameters of a page of calls."""

    ids: CallIds | None = Field(
        None, description=f"Only calls with these ids: at most {MAX_PAGE}, separated by commas."
    )

    def conditions(self) -> dict[str, str | int | bool]:
        """Condition of `db.queries.filters` -> value, for the given parameters."""
        return super().conditions() | ({} if self.ids is None else {"ids": f"{{{self.ids}}}"})


class CallExport(_Export, CallFilters):
    """The parameters of a file of calls."""


class AttemptChoice(_Parameters):
    """The parameter that selects an attempt of a call."""

    attempt: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="An attempt's number, or Vapi's id of it; the default is the attempt that the call shows.",
    )


class FeedbackList(_Page, FeedbackFilters):
    """The parameters of a page of feedback."""


class FeedbackExport(_Export, FeedbackFilters):
    """The parameters of a file of feedback."""


class _Summed(_Counted):
    zone: Zone = Field("UTC", alias="timezone", description="The IANA name of the time zone in which periods begin.")

    def conditions(self) -> dict[str, str | int | bool]:
        """The conditions without the time span, which a summary passes separately."""
        return {name: value for name, value in super().conditions().items() if name not in {"since", "until"}}


class QualitySummary(_Summed):
    """The parameters of the statistics of calls' quality."""


class Summary(_Summed):
    """The parameters of the statistics of feedback."""

    period: Literal["day", "week", "month"] | None = Field(
        None, description="The length of the periods for which the summary also has separate numbers."
    )
    group: Literal["campaign", "advisor"] | None = Field(
        None, description="The groups for which the summary also has separate numbers."
    )


class FollowUpList(_Parameters):
    """The parameters of a page of follow-ups."""

    state: FollowUpStates | None = Field(
        None, description="`open`, `acknowledged`, `resolved` or `dismissed`, or several of them separated by commas."
    )
    assignee: Assignee | None = Field(
        None,
        description=(
            "A user's id, `me` for the token's user, or `none` or `nobody` for follow-ups without an assignee."
        ),
    )
    call: Organized | None = Field(None, description="The id of a call: only the follow-up of this call.")
    overdue: bool | None = Field(
        None, description="`true`: only follow-ups that are past due, and open or acknowledged; `false`: all others."
    )
    advisor: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="A service advisor's user id, or the name as in the service record.",
    )
    campaign: Organized | None = Field(None, description="The id of a campaign.")
    trigger: Trigger | None = Field(None, description="Why the follow-up was opened.")
    limit: int = Field(PAGE, ge=1, le=MAX_PAGE, description="The maximum number of items of a page.")
    cursor: str | None = Field(None, max_length=MAX_CHARACTERS, description="`next_cursor` of the previous page.")

    def states(self) -> list[str]:
        """The requested states; overdue follow-ups are open or acknowledged."""
        asked = {state.value for state in State} if self.state is None else set(self.state.split(","))
        return sorted(asked & {state.value for state in UNANSWERED} if self.overdue else asked)

    def conditions(self) -> dict[str, str | int | bool]:
        """Condition of `db.queries.follow_ups` -> value, for the given parameters."""
        given: dict[str, Any] = {
            "assignee": int(self.assignee) if self.assignee and self.assignee.isdigit() else None,
            "me": True if self.assignee == "me" else None,
            "call": self.call,
            "nobody": True if self.assignee in {"none", "nobody"} else None,
            "overdue": self.overdue,
            "trigger": self.trigger and self.trigger.value,
            "campaign": self.campaign,
            **advisor_filter(self.advisor),
        }
        return {name: value for name, value in given.items() if value is not None}


class FollowUpSummaryQuery(_Parameters):
    """The parameters of the statistics of follow-ups."""

    since: Instant | None = Field(
        None,
        alias="from",
        description="Only follow-ups that were opened at this time or later; ISO 8601 with an offset.",
    )
    until: Instant | None = Field(
        None, alias="to", description="Only follow-ups that were opened before this time; ISO 8601 with an offset."
    )
    zone: Zone = Field("UTC", alias="timezone", description="The IANA name of the time zone in which periods begin.")
    period: Literal["day", "week", "month"] = Field(
        "week", description="The length of the periods for which the summary has separate numbers."
    )


def query_model(function: Callable[..., Any]) -> type[BaseModel] | None:
    """The model of a route's query string: the type of its argument `query`, if it has one."""
    hint = get_type_hints(function, include_extras=True).get("query")
    return None if hint is None else cast("type[BaseModel]", get_args(hint)[0])


def names_of(function: Callable[..., Any]) -> frozenset[str]:
    """The query parameters that a route takes."""
    model = query_model(function)
    return frozenset(field.alias or name for name, field in model.model_fields.items()) if model else frozenset()


def periods_between(span: timedelta, period: str | None) -> int:
    """Return the maximum number of periods in a time span."""
    return 1 if period is None else span.days // _DAYS[period] + 2
