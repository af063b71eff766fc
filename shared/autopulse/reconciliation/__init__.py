"""Reconciliation: ask Vapi for the data of lost webhooks, and process them as the webhooks would have been."""
