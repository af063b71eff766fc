"""The local stack: the real template on an AWS emulator, an embedded Postgres, and simulated calls."""
