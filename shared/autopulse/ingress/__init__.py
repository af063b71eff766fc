"""The verifier's steps: from API Gateway's event to an envelope in a queue."""
