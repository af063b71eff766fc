"""The principal of a token: a subject, and the organization whose calls it may read."""

from autopulse.api.database import ask
from autopulse.api.dependencies import CurrentPrincipal
from autopulse.api.models import Me
from autopulse.db.queries.organizations import read_me


def show_me(principal: CurrentPrincipal) -> Me:
    """Return the organization whose calls this token may read, and the token's rights."""
    name, user_id = ask(lambda session: read_me(session, principal.scope, principal.user))
    return Me(
        organization_id=principal.organization_id,
        organization_name=name,
        user_id=user_id,
        advisor_id=principal.advisor_id,
        may_write=principal.may_write,
    )
