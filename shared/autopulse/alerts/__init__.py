"""Alerts of follow-ups: the planner claims them in the database, and the sender, a second function, sends them."""
