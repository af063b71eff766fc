"""The principal of a token: a subject, and the organization whose calls it may read."""

from autopulse.api.database import ask
from autopulse.api.dependencies import CurrentPrincipal
from autopulse.api.models import Me
from autopulse.db.queries.organizations import read_organization_name


def show_me(principal: CurrentPrincipal) -> Me:
    """The organization whose calls this token shows."""
    name = ask(lambda session: read_organization_name(session, principal.organization_id))
    return Me(organization_id=principal.organization_id, organization_name=name, may_write=principal.may_write)
