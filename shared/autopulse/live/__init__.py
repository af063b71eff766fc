"""The live part: connections, tickets, and the events that are pushed to browsers."""
