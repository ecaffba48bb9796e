"""Turns at one model: how many at a time, found out or given, and waiting together."""

import threading

import pytest

from heuresis.evolve.errors import SearchEnded
from heuresis.evolve.models.gate import SETTLED, Gate, Pace


def paced(seconds, replies: int = 300, most: int = 16) -> list[int]:
    """The paces of a server whose replies take `seconds(requests at a time)`."""
    pace, found = Pace(most=most), []
    for _ in range(replies):
        found.append(pace.now)
        pace.answered(seconds(pace.now), pace.now)
    return found


def test_one_slot_stays_at_one_request_at_a_time() -> None:
    found = paced(lambda at_a_time: 30.0 * at_a_time)
    assert found[0] == 1
    assert max(found) == 2
    assert found.count(2) < 0.2 * len(found)


def test_a_server_with_room_is_filled() -> None:
    assert paced(lambda _: 10.0)[-1] == 16


def test_four_slots_are_found() -> None:
    found = paced(lambda at_a_time: 10.0 * max(1.0, at_a_time / 4))
    assert found.count(4) > 0.5 * len(found)
    assert max(found) == 8


def test_a_request_that_is_too_slow_halves_the_pace() -> None:
    pace = Pace()
    while pace.now < 8:
        pace.answered(1.0, pace.now)
    pace.too_slow()
    assert pace.now == 4
    for _ in range(SETTLED):
        pace.answered(1.0, pace.now)
    assert pace.now == 4


def test_a_provider_is_asked_much_at_once_until_it_is_too_slow() -> None:
    pace = Pace(16)
    for _ in range(100):
        pace.answered(1.0, pace.now)
    assert pace.now == 16
    pace.too_slow()
    assert pace.now == 8


def test_replies_below_the_pace_say_nothing() -> None:
    pace = Pace()
    while pace.now < 2:
        pace.answered(1.0, 1)
    for _ in range(50):
        pace.answered(1.0, 1)
    assert pace.now == 2


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def entered(gate: Gate, count: int) -> tuple[list[int], threading.Event, list[threading.Thread]]:
    """Threads that want a turn each and keep it until the event."""
    inside, leave = list[int](), threading.Event()

    def work(number: int) -> None:
        with gate.turn():
            inside.append(number)
            leave.wait(10)

    threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(count)]
    for thread in threads:
        thread.start()
    return inside, leave, threads


def test_no_more_get_in_than_there_are_turns() -> None:
    gate = Gate(2)
    inside, leave, threads = entered(gate, 5)
    threads[0].join(0.2)
    assert len(inside) == 2
    leave.set()
    for thread in threads:
        thread.join(5)
    assert len(inside) == 5


def test_all_wait_together_and_go_on_when_the_time_has_come() -> None:
    clock = Clock()
    gate = Gate(4, clock=clock)
    gate.hold(0.05)
    inside, leave, threads = entered(gate, 3)
    threads[0].join(0.02)
    assert inside == []
    clock.now = 1.0
    leave.set()
    for thread in threads:
        thread.join(5)
    assert len(inside) == 3


def test_a_shorter_wait_does_not_end_a_longer_one() -> None:
    clock = Clock()
    gate = Gate(clock=clock)
    assert gate.hold(100.0)
    assert not gate.hold(1.0)
    assert gate._to_wait() == 100.0


def test_a_closed_gate_lets_nobody_through() -> None:
    gate = Gate(1)
    gate.close()
    with pytest.raises(SearchEnded), gate.turn():
        pass
