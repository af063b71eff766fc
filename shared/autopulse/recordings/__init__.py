"""Copies of recordings in a bucket of ours: asked for after a report, made outside the VPC, kept for as long as set."""
