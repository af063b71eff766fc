"""Alerts of follow-ups: one function claims and plans them in the database, another one sends them to the Internet."""
