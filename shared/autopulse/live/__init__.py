"""Telling those who watch: call events go to an event bus after the commit."""
