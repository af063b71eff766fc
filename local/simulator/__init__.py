"""Simulated calls: their webhooks as Vapi sends them, and the rows that have to result."""
