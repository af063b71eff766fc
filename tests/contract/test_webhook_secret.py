"""The secret that the template generates is one that the verifier and `make vapi-configure` read alike."""

import json

from autopulse.vapi.webhook_credentials import read_credentials
from operate.vapi.authentication_plans import DEFAULT_ENTRY, current_entry, sign
from tests.contract.stack import properties
from tests.unit.operate.test_authentication_plans import BODY, SECRET, accepts


def test_the_stacks_own_secret_offers_a_signature_over_a_time() -> None:
    generated = properties("WebhookSecret")["GenerateSecretString"]
    document = json.loads(generated["SecretStringTemplate"]) | {generated["GenerateStringKey"]: SECRET}
    assert read_credentials(json.dumps(document)).unusable == ()
    assert current_entry(document) == DEFAULT_ENTRY | {"secret": SECRET}
    assert accepts(document, sign(current_entry(document), BODY))
