"""Answers for Vapi from the database (who calls, and who may be called), and the suppressed numbers."""
