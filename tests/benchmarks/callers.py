"""`CALLERS=1 make bench`: measure how long verifier and callers' function take to say who calls, or who may be called.

Both run in this process, one request after the other, with a Postgres of their own that has 100,000 visits. The time of
API Gateway, Lambda's invocation and the network is not included. It fails if a 99th percentile is over the budget.
"""

import json
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from autopulse import pseudonym_key
from autopulse.callers import endpoint
from autopulse.callers.services import Services
from autopulse.db.migration import upgrade
from autopulse.db.privileges import FunctionsRole
from autopulse.domain.pseudonyms import Pseudonyms
from autopulse.ingress.callers import Callers
from autopulse.settings import CallerSettings
from local import ports
from local.database import connect
from local.machine import describe_machine
from local.postgres import CALLER, PostgresServer
from tests.benchmarks.__main__ import say
from tests.benchmarks.budgets import PROJECT
from tests.harness import engine_for

OUTPUT: Final = PROJECT / ".local" / "bench-callers.json"
BUDGET_MS: Final = 250.0
"""A tenth of the verifier's timeout of 2.5 s."""
VISITS: Final = 100_000
REQUESTS: Final = 2_000
WARM_UP: Final = 50
ORGANIZATION: Final = "00000000-0000-4000-8000-0000000000a1"
ROWS: Final = (
    f"INSERT INTO organization VALUES ('{ORGANIZATION}', 'Example Motors')",  # noqa: S608 - constants
    f"INSERT INTO vapi_number (id, organization_id, inbound_assistant_id) VALUES ('phone-1', '{ORGANIZATION}', 'one')",  # noqa: S608 - constants
    f"""INSERT INTO service_record (organization_id, customer_name, customer_phone, vehicle_info, appointment_date)
        SELECT '{ORGANIZATION}', 'Testa Placeholder ' || n, '+1202' || lpad(n::text, 7, '0'), 'Example Roadster', now()
        FROM generate_series(1, {VISITS}) AS n""",  # noqa: S608 - constants
    f"""INSERT INTO call (organization_id, service_record_id, customer_number, status, direction, outcome, start_time)
        SELECT '{ORGANIZATION}', id, customer_phone, 'Ended', 'outbound', 'no_answer', now() FROM service_record""",  # noqa: S608 - constants
    "ANALYZE",
)


@dataclass(frozen=True)
class Measured:
    """The times of one sort of request."""

    name: str
    p50_ms: float
    p99_ms: float

    @property
    def holds(self) -> bool:
        """Whether it is within the budget."""
        return self.p99_ms <= BUDGET_MS


class _InThisProcess:
    """Replaces the Lambda client: it calls the function, and converts event and answer to JSON and back."""

    def invoke(self, _function: str, event: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON
        return json.loads(json.dumps(endpoint.handle(json.loads(json.dumps(event)))))


def main() -> int:
    """Measure, print and write; the exit status says whether the budget is kept."""
    say(f"starting Postgres, with fsync on, and making {VISITS:,} visits")
    with _database() as url:
        services = Services()
        vars(services).update(engine=engine_for(url, CALLER), settings=CallerSettings("", "", True, 90))
        with (
            patch.object(endpoint, "container_services", lambda: services),
            patch.object(pseudonym_key, "pseudonyms", lambda: Pseudonyms(b"k" * 32)),
        ):
            results = [_measure(name, body) for name, body in SORTS.items()]
        services.engine.dispose()
    _write(results)
    return 0 if all(result.holds for result in results) else 1


def _caller(place: int) -> dict[str, Any]:
    call = {"id": str(uuid.uuid4()), "type": "inboundPhoneCall", "phoneNumberId": "phone-1"}
    return {"type": "assistant-request", "call": call | {"customer": {"number": f"+1202{place % VISITS + 1:07d}"}}}


def _stranger(place: int) -> dict[str, Any]:
    body = _caller(place)
    body["call"]["customer"]["number"] = f"+1303{place:07d}"
    return body


def _contact(place: int) -> dict[str, Any]:
    contact = {"number": f"+1202{place % VISITS + 1:07d}"}
    return {"type": "campaign.predial", "phoneNumber": {"id": "phone-1"}, "contact": contact}


SORTS: Final[Mapping[str, Callable[[int], dict[str, Any]]]] = {
    "assistant-request, known caller": _caller,
    "assistant-request, unknown caller": _stranger,
    "campaign.predial": _contact,
}


def _measure(name: str, body: Callable[[int], dict[str, Any]]) -> Measured:
    say(name)
    callers = Callers("function", _InThisProcess(), "")  # type: ignore[arg-type] # has what is called
    taken = []
    for place in range(WARM_UP + REQUESTS):
        message, begun = body(place * 37), time.perf_counter()
        asked = callers.answer(message, 0, lambda _: None)
        if asked.cause is not None:
            raise RuntimeError(asked.cause)
        taken.append(1000 * (time.perf_counter() - begun))
    cuts = statistics.quantiles(taken[WARM_UP:], n=100)
    return Measured(name, round(cuts[49], 2), round(cuts[98], 2))


@contextmanager
def _database() -> Iterator[str]:
    directory = Path(tempfile.mkdtemp(prefix="autopulse-bench-"))
    directory.chmod(0o755)  # the user that runs Postgres if this is root needs access
    server, port = PostgresServer(directory), ports.find_any()
    server.start(port)
    try:
        server.create_database("callers", port)
        url = server.database_url("callers", port)
        upgrade(url, FunctionsRole(CALLER, by_iam=False, answers_callers=True))
        with connect(url) as connection:
            for statement in ROWS:
                connection.run(statement)
        yield url
    finally:
        server.remove()


def _write(results: list[Measured]) -> None:
    machine = describe_machine()
    OUTPUT.parent.mkdir(exist_ok=True)
    measured_at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    content = {"measured_at": measured_at, "machine": machine, "results": [asdict(result) for result in results]}
    OUTPUT.write_text(json.dumps(content, indent=2) + "\n")
    lines = [
        f"{'':36}{'p50':>9}{'p99':>12}",
        *(f"{one.name:36}{one.p50_ms:>6.2f} ms{one.p99_ms:>9.2f} ms" for one in results),
        f"budget of p99: {BUDGET_MS:g} ms",
        machine,
    ]
    sys.stdout.write("\n".join(lines) + f"\nwritten to {OUTPUT.relative_to(PROJECT)}\n")


if __name__ == "__main__":
    sys.exit(main())
