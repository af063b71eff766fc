"""Who reads: whose calls a token shows."""

from autopulse.api.asking import ask
from autopulse.api.models import Me
from autopulse.api.reading import CurrentReader
from autopulse.db.reading.organizations import read_organization_name


def show_me(reader: CurrentReader) -> Me:
    """The organization whose calls this token shows."""
    name = ask(lambda session: read_organization_name(session, reader.organization_id))
    return Me(organization_id=reader.organization_id, organization_name=name)
