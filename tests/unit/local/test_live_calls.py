"""The timing of live calls, by a clock that waits for nobody."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from itertools import count, pairwise
from random import Random

import pytest

from local.simulator.expected_rows import truth_of
from local.simulator.live_calls import LINES, PAUSE_SECONDS, Player, Program
from local.simulator.scenario import CallScript, hang_up, hasten, write_script
from local.simulator.webhook_factory import Body, webhooks

BEGAN = datetime(2026, 11, 2, 15, 0, 0, 123_456, tzinfo=timezone.utc)
SENDERS_ROUNDING = timedelta(milliseconds=2)


class FakeClock:
    """Time that passes when somebody waits, and stands still otherwise; at `stops_at` somebody presses Ctrl-C."""

    def __init__(self, stops_at: datetime | None = None) -> None:
        self.time = BEGAN
        self._stops_at = stops_at

    def now(self) -> datetime:
        return self.time

    def wait_until(self, moment: datetime) -> None:
        if self._stops_at and moment > self._stops_at:
            self.time = self._stops_at
            raise KeyboardInterrupt
        self.time = max(self.time, moment)


class Stage:
    """Everything that a player does, with its time."""

    def __init__(self, calls: int | None, *, speed: float = 1, stops_at: datetime | None = None, seed: int = 1) -> None:
        self.clock = FakeClock(stops_at)
        self.placed: list[CallScript] = []
        self.posts: list[tuple[datetime, Body]] = []
        self.told: list[tuple[int | None, bool]] = []
        self.remembered: list[tuple[int, CallScript]] = []
        self._ids = count(1)
        program = Program(calls, seed, speed)
        self.player = Player(program, Random(seed), self.clock, self._place, self._post, self._tell, self._remember)

    def of(self, call: CallScript) -> list[tuple[datetime, Body]]:
        return [(at, body) for at, body in self.posts if body["message"]["call"]["id"] == call.vapi_call_id]

    def _place(self, draft: CallScript) -> CallScript:
        placed = _with_id(draft, next(self._ids))
        self.placed.append(placed)
        return placed

    def _post(self, body: Body) -> None:
        self.posts.append((self.clock.now(), body))

    def _remember(self, script: CallScript) -> None:
        """With the number of webhooks that were sent of the call before."""
        self.remembered.append((len(self.of(script)), script))

    def _tell(self, script: CallScript, begins: bool) -> None:
        self.told.append((script.call_id, begins))


def _with_id(script: CallScript, call_id: int) -> CallScript:
    values = {name: getattr(script, name) for name in script.__dataclass_fields__}
    return CallScript(**values | {"call_id": call_id})


def _sent_at(body: Body) -> datetime:
    return datetime.fromtimestamp(body["message"]["timestamp"] / 1000, timezone.utc)


def _types(posts: list[tuple[datetime, Body]]) -> list[str]:
    return [body["message"]["type"] for _, body in posts]


def _script(*, stalls: bool = False) -> CallScript:
    return write_script(Random(5), 15, BEGAN.replace(microsecond=0), outcome="reached", stalls=stalls)


@pytest.fixture(scope="module")
def played() -> Stage:
    stage = Stage(12)
    stage.player.play()
    return stage


def test_every_call_is_played_to_its_report(played: Stage) -> None:
    assert len(played.placed) == 12
    assert played.player.under_way == 0
    assert {script.call_id for script in played.player.played} == set(range(1, 13))
    assert all(_types(played.of(call))[-2:] == ["status-update", "end-of-call-report"] for call in played.placed)
    assert sorted(played.told) == sorted((number, begins) for number in range(1, 13) for begins in (True, False))


def test_each_webhook_is_sent_when_its_sender_says_that_it_is(played: Stage) -> None:
    assert all(abs(at - _sent_at(body)) <= SENDERS_ROUNDING for at, body in played.posts)
    times = [at for at, _ in played.posts]
    assert times == sorted(times)


def test_people_speak_at_their_own_pace(played: Stage) -> None:
    call = next(call for call in played.placed if len(call.turns) > 6)
    turns = [at for at, body in played.of(call) if body["message"]["type"] == "conversation-update"]
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(turns)]
    assert len(turns) == len(call.turns)
    assert all(0.5 < gap < 20 for gap in gaps)
    assert max(gaps) - min(gaps) > 1


def test_the_conversation_grows_turn_by_turn(played: Stage) -> None:
    call = next(call for call in played.placed if len(call.turns) > 6)
    updates = [body["message"] for _, body in played.of(call) if body["message"]["type"] == "conversation-update"]
    assert [len(update["messages"]) - 1 for update in updates] == list(range(1, len(call.turns) + 1))


def test_feedback_comes_some_seconds_after_the_end(played: Stage) -> None:
    for call in played.placed:
        reported_at = played.of(call)[-1][0]
        assert timedelta(seconds=3) < reported_at - call.ended_at < timedelta(seconds=10)


def test_a_row_is_there_before_its_call_is_dialled(played: Stage) -> None:
    for call in played.placed:
        assert played.of(call)[0][0] - call.created_at > timedelta(seconds=5)


def test_vapi_knows_a_call_before_its_first_webhook(played: Stage) -> None:
    assert played.remembered == [(0, script) for script in played.placed]


def test_vapi_knows_how_a_call_ended_that_was_hung_up_on() -> None:
    stage = Stage(None, stops_at=BEGAN + timedelta(seconds=60))
    with pytest.raises(KeyboardInterrupt):
        stage.player.play()
    before = len(stage.remembered)
    stage.player.stop()
    hung_up = [script for _, script in stage.remembered[before:]]
    assert hung_up
    for script in hung_up:
        reports = [body["message"] for _, body in stage.of(script) if body["message"]["type"] == "end-of-call-report"]
        assert [report["endedReason"] for report in reports] == [script.ended_reason] == ["manually-canceled"]


def test_as_many_calls_at_once_as_there_are_lines_but_never_more(played: Stage) -> None:
    changes = [(call.created_at, 1) for call in played.placed]
    changes += [(played.of(call)[-1][0], -1) for call in played.placed]
    under_way, most = 0, 0
    for _, change in sorted(changes):
        under_way += change
        most = max(most, under_way)
    assert most == LINES


def test_a_line_rests_between_two_calls(played: Stage) -> None:
    ends = sorted(played.of(call)[-1][0] for call in played.placed)
    later_calls = sorted(call.created_at for call in played.placed)[LINES:]
    least, most = (timedelta(seconds=seconds) for seconds in PAUSE_SECONDS)
    for began in later_calls:
        assert any(least <= began - end + SENDERS_ROUNDING <= most for end in ends)


def test_a_stall_is_heard_while_nobody_speaks() -> None:
    script = _script(stalls=True)
    assert script.stalls_after is not None
    posts = webhooks(script)
    place = next(place for place, (_, body) in enumerate(posts) if body["message"]["type"] == "hang")
    assert posts[place + 1][0] - posts[place][0] > 3
    assert truth_of(script).stalls == 1


def test_the_same_seed_plays_the_same_calls() -> None:
    one, same, other = Stage(3, seed=7), Stage(3, seed=7), Stage(3, seed=8)
    for stage in (one, same, other):
        stage.player.play()
    assert one.posts == same.posts
    assert one.posts != other.posts


def test_speed_shortens_everything_but_what_the_sender_takes_after_the_end() -> None:
    slow, fast = Stage(1), Stage(1, speed=10)
    for stage in (slow, fast):
        stage.player.play()
    (long,), (short,) = slow.placed, fast.placed
    assert [turn.text for turn in short.turns] == [turn.text for turn in long.turns]
    ratio = (long.ended_at - long.created_at) / (short.ended_at - short.created_at)
    assert ratio == pytest.approx(10, rel=0.01)
    assert all(abs(at - _sent_at(body)) <= SENDERS_ROUNDING for at, body in fast.posts)


@pytest.mark.parametrize("speed", [0.5, 3, 20])
def test_a_hastened_call_is_still_a_whole_one(speed: float) -> None:
    script = hasten(_script(stalls=True), speed)
    delays = [delay for delay, _ in webhooks(script)]
    assert delays == sorted(delays)
    assert [body["message"]["type"] for _, body in webhooks(script)].count("hang") == 1


def _stop(stops_at: datetime) -> Stage:
    stage = Stage(None, stops_at=stops_at)
    with pytest.raises(KeyboardInterrupt):
        stage.player.play()
    return stage


@pytest.mark.parametrize("seconds", [0.5, 13, 47, 61, 240])
def test_whoever_is_stopped_hangs_up_on_everybody_at_once(seconds: float) -> None:
    stage = _stop(BEGAN + timedelta(seconds=seconds))
    begun = stage.player.under_way
    assert begun > 0
    before = len(stage.posts)
    stage.player.stop()
    assert stage.player.under_way == 0
    assert {at for at, _ in stage.posts[before:]} == {BEGAN + timedelta(seconds=seconds)}
    for call in stage.placed:
        assert _types(stage.of(call))[-1] == "end-of-call-report"
        assert _types(stage.of(call)).count("end-of-call-report") == 1


def test_an_endless_program_goes_on() -> None:
    stage = _stop(BEGAN + timedelta(hours=1))
    assert len(stage.player.played) > 100


def _cut(after: Callable[[CallScript], timedelta]) -> tuple[CallScript, CallScript]:
    script = _script()
    return script, hang_up(script, script.created_at + after(script))


def test_a_call_that_is_hung_up_on_has_what_was_said_until_then() -> None:
    script, cut = _cut(lambda script: (script.ended_at - script.created_at) * 0.9)
    assert 0 < len(cut.turns) < len(script.turns)
    assert cut.turns == script.turns[: len(cut.turns)]
    truth = truth_of(cut)
    assert (truth.status, truth.outcome, truth.nps_score, truth.feedback) == ("Completed", "cancelled", None, ())
    assert cut.started_at is not None
    assert truth.duration_sec == pytest.approx((cut.ended_at - cut.started_at).total_seconds(), abs=1)


def test_a_call_that_is_hung_up_on_before_anybody_answered_has_no_start() -> None:
    _, cut = _cut(lambda _: timedelta(seconds=1))
    assert (cut.started_at, cut.turns) == (None, ())
