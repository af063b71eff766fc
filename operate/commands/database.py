"""The command that checks an existing database."""

import argparse
import os

import operate.database


def database_check(arguments: argparse.Namespace) -> int:
    """Check whether the migrations fit the database of DATABASE_URL."""
    return operate.database.check(os.environ.get("DATABASE_URL"), arguments.database_ca)
