"""The services of the authorizer besides the token: settings, and the issuer's keys.

The function's app.py makes one `Services` and hands it to the handler; a test makes one with parts of its own. Nothing
is read before it is needed, and then it is kept as long as the container.
"""

from functools import cached_property

from autopulse.auth.keys import Keys, keys_of
from autopulse.settings import AuthSettings, from_environ


class Services:
    """A container's services."""

    @cached_property
    def settings(self) -> AuthSettings:
        """The function's configuration; raises SettingMissing."""
        return from_environ(AuthSettings)

    @cached_property
    def keys(self) -> Keys:
        """The issuer's keys; raises Transient as long as nobody can say where they are."""
        return keys_of(self.settings)
