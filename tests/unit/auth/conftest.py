from datetime import datetime, tzinfo
from types import SimpleNamespace

import pytest
from jwt import api_jwt

from autopulse.auth import principal
from tests.unit.auth.tokens import NOW


class _StoppedClock(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "_StoppedClock":
        return cls.fromtimestamp(NOW, tz)


@pytest.fixture(autouse=True)
def _stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_jwt, "datetime", _StoppedClock)
    monkeypatch.setattr(principal, "time", SimpleNamespace(time=lambda: NOW))
