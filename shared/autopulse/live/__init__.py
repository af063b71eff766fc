"""Telling those who watch: notices go to an event bus after the commit."""
