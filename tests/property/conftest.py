"""Profiles: the default runs with all tests, `pytest tests/property --hypothesis-profile=deep` searches for an hour."""

from hypothesis import HealthCheck, settings

_SLOW_BY_NATURE = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
settings.register_profile("quick", deadline=None, max_examples=200, suppress_health_check=_SLOW_BY_NATURE)
settings.register_profile("deep", settings.get_profile("quick"), max_examples=5_000)
settings.load_profile("quick")
