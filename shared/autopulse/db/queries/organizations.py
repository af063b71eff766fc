"""The principal's organization, and the principal's own user in it."""

from sqlalchemy import text

from autopulse.db.engine import Transaction
from autopulse.db.queries.bounds import shown
from autopulse.db.scope import ME, values_of, values_of_user
from autopulse.domain.scope import Scope, UserKey

_ME = text(f"""
    SELECT (SELECT {shown("name")} FROM organization WHERE id = CAST(:organization AS uuid)), {ME}
""")  # noqa: S608 - made of constants


def read_me(transaction: Transaction, scope: Scope, user: UserKey) -> tuple[str | None, int | None]:
    """The organization's name, if the application has it, and the id of the principal's user, if it is known."""
    name, user_id = transaction.execute(_ME, values_of(scope) | values_of_user(user)).one()
    return name, user_id
