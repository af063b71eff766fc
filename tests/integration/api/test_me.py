"""Who a principal is among the organization's users: `/me`, and whose follow-ups `assignee=me` finds."""

import pytest

from tests.integration.api.client import OURS, THEIRS, Api


@pytest.fixture
def users(api: Api) -> Api:
    for id_, email, organization in (
        (5, "Avery@example.com", OURS),
        (6, "blake@example.com", OURS),
        (7, "BLAKE@example.com", OURS),
        (8, "casey@example.com", THEIRS),
        (9, "avery@example.com", THEIRS),
        (10, None, OURS),
    ):
        api.insert('"user"', id=id_, name=f"User {id_}", email=email, organization_id=organization)
    return api


@pytest.mark.parametrize(
    ("who", "id_"),
    [
        ({"email": "avery@EXAMPLE.com"}, 5),
        ({"email": "blake@example.com"}, None),
        ({"email": "casey@example.com"}, None),
        ({"email": "nobody@example.com"}, None),
        ({"email": ""}, None),
        ({}, None),
        ({"user_id": "6"}, 6),
        ({"user_id": "6", "email": "avery@example.com"}, 6),
        ({"user_id": "8"}, None),
        ({"user_id": "99"}, None),
    ],
    ids=str,
)
def test_a_principal_is_the_one_user_that_the_token_names(users: Api, who: dict[str, str], id_: int | None) -> None:
    mine = users.follow_up(users.call(), assignee_id=id_ or 5)
    users.follow_up(users.call())
    answer = users.get_as(who, "/me").json
    assert (answer["user_id"], answer["advisor_id"]) == (id_, None)
    found = users.get_as(who, "/follow-ups", assignee="me").json["items"]
    assert [item["id"] for item in found] == ([mine] if id_ else [])


def test_a_cursor_of_ones_own_list_is_of_no_use_to_others(users: Api) -> None:
    for _ in range(2):
        users.follow_up(users.call(), assignee_id=5)
    cursor = users.get_as({"user_id": "5"}, "/follow-ups", assignee="me", limit=1).json["next_cursor"]
    assert users.get_as({"user_id": "5"}, "/follow-ups", assignee="me", limit=1, cursor=cursor).status == 200
    assert users.get_as({"user_id": "6"}, "/follow-ups", assignee="me", limit=1, cursor=cursor).status == 400
