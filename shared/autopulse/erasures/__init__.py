"""Erasing calls: what is asked for, what is done about it, and what became of it in each store."""
