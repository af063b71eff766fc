"""What `python -m operate` runs.

Each module is imported only if one of its commands runs, because all of them together take a second.
"""
