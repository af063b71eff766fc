"""Vapi's types of call (`call.type`)."""

from typing import Final

OUTBOUND: Final = "outboundPhoneCall"
"""A call that only the holder of a Vapi organization's private key can order."""
SELF_STANDING: Final = frozenset({"inboundPhoneCall", "webCall", "vapi.websocketCall"})
"""Types of calls that only Vapi starts."""
WEB: Final = frozenset({"webCall", "vapi.websocketCall"})
"""A call from a browser, such as a test call from Vapi's dashboard."""
