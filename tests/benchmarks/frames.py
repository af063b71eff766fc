"""`FRAMES=1 make bench`: measure how smoothly the list of calls moves with 20,000 rows, and with 50 live calls.

The console runs in a real browser with an invented API, so that only the page is measured. It prints the times between
frames and the requests during each action, and fails if one is over its budget.
"""

import json
import random
import statistics
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from playwright.sync_api import Page, sync_playwright

from local.browser import FLAGS, find_browser
from local.machine import describe_machine
from local.serving import serving
from tests.benchmarks.__main__ import row, say
from tests.benchmarks.budgets import PROJECT, Result
from tests.browser.invented import InventedApi, Json, address_of, invent_call
from tests.browser.invented_site import InventedSite

OUTPUT: Final = PROJECT / ".local" / "bench-frames.json"
ROWS: Final = 20_000
LIVE: Final = 50
SECONDS: Final = 12
"""Duration of each action in seconds."""
MOST_MILLISECONDS: Final = 34.0
"""Limit of the time between two frames at the 95th percentile: at 60 frames per second, only one may be dropped."""
MOST_REQUESTS: Final = 5.0
"""Limit of requests per second, for any number of call events."""
STEP_MILLISECONDS: Final = 50
_SEED: Final = 4
_COUNT_FRAMES: Final = """
window.frameTimes = [];
window.longTasks = [];
let before = 0;
const note = (now) => {
    if (before) window.frameTimes.push(now - before);
    before = now;
    requestAnimationFrame(note);
};
requestAnimationFrame(note);
new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => window.longTasks.push(duration)))
    .observe({ type: "longtask" });
"""
_TAKE: Final = "[window.frameTimes.splice(0), window.longTasks.splice(0)]"
_SCROLLER: Final = "document.querySelector('.call-scroller')"


class LargeApi(InventedApi):
    """Twenty thousand calls that have ended, and fifty live ones; an answer never iterates over all of them."""

    def __init__(self) -> None:
        super().__init__(speaks=True)
        now = datetime.now(timezone.utc)
        self.over = [_over(place, now - place * timedelta(minutes=2)) for place in range(1, ROWS + 1)]
        self.known = {call["id"]: call for call in self.over}
        self.going_on: list[Json] = []

    def answer(self, path: str, asked: Json) -> Any:  # noqa: ANN401 - any JSON
        """Return the calls newest first, as the API does."""
        if path == "calls/count":
            is_to_come = asked.get("to_come") == "true"
            return {"count": 0 if is_to_come else 1000, "is_all": is_to_come}
        if path != "calls":
            return super().answer(path, asked)
        if "ids" in asked:
            wanted = (self.known.get(int(one)) for one in asked["ids"].split(","))
            return {"items": [call for call in wanted if call], "next_cursor": None}
        if "status" in asked:
            return {"items": self.going_on, "next_cursor": None}
        first, limit = int(asked.get("cursor", 0)), int(asked["limit"])
        calls = [*self.going_on, *self.over]
        return {"items": calls[first : first + limit], "next_cursor": str(first + limit) if first < ROWS else None}

    def begin(self) -> None:
        """Add a live call."""
        call = invent_call(
            10**6 + len(self.known),
            status="In Progress",
            outcome=None,
            start_time=datetime.now(timezone.utc).isoformat(),
            end_time=None,
            duration_seconds=None,
        )
        self.known[call["id"]] = call
        self.going_on.insert(0, call)
        self.call_event(call["id"])

    def end(self, call: Json) -> None:
        """End a live call; its report causes three events."""
        self.going_on.remove(call)
        now = datetime.now(timezone.utc)
        call |= {"status": "Completed", "outcome": "reached", "end_time": now.isoformat(), "nps_score": call["id"] % 11}
        self.over.insert(0, call)
        for event in ("CallStatusChanged", "CallCompleted", "FeedbackRecorded"):
            self.call_event(call["id"], event)


def _over(call_id: int, began: datetime) -> Json:
    score = call_id % 11 if call_id % 3 else None
    return invent_call(
        call_id,
        start_time=began.isoformat(),
        end_time=(began + timedelta(seconds=40)).isoformat(),
        nps_score=score,
        complaint=f"Waited {call_id % 90} minutes" if score is not None and score < 7 else None,
        gist=f"The customer of {call_id} was asked about the visit, and said what there was to say.",
    )


@dataclass
class Watched:
    """An action, and how well the page kept up."""

    name: str
    frames: list[float]
    long_tasks: list[float]
    requests: int
    elements: int
    seconds: float
    has_news: bool = False
    """Whether all requests result from call events, and so have a budget."""
    figures: dict[str, float] = field(default_factory=dict)

    def results(self) -> list[Result]:
        """Return the measured values as budgets."""
        percents = statistics.quantiles(self.frames, n=100)
        self.figures = {"p50": percents[49], "p95": percents[94], "p99": percents[98], "max": max(self.frames)}
        detail = (
            f"p50 {percents[49]:.1f}, p99 {percents[98]:.1f}, longest {max(self.frames):.0f} ms;"
            f" {len(self.long_tasks)} long tasks, {max(self.long_tasks, default=0):.0f} ms at most;"
            f" {self.elements} elements"
        )
        frames = Result(self.name, percents[94], "ms", MOST_MILLISECONDS, at_most=True, detail=detail)
        rate = self.requests / self.seconds
        limit = MOST_REQUESTS if self.has_news else None
        return [frames, Result("  requests in a second", rate, "/s", limit, at_most=True, detail="")]


