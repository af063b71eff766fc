"""The way into the console that stack.json has."""

from urllib.parse import urlsplit

import jwt

from local.issuer import ORGANIZATION_CLAIM
from local.simulator.application_rows import ORGANIZATION_ID
from tests.deployed import DeployedStack


def test_the_console_url_carries_a_way_in_that_no_server_sees(deployed: DeployedStack) -> None:
    url = urlsplit(deployed.stack["console_url"])
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{deployed.stack['api_url']}/console/"
    assert url.query == ""
    name, _, token = url.fragment.partition("=")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (name, token) == ("token", deployed.stack["api_token"])
    assert claims[ORGANIZATION_CLAIM] == ORGANIZATION_ID
