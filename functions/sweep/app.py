"""Lambda handler of the sweep, implemented in autopulse.reconciliation.sweep."""

from autopulse.reconciliation.sweep import Services, handler_of

handler = handler_of(Services())
