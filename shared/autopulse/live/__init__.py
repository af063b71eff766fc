"""The live part: connections, tickets, and the pushing of events to browsers."""
