"""The verifier's flow: from what API Gateway hands over to an envelope in a queue."""
