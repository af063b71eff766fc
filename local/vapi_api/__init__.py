"""A stand-in for Vapi's REST API: a server on loopback that answers as Vapi does.

Its sources are Vapi's published schema and published observations. What it refuses, Vapi refuses. `make up` starts it
as a process beside the stack; the tests run it in their own process.
"""

from local.vapi_api.answers import Answer, Fault, broken, endless, rate_limited
from local.vapi_api.configuration import ORGANIZATION_ID, SCHEMAS
from local.vapi_api.server import serve
from local.vapi_api.vapi import KEY, Vapi

__all__ = [
    "KEY",
    "ORGANIZATION_ID",
    "SCHEMAS",
    "Answer",
    "Fault",
    "Vapi",
    "broken",
    "endless",
    "rate_limited",
    "serve",
]
