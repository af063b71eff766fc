"""What each kind of message does to a call, and the one skeleton that all consumers share."""
