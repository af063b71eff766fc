"""Credentials of former secrets at Vapi: who uses one still, and the end of those that nobody uses."""

import json
import re
from collections.abc import Iterator

from operate.vapi.api import Resource, VapiApi
from operate.vapi.picture import ASSISTANT, ORGANIZATION, PHONE_NUMBER, Picture, server_of, take_picture
from operate.vapi.wishes import FINGERPRINT_DIGITS, Wishes


class FormerCredentials:
    """Those of one stack, by their names; a person's own are nobody's business."""

    def __init__(self, api: VapiApi, wishes: Wishes) -> None:
        """Nothing is asked yet."""
        self._api = api
        self._wishes = wishes

    def users(self) -> list[str]:
        """The levels whose webhooks are signed with a former secret, described."""
        picture = take_picture(self._api)
        ids = {item["id"] for item in self._former(picture)}
        return list(_users(picture, ids))

    def delete_unused(self) -> int:
        """Delete those that nothing names, tools included; how many."""
        picture = take_picture(self._api)
        named = json.dumps(
            [picture.assistants, picture.phone_numbers, picture.organization, list(picture.tools.values())]
        )
        unused = [item for item in self._former(picture) if item["id"] not in named]
        for item in unused:
            self._api.delete(f"/credential/{item['id']}")
        return len(unused)

    def _former(self, picture: Picture) -> list[Resource]:
        ours = re.compile(rf"{re.escape(self._wishes.credential_prefix)}[0-9a-f]{{{FINGERPRINT_DIGITS}}}")
        named = [(item, str(item.get("name") or "")) for item in picture.credentials.values()]
        return [item for item, name in named if ours.fullmatch(name) and name != self._wishes.credential_name]


def _users(picture: Picture, credential_ids: set[str]) -> Iterator[str]:
    organizations = () if picture.organization is None else (picture.organization,)
    levels = ((ASSISTANT, picture.assistants), (PHONE_NUMBER, picture.phone_numbers), (ORGANIZATION, organizations))
    for level, resources in levels:
        for resource in resources:
            if server_of(resource).get("credentialId") in credential_ids:
                yield level.describe(resource)
