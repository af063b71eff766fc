"""Lambda handler of the sweep; what it does is in autopulse.reconciliation.sweep."""

from autopulse.reconciliation.sweep import Services, handler_of

handler = handler_of(Services())
