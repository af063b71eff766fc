"""The services of the verifier: settings, the secret, the queues, the payload bucket.

The function's app.py makes one `Services` and passes it to the handler; tests make their own. Each service is created
on first use and kept as long as the container.
"""

from __future__ import annotations

from functools import cached_property

from autopulse.aws import LAMBDA, Lambda
from autopulse.ingress.callers import READ_SECONDS, Callers
from autopulse.ingress.clients import Clients
from autopulse.ingress.webhook_secret import WebhookSecret
from autopulse.settings import VerifierSettings, from_environ


class Services(Clients):
    """The services of one container."""

    @cached_property
    def settings(self) -> VerifierSettings:
        """The function's configuration; raises SettingMissing or SettingInvalid."""
        return from_environ(VerifierSettings)

    @cached_property
    def secret(self) -> WebhookSecret:
        """The accepted credentials, which are read with the first webhook."""
        return WebhookSecret(self.read_secret, read_former=lambda: self.read_secret(VersionStage="AWSPREVIOUS"))

    @cached_property
    def callers(self) -> Callers:
        """The client of the callers' function."""
        settings = self.settings
        client = Lambda(LAMBDA, READ_SECONDS) if settings.callers_function else None
        return Callers(settings.callers_function, client, settings.inbound_assistant_id)

    def read_secret(self, **version: str) -> str:
        """The JSON of the webhook secret: the current version, or what `version` selects; raises Transient."""
        return self.read_text(self.settings.webhook_secret_arn, **version)
