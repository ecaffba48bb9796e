"""The driver below an exported scheduler orders requests as the program does."""

from typing import Any

from heuresis.evaluators.serving.contract import PRIORITY, REVISE
from heuresis.problems.serving.problem import STANDALONE

REQUEST = dict.fromkeys(
    [
        "arrival",
        "deadline",
        "prompt",
        "estimate",
        "computed",
        "generated",
        "restarts",
        "program_service",
        "client_service",
        "cached",
    ],
    1.0,
)


def ordered(priority: str, revise: str, waiting: list[dict[str, float]], running: list[dict[str, float]]) -> Any:
    """What the driver returns under a program of two expressions."""
    program = f"{PRIORITY.signature}:\n    return {priority}\n\n\n{REVISE.signature}:\n    return {revise}\n"
    names: dict[str, Any] = {}
    exec(program + STANDALONE, names)
    return names["order"](waiting, running, 5.0, 0.5)


def test_waiting_requests_by_priority_and_running_ones_the_largest_first() -> None:
    requests = [REQUEST | {"arrival": date} for date in (3.0, 1.0, 2.0)]
    assert ordered("arrival", "value", requests, requests) == ([1, 2, 0], [0, 2, 1])


def test_the_driver_revises_by_what_it_is_told_and_takes_what_is_left_out_as_nothing() -> None:
    requests = [REQUEST | {"arrival": date} for date in (3.0, 1.0, 2.0)]
    assert ordered("arrival", "value + 9.0 * stages + best_effort", requests, [])[0] == [1, 2, 0]
    requests[1] |= {"stages": 1.0}
    requests[2] |= {"best_effort": 1.5}
    assert ordered("arrival", "value + 9.0 * stages + best_effort", requests, [])[0] == [0, 2, 1]
    assert ordered("arrival", "prompt * arrival - deadline * running * estimate", requests, requests)[1] == [0, 2, 1]
