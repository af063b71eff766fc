"""Calls for a page to watch: rows as the application inserts them, webhooks as Vapi sends them."""

from collections.abc import Sequence
from random import Random
from typing import Any
from uuid import UUID

from local.database import connect
from local.simulator.application_rows import ORGANIZATION_ID, insert_organization
from local.simulator.scenario import CallScript
from local.simulator.simulate import place_calls, post_all, wait_until_stored
from local.simulator.webhook_factory import EVERY_TYPE, Body, webhooks
from tests.deployed import DeployedStack, wait_for

OTHER_ORGANIZATION_ID = str(UUID("0b0b0000-0000-4000-8000-0000000000b2"))
OTHER_ORGANIZATION = "Sample Garage"


class Calls:
    """Creates calls in the deployed stack; each test has a seed, so that its calls are always the same."""

    def __init__(self, deployed: DeployedStack, seed: int = 1) -> None:
        self._deployed = deployed
        self._random = Random(seed)
        with connect(deployed.database_url) as connection:
            insert_organization(connection, OTHER_ORGANIZATION_ID, OTHER_ORGANIZATION)

    def place(self, organization_id: str = ORGANIZATION_ID, **given: Any) -> CallScript:  # noqa: ANN401 - as write_script takes it
        """Insert only the rows of a call that is about to begin. `outcome` and `stalls` may be given."""
        return place_calls(self._deployed.database_url, self._random, 1, organization_id, **given)[0]

    def play(self, organization_id: str = ORGANIZATION_ID, **given: Any) -> CallScript:  # noqa: ANN401 - as write_script takes it
        """Play a whole call; it is stored when this returns."""
        script = self.place(organization_id, **given)
        self.tell([script], [body for _, body in webhooks(script)])
        return script

    def tell(self, scripts: Sequence[CallScript], bodies: Sequence[Body]) -> None:
        """Post all webhooks of some calls; they are stored when this returns."""
        answers = post_all(self._deployed.stack, bodies)
        assert wait_until_stored(self._deployed.database_url, scripts, answers) == []

    def wait_until_begun(self, script: CallScript) -> None:
        """Wait until it is stored that somebody answered."""
        statement = "SELECT 1 AS begun FROM call WHERE id = :id AND start_time IS NOT NULL"
        wait_for(lambda: self._deployed.rows(statement, id=script.call_id) != [], f"the start of call {script.call_id}")

    def send(self, bodies: Sequence[Body]) -> None:
        """Post webhooks one after another, without waiting for their processing."""
        for body in bodies:
            assert self._deployed.send(body).status == 200


def bodies_of(script: CallScript, *types: str) -> list[Body]:
    """Return the webhooks of a call in order; only of these types, if any are given."""
    return [body for _, body in webhooks(script, types or EVERY_TYPE)]
