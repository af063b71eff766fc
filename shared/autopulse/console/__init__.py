"""Serves the console: its files, its configuration for this stack, and its security policy."""
