"""Copies of recordings in our own bucket: requested after a report, made outside the VPC, kept for a set time."""
