"""`ROW_SECURITY=1 make bench`: what row-level security behind the read API's own bound would cost, for ADR 0014.

Asks the questions of the reading benchmark twice, on an archive of a tenth of its size: as the read API is, and with
policies on all that it reads. The organization is set before the clock starts, so what is measured is the plans alone;
the round trip that would set it, and the proxy's connection that it would pin, come on top.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final
from unittest.mock import patch

import pytest

from autopulse.db.prepared import PreparingConnection
from local import ports
from local.database import connect
from local.machine import describe_machine
from local.postgres import FUNCTIONS, OWNER, READER, PostgresServer
from tests.benchmarks import archive, reading
from tests.benchmarks.__main__ import say
from tests.benchmarks.budgets import PROJECT
from tests.integration.api.readers import Api

OUTPUT: Final = PROJECT / ".local" / "bench-row-security.json"
CALLS: Final = 100_000
REQUESTS: Final = 40
_OWN: Final = "organization_id = (SELECT current_setting('autopulse.organization', true)::uuid)"
_OF_A_CALL: Final = "EXISTS (SELECT FROM call WHERE call.id = call_id)"
POLICIES: Final = {
    **dict.fromkeys(("call", "service_record", "campaign", '"user"'), _OWN),
    **dict.fromkeys(("vapi_call", "call_origin", "transcript", "call_feedback", "call_incident"), _OF_A_CALL),
    "webhook_event": f"call_id IS NULL OR {_OF_A_CALL}",
}
"""Table -> what the reader may see of it. Of a sub-select, so that a statement reads the setting once."""


def main() -> int:
    """Measure both; print the questions that changed by more than a tenth and a millisecond."""
    directory = Path(tempfile.mkdtemp(prefix="autopulse-bench-row-security-"))
    directory.chmod(0o755)  # for the account that runs Postgres when this one is root
    server, port = PostgresServer(directory, durable=False, settings=reading.SETTINGS[:1]), ports.find_any()
    server.start(port)
    try:
        server.create_database("archive", port)
        url = server.database_url("archive", port)
        with patch.multiple(reading, CALLS=CALLS, REQUESTS=REQUESTS, FILE_REQUESTS=10, WARM_UP=3):
            reading._make(server, port, url)
            without = _measure(url)
            _protect(url)
            behind = _measure(url)
    finally:
        server.remove()
        shutil.rmtree(directory, ignore_errors=True)
    _write(without, behind)
    return 0


def _protect(url: str) -> None:
    with connect(url) as connection:
        for table, bound in POLICIES.items():
            connection.run(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            connection.run(f"CREATE POLICY reading ON {table} FOR SELECT TO {READER} USING ({bound})")
            connection.run(f"CREATE POLICY writing ON {table} TO {FUNCTIONS}, {OWNER} USING (true)")


def _measure(url: str) -> list[reading.Measured]:
    results = []
    for name, organization in (("largest", archive.LARGEST), ("typical", archive.TYPICAL)):
        with pytest.MonkeyPatch.context() as monkeypatch:
            _set_on_connecting(monkeypatch, organization)
            api = Api(url, monkeypatch)
            ids = reading._ids(url, organization)  # noqa: SLF001
            questions = (
                *reading._of_calls(ids),  # noqa: SLF001
                *reading._of_lists(organization),  # noqa: SLF001
                *reading._of_feedback(),  # noqa: SLF001
                *reading._of_summaries(),  # noqa: SLF001
            )
            results += [reading._time(api, question, name, organization) for question in questions]  # noqa: SLF001
            api.close()
    return results


def _set_on_connecting(monkeypatch: pytest.MonkeyPatch, organization: str) -> None:
    begin = PreparingConnection.__init__

    def begin_for_organization(self: PreparingConnection, *args: object, **kwargs: object) -> None:
        begin(self, *args, **kwargs)
        self.execute_simple(f"SET autopulse.organization = '{organization}'")

    monkeypatch.setattr(PreparingConnection, "__init__", begin_for_organization)


def _write(without: list[reading.Measured], behind: list[reading.Measured]) -> None:
    rows = [
        {"question": one.question, "organization": one.organization, "without": one.p50, "behind": other.p50}
        for one, other in zip(without, behind, strict=True)
    ]
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps({"machine": describe_machine(), "calls": CALLS, "p50": rows}, indent=2) + "\n")
    for row in sorted(rows, key=lambda row: float(row["without"]) - float(row["behind"])):
        say(f"{row['organization']:<8} {row['question']:<40} {row['without']:>9} -> {row['behind']:>9} ms")


if __name__ == "__main__":
    sys.exit(main())
