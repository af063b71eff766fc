"""Vapi's types of call (`call.type`)."""

from typing import Final

OUTBOUND: Final = "outboundPhoneCall"
"""Only who holds the private key of a Vapi organization can order one."""
SELF_STANDING: Final = frozenset({"inboundPhoneCall", "webCall", "vapi.websocketCall"})
"""Types of call that nobody but Vapi starts."""
WEB: Final = frozenset({"webCall", "vapi.websocketCall"})
"""From a browser, as test calls from Vapi's dashboard are."""
