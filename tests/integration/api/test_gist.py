"""What a row of the list of calls says in a line: the first complaint, and the beginning of the summary."""

import pytest

from autopulse.domain.bounds import ELLIPSIS
from tests.integration.api.client import Api

LONG = "abcdefghi " * 40


def _row(api: Api, call: int) -> tuple[str | None, str | None]:
    (row,) = [item for item in api.get("/calls").json["items"] if item["id"] == call]
    detail = api.get(f"/calls/{call}").json
    assert (detail["complaint"], detail["gist"]) == (row["complaint"], row["gist"])
    return row["complaint"], row["gist"]


@pytest.mark.parametrize(
    ("detractors", "complaint"),
    [
        (None, None),
        (" \n", None),
        ("Long wait\nHard to reach", "Long wait"),
        ("\n  \n- Waited forty minutes\n- Rude", "Waited forty minutes"),
        ("\N{BULLET} Cold coffee", "Cold coffee"),
        (LONG, LONG[:199] + ELLIPSIS),
        ("\N{GRINNING FACE}" * 300, "\N{GRINNING FACE}" * 199 + ELLIPSIS),
    ],
)
def test_a_row_has_the_first_complaint(api: Api, detractors: str | None, complaint: str | None) -> None:
    call = api.call(outcome="reached", nps_score=2)
    api.feedback(call, content="Said.", detractors=detractors)
    assert _row(api, call) == (complaint, "Said.")


@pytest.mark.parametrize(
    ("summary", "content", "gist"),
    [
        (None, None, None),
        (None, "It took long.", "It took long."),
        ("They waited.\n\nThey left.", "It took long.", "They waited. They left."),
        (LONG, None, LONG[:199] + ELLIPSIS),
    ],
)
def test_a_row_has_the_summary_in_one_line(
    api: Api, summary: str | None, content: str | None, gist: str | None
) -> None:
    call = api.call(outcome="reached", feedback_summary=summary)
    if content is not None:
        api.feedback(call, content=content)
    assert _row(api, call) == (None, gist)


def test_calls_without_a_score_that_counts_are_a_category(api: Api) -> None:
    unscored = api.call(outcome="reached", start_time="2026-11-02T15:00:04Z")
    mailbox = api.call(outcome="voicemail", nps_score=9, start_time="2026-11-02T15:00:03Z")
    live = api.call(status="In Progress", start_time="2026-11-02T15:00:02Z")
    impossible = api.call(outcome="reached", nps_score=11, start_time="2026-11-02T15:00:01Z")
    scored = api.call(outcome="reached", nps_score=9, start_time="2026-11-02T15:00:00Z")
    assert api.ids("/calls", nps_category="none") == [unscored, mailbox, live, impossible]
    assert api.get("/calls/count", nps_category="none").json["count"] == 4
    assert api.ids("/calls", nps_category="promoter") == [scored]
    for call in (unscored, scored):
        api.feedback(call)
    assert api.ids("/feedback", nps_category="none") == [unscored]


def test_a_file_for_people_has_complaint_summary_and_a_link(api: Api) -> None:
    call = api.call(outcome="reached", feedback_summary="They waited.", start_time="2026-11-02T15:00:00Z")
    api.feedback(call, detractors="Long wait\nRude", content="Said.")
    (row,) = api.get("/calls.csv", form="people", console="https://example.com/api/console/").rows
    assert (row["Went wrong"], row["Summary"]) == ("Long wait", "They waited.")
    assert row["Link"] == f"https://example.com/api/console/?call={call}"
    assert list(row)[-1] == "Call"
    (row,) = api.get("/feedback.csv", form="people", console="https://example.com/api/console/").rows
    assert row["Link"] == f"https://example.com/api/console/?call={call}"
    (row,) = api.get("/calls.csv", form="people").rows
    assert "Link" not in row


@pytest.mark.parametrize(
    "address", ["example.com", "javascript:alert(1)", '=HYPERLINK("x")', 'https://x/"', "https://x y"]
)
def test_a_console_that_is_no_address_is_refused(api: Api, address: str) -> None:
    assert api.get("/calls.csv", form="people", console=address).status == 400


def test_calls_that_have_changed_are_read_by_their_ids(api: Api) -> None:
    first, second, third = (api.call(outcome="busy", start_time=f"2026-11-02T15:00:0{place}Z") for place in range(3))
    assert api.ids("/calls", ids=f"{first},{third},999999") == [third, first]
    assert api.ids("/calls", ids=f"{second}", outcome="reached") == []
    page = api.get("/calls", ids=f"{first},{second},{third}", limit=2).json
    assert api.ids("/calls", ids=f"{first},{second},{third}", cursor=page["next_cursor"]) == [first]


@pytest.mark.parametrize("ids", ["0", "1,", "a", "1,-2", "2147483648", ",".join(map(str, range(1, 202)))])
def test_ids_that_no_call_can_have_are_refused(api: Api, ids: str) -> None:
    assert api.get("/calls", ids=ids).status == 400
