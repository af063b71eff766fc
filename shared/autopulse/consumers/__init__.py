"""The consumers: what each kind of message changes in a call, and the runner that all consumers share."""
