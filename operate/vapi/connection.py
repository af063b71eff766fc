"""The URL and the secret that Vapi gets: the stack's, or those that an operator gives instead."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from operate.target import OperationFailed, Target, read_secret
from operate.vapi.api import API_URL, LOOPBACK, VapiApi
from operate.vapi.authentication_plans import DEFAULT_ENTRY, Entry, current_entry
from operate.vapi.desired_state import show_url


@dataclass(frozen=True)
class Connection:
    """A webhook URL, and the secret's entry with which Vapi authenticates there."""

    url: str
    entry: Entry


def read_connection(target: Target, environ: Mapping[str, str] = os.environ) -> Connection:
    """Return the connection of VAPI_WEBHOOK_URL and VAPI_WEBHOOK_SECRET; missing values are read from the stack."""
    url = environ.get("VAPI_WEBHOOK_URL") or target.output("WebhookUrl")
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise OperationFailed("VAPI_WEBHOOK_URL is no URL")
    refuse_plain_text(url)
    secret = environ.get("VAPI_WEBHOOK_SECRET")
    return Connection(url, DEFAULT_ENTRY | {"secret": secret} if secret else current_entry(read_secret(target)))


def refuse_plain_text(url: str) -> None:
    """Raise OperationFailed for plain HTTP: webhooks carry names, numbers, transcripts and often the secret itself."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise OperationFailed(
            f"{show_url(url)} is not https: secrets and what customers say would travel in plain text"
        )


def open_api(environ: Mapping[str, str] = os.environ) -> VapiApi:
    """Return the API with the key of the environment; tests set VAPI_API_URL."""
    return VapiApi(environ.get("VAPI_API_KEY", ""), environ.get("VAPI_API_URL") or API_URL)
