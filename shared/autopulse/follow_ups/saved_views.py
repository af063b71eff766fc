"""`GET /v1/views`, `PUT` and `DELETE /v1/views/{name}`: a person's saved views of the console.

Each person has views of their own, which nobody else sees; the right to change follow-ups is not needed.
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from autopulse.api.saved_view_models import SavedView, SavedViews
from autopulse.auth.principal import Principal
from autopulse.auth.trace import MAX_SUBJECT_CHARACTERS
from autopulse.db import saved_views as rows
from autopulse.domain.saved_views import (
    MAX_ADDRESS_CHARACTERS,
    MAX_NAME_CHARACTERS,
    MAX_VIEWS,
    is_address,
    name_of,
)
from autopulse.errors import Problem
from autopulse.follow_ups.requests import HEADERS, body_of, read_object
from autopulse.follow_ups.services import Services
from autopulse.http import Response, answer, answer_text
from autopulse.json_coercion import Json

LIST_ROUTE: Final = "/v1/views"
VIEW_ROUTE: Final = "/v1/views/<name>"
_LIST: Final = re.compile(r"/v1/views/?")
_VIEW: Final = re.compile(r"/v1/views/([^/]+)/?")


def is_of_views(path: Json) -> bool:
    """Whether a request is about saved views."""
    return isinstance(path, str) and (path == LIST_ROUTE or path.startswith(f"{LIST_ROUTE}/"))


def answer_views(event: Mapping[str, Any], principal: Principal, services: Services) -> Response:
    """List, save or remove; raises Problem."""
    own = _own(principal)
    if event["httpMethod"] == "GET" and _LIST.fullmatch(event["path"]):
        items = services.transact(lambda transaction: rows.list_views(transaction, own))
        return answer(200, SavedViews.model_validate({"items": items}).model_dump(mode="json"), HEADERS)
    if event["httpMethod"] == "PUT":
        return _save(_name(event), _address(event), own, services)
    if event["httpMethod"] == "DELETE":
        return _remove(_name(event), own, services)
    raise Problem(404, "No such path.")


def _own(principal: Principal) -> Mapping[str, str]:
    if not 0 < len(principal.subject) <= MAX_SUBJECT_CHARACTERS or "\0" in principal.subject:
        raise Problem(403, "The token does not say who you are.")
    return {"organization": principal.organization_id, "subject": principal.subject}


def _save(name: str, address: str, own: Mapping[str, str], services: Services) -> Response:
    row = services.transact(lambda transaction: rows.save_view(transaction, own, name, address))
    if row is None:
        raise Problem(409, f"You have {MAX_VIEWS} views, which is the most that can be kept. Remove one first.")
    is_new = row["created_at"] == row["updated_at"]
    return answer(201 if is_new else 200, SavedView.model_validate(row).model_dump(mode="json"), HEADERS)


def _remove(name: str, own: Mapping[str, str], services: Services) -> Response:
    if not services.transact(lambda transaction: rows.remove_view(transaction, own, name)):
        raise Problem(404, "You have no view of this name.")
    return answer_text(204, "", HEADERS)


def _name(event: Mapping[str, Any]) -> str:
    found = _VIEW.fullmatch(event["path"])
    if found is None:
        raise Problem(404, "No such path.")
    name = name_of(unquote(found[1]))
    if name is None:
        text = (
            f"A name has {MAX_NAME_CHARACTERS} characters at most, a letter or a digit among them,"
            " and no slash, backslash or percent sign."
        )
        raise Problem(422, text, field="name")
    return name


def _address(event: Mapping[str, Any]) -> str:
    address = read_object(body_of(event), ("address",)).get("address")
    if not isinstance(address, str) or not is_address(address):
        text = (
            "An address is a query string such as `?view=calls`, encoded as in a browser's address,"
            f" of {MAX_ADDRESS_CHARACTERS:,} characters at most."
        )
        raise Problem(422, text, field="address")
    return address
