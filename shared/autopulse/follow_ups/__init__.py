"""What people do about follow-ups, and what is found overdue."""
