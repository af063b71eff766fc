"""What keeps the stack in order: migrations on deploy, pruning by day."""
