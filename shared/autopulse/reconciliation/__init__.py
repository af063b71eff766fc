"""Reconciliation: what webhooks have lost is asked of Vapi, and written as if Vapi had sent it."""
