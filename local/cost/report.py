"""The tables, as Markdown, and their places in the documents."""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from local.cost import assumptions
from local.cost.bill import Line, bill_of, fixed_of
from local.cost.capacity import AIM, limits_of, settings_for
from local.cost.measure import Measured
from local.cost.prices import FROM_MEMORY, LOOKED_UP, PRICES, REGION
from local.stack_paths import PROJECT

DOCUMENTS: Final = (PROJECT / "docs" / "architecture.md", PROJECT / "docs" / "cost.md")
_SORTS: Final = {"any": "any call", "long": "a talk of two minutes"}
_BLOCK: Final = re.compile(r"(<!-- python -m local\.cost: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def write_into(text: str, measured: Measured) -> str:
    """A document with its tables made anew; raises KeyError for one that nobody makes."""
    return _BLOCK.sub(lambda found: f"{found[1]}{TABLES[found[2]](measured)}\n{found[3]}", text)


def stale(measured: Measured) -> list[Path]:
    """Documents that show something else than what these measurements come to."""
    return [file for file in DOCUMENTS if write_into(file.read_text(), measured) != file.read_text()]


def _table(heading: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    head = list(heading)
    lines = [head, ["---"] + ["---:" if name.startswith(" ") else "---" for name in head[1:]], *rows]
    return "\n".join(f"| {' | '.join(str(cell).strip() for cell in line)} |" for line in lines)


def _provenance(measured: Measured) -> str:
    return f"Measured {measured.measured_at[:10]} on {measured.machine}."


def _shapes(measured: Measured) -> str:
    rows = []
    for sort, shapes in measured.shapes.items():
        rows += [
            (
                _SORTS[sort],
                f"`{shape.type}`",
                f"{shape.per_call:,.2f}",
                f"{shape.body_bytes:,.0f}",
                f"{shape.envelope_bytes:,.0f}",
                f"{shape.sqs_units:.2f}",
            )
            for shape in shapes.webhooks
        ]
        rows.append((f"**{_SORTS[sort]}**", f"{shapes.seconds} s", f"{shapes.webhooks_per_call:,.2f}", "", "", ""))
    return _table(("of", "webhook", " a call", " bytes as sent", " bytes in the queue", " SQS units of 64 KB"), rows)


def _functions(measured: Measured) -> str:
    rows = [
        (
            name,
            f"{measured.alone['long'].functions[name].milliseconds:.1f}",
            f"{figures.milliseconds:.1f}",
            f"{measured.alone['long'].functions[name].log_bytes:,.0f}",
        )
        for name, figures in measured.batched["long"].functions.items()
    ]
    return _table(("handler", " ms for a record alone", " ms for ten", " bytes of log, alone"), rows) + (
        f"\n\n{_provenance(measured)} {measured.calls} calls of each sort and batch size;"
        " the lower quartile of all invocations; without networks."
    )


def _stored(measured: Measured) -> str:
    rows = [
        (
            _SORTS[sort],
            f"{played.notices_per_call:.1f}",
            f"{played.notice_bytes:,.0f}",
            f"{played.stored_bytes_per_call / 1000:,.1f}",
            f"{played.receipt_bytes_per_call / 1000:,.1f}",
            f"{played.wal_bytes_per_call / 1000:,.0f}",
            f"{played.server_milliseconds_per_call:,.0f}",
        )
        for sort, played in measured.batched.items()
    ]
    heading = (
        "a call",
        " notices",
        " bytes of each",
        " KB kept",
        " KB of receipts, 35 days",
        " KB of WAL",
        " ms of Postgres",
    )
    return _table(heading, rows)


def _bill(measured: Measured) -> str:
    bills = {sort: bill_of(measured, sort) for sort in measured.shapes}
    rows = [
        (lines[0].name, *(f"{line.units:,.0f}" for line in lines), *(_dollars(line.dollars) for line in lines))
        for lines in zip(*bills.values(), strict=True)
    ]
    totals = [sum(line.dollars for line in lines) for lines in bills.values()]
    rows.append(("**1,000 calls**", *("" for _ in bills), *(f"**{_dollars(total)}**" for total in totals)))
    names = [_SORTS[sort] for sort in bills]
    return _table(("", *(f" units, {name}" for name in names), *(f" dollars, {name}" for name in names)), rows)


def _fixed(measured: Measured) -> str:
    lines = fixed_of(measured)
    rows = [(line.name, f"{line.units:,.0f}", PRICES[line.price].unit, _dollars(line.dollars)) for line in lines]
    return _table(("a month", " units", "of", " dollars"), [*rows, ("**together**", "", "", f"**{_sum(lines)}**")])


def _sum(lines: Iterable[Line]) -> str:
    return _dollars(sum(line.dollars for line in lines))


def _dollars(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= 0.01 else f"{amount:.4f}"  # noqa: PLR2004 - a cent


def _short(number: float) -> str:
    """Three digits are enough for the eye."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"  # noqa: PLR2004 - as it says


def _prices(_: Measured) -> str:
    rows = [
        (
            name,
            f"{price.dollars:.10f}".rstrip("0").rstrip("."),
            f"{price.per:,.0f}",
            price.unit,
            f"[AWS]({price.page})",
            price.seen if price.seen == FROM_MEMORY else f"[seen]({price.seen})",
        )
        for name, price in PRICES.items()
    ]
    table = _table(("price", " dollars", " for", "unit", "page", "seen"), rows)
    return f"{REGION}, looked up {LOOKED_UP}.\n\n{table}"


def _assumptions(_: Measured) -> str:
    rows = [
        (
            name.lower().replace("_", " "),
            _short(one.value),
            one.unit,
            one.reason,
        )
        for name, one in assumptions.ALL.items()
    ]
    return _table(("assumed", " value", "unit", "what"), rows)


def _capacity(measured: Measured) -> str:
    rows = [
        (
            limit.name,
            _short(limit.need * 1000),
            f"{_short(limit.limit)} {limit.unit}",
            f"**{limit.calls:,}**" if limit.calls < AIM else f"{limit.calls:,}",
            _short(limit.need_at_the_aim),
            limit.then,
            limit.more,
        )
        for limit in limits_of(measured)
    ]
    heading = ("what", " 1,000 calls need", "there is", " gives at", f" {AIM:,} need", "then", "more")
    return _table(heading, rows)


def _settings(measured: Measured) -> str:
    rows = [
        (f"`{name}`" if name[0].isupper() else name, f"{value:,}", why) for name, value, why in settings_for(measured)
    ]
    return _table((f"for {AIM:,} calls at once", " value", "of which are needed"), rows)


TABLES: Final[Mapping[str, Callable[[Measured], str]]] = {
    "shapes": _shapes,
    "functions": _functions,
    "stored": _stored,
    "bill": _bill,
    "fixed": _fixed,
    "prices": _prices,
    "assumptions": _assumptions,
    "capacity": _capacity,
    "settings": _settings,
}
"""Name of a block -> its table."""
