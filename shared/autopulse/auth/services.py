"""The services of the authorizer: settings, and the issuer's keys.

The function's app.py makes one `Services` and passes it to the handler; tests make their own. Nothing is read before
its first use, and then it is kept as long as the container.
"""

from functools import cached_property

from autopulse.auth.keys import Keys, keys_of
from autopulse.settings import AuthSettings, from_environ


class Services:
    """The services of one container."""

    @cached_property
    def settings(self) -> AuthSettings:
        """The function's configuration; raises SettingMissing."""
        return from_environ(AuthSettings)

    @cached_property
    def keys(self) -> Keys:
        """The issuer's keys; raises Transient while their URL is not known."""
        return keys_of(self.settings)
