"""AutoPulse's call backend: from a signed Vapi webhook to the true record of a call in Postgres."""