class Watch:
    """A page in which actions are measured."""

    def __init__(self, page: Page, api: LargeApi) -> None:
        self._page = page
        self._api = api
        self._random = random.Random(_SEED)

    def measure(self, name: str, step: Callable[[int], None], *, has_news: bool = False) -> Watched:
        """Repeat an action for some seconds."""
        say(name)
        self._page.evaluate(_TAKE)
        asked, began = len(self._api.asked), datetime.now(timezone.utc)
        place = 0
        while (seconds := (datetime.now(timezone.utc) - began).total_seconds()) < SECONDS:
            step(place)
            self._page.wait_for_timeout(STEP_MILLISECONDS)
            place += 1
        frames, long_tasks = self._page.evaluate(_TAKE)
        elements = self._page.evaluate("document.querySelectorAll('*').length")
        return Watched(name, frames, long_tasks, len(self._api.asked) - asked, elements, seconds, has_news)

    def wheel(self, _: int) -> None:
        """Turn the mouse wheel."""
        self._page.mouse.wheel(0, 600)

    def jump(self, place: int) -> None:
        """Drag the scroll bar to another place."""
        if place % 6 == 0:
            self._page.evaluate(
                f"share => {{ const a = {_SCROLLER}; a.scrollTop = share * a.scrollHeight; }}", self._random.random()
            )

    def load_all(self) -> None:
        """Scroll down to the end."""
        self._page.wait_for_function(
            f"""() => {{
                {_SCROLLER}.scrollTop = 1e9;
                return document.querySelector(".call-table").getAttribute("aria-rowcount") !== "-1";
            }}""",
            timeout=300_000,
        )

    def to_top(self) -> None:
        """Scroll back to the top."""
        self._page.evaluate(f"{_SCROLLER}.scrollTop = 0")

    def news(self, place: int) -> None:
        """Emit the events of fifty calls: turns all the time, and twice a second a call ends and another begins."""
        api = self._api
        for _ in range(2):
            api.call_event(self._random.choice(api.going_on)["id"], "TranscriptUpdated")
        if place % 10 == 0:
            api.end(self._random.choice(api.going_on))
            api.begin()

    def hang_up(self, place: int) -> None:
        """End all live calls at once, and begin as many."""
        if place == 0:
            for call in [*self._api.going_on]:
                self._api.end(call)
            for _ in range(LIVE):
                self._api.begin()


def main() -> int:
    """Measure everything; the exit status says whether every budget is kept."""
    api = LargeApi()
    with serving(InventedSite()) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=[*FLAGS, site.flag])
        page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-US")
        page.add_init_script(_COUNT_FRAMES)
        page.goto(address_of("", site.add(api)))
        page.locator("[data-call]").first.wait_for(timeout=60_000)
        page.locator("[data-testid=connection-state][data-state=live]").wait_for(timeout=60_000)
        watched = _use(page, api)
        browser.close()
    results = [result for one in watched for result in one.results()]
    _write(watched, results)
    return 0 if all(result.holds for result in results) else 1


def _use(page: Page, api: LargeApi) -> list[Watched]:
    watch = Watch(page, api)
    page.mouse.move(400, 600)
    found = [watch.measure("wheel while pages are read", watch.wheel)]
    watch.load_all()
    watch.to_top()
    found += [
        watch.measure(f"wheel with {ROWS:,} rows", watch.wheel),
        watch.measure(f"jumps among {ROWS:,} rows", watch.jump),
    ]
    watch.to_top()
    for _ in range(LIVE):
        api.begin()
    page.wait_for_timeout(2000)
    found += [
        watch.measure(f"{LIVE} live calls, {ROWS:,} rows", watch.news, has_news=True),
        watch.measure(f"{LIVE} live calls hang up at once", watch.hang_up, has_news=True),
    ]
    page.locator("[data-call]").first.click()
    found.append(watch.measure(f"{LIVE} live calls, one of them open", watch.news, has_news=True))
    return found


def _write(watched: list[Watched], results: list[Result]) -> None:
    machine = describe_machine()
    content = {
        "measured_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine,
        "figures": {one.name: one.figures | {"requests_per_second": one.requests / one.seconds} for one in watched},
        "results": [asdict(result) | {"holds": result.holds} for result in results],
    }
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(content, indent=2) + "\n")
    heading = f"{'95th percentile of the time between frames':54}{'measured':>10}  {'budget':>9}"
    lines = [heading, *map(row, results), "", machine, f"written to {OUTPUT.relative_to(PROJECT)}"]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
