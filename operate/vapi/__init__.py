"""Vapi's side: what sends us webhooks, how it should be configured, and whether it is."""
