"""Vapi's configuration: reading it, checking it, and changing it so that webhooks reach a stack."""
