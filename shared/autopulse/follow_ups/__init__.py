"""Changes of follow-ups by people, saved views, and the marking of overdue follow-ups."""
