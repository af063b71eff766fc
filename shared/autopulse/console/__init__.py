"""Serves the console: its files, what they have to know of this stack, and what browsers may do with them."""
