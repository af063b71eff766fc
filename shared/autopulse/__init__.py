"""AutoPulse's call backend: it turns Vapi's signed webhooks into the correct record of each call in Postgres."""
