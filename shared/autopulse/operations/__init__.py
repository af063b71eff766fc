"""Maintenance functions: migrations on deploy, daily pruning, unlinking."""
