"""Short work goes first, and nobody is forgotten."""

import threading
import time

from heuresis.evolve.assessment.turns import LONG, SHORT, Turns


def test_short_work_overtakes_long_work_and_otherwise_it_is_first_come_first_served() -> None:
    turns, order, threads = Turns(1), list[str](), list[threading.Thread]()

    def work(name: str, rank: int) -> None:
        with turns.turn(rank):
            order.append(name)

    with turns.turn(LONG):
        for name, rank in (("l1", LONG), ("l2", LONG), ("s1", SHORT), ("l3", LONG), ("s2", SHORT)):
            threads.append(threading.Thread(target=work, args=(name, rank)))
            threads[-1].start()
            time.sleep(0.02)  # so that they arrive in this order
        assert order == []
    for thread in threads:
        thread.join()
    assert order == ["s1", "s2", "l1", "l2", "l3"]


def test_there_are_never_more_at_work_than_places_and_all_places_are_used() -> None:
    turns, lock, together, at_work = Turns(3), threading.Lock(), set[int](), 0

    def work(rank: int) -> None:
        nonlocal at_work
        with turns.turn(rank):
            with lock:
                at_work += 1
                together.add(at_work)
            time.sleep(0.005)
            with lock:
                at_work -= 1

    threads = [threading.Thread(target=work, args=(n % 2,)) for n in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(together) == 3


def test_a_place_is_given_back_when_the_work_fails() -> None:
    turns = Turns(1)
    try:
        with turns.turn(SHORT):
            raise ValueError("oops")
    except ValueError:
        pass
    with turns.turn(SHORT):
        held = True
    assert held
