"""Runs searches in forked children, so that each can be killed at any moment and the next starts at once.

Reads one JSON object per line: archive, run (or null), config, the url of a model (or null) and after how many seconds
to kill (or null). Answers each with the wait status of the child.
"""

import json
import os
import signal
import sys
import time
import traceback
from typing import Any, NoReturn

import tiny_problem
from search_parts import PlainPool, Tinkerer

from heuresis.archive.store import Archive
from heuresis.evolve import run as runs
from heuresis.evolve.assessment import pools
from heuresis.evolve.config import Config
from heuresis.evolve.models.calls import Caller
from heuresis.evolve.models.factory import client_for
from heuresis.evolve.models.prices import Price
from heuresis.evolve.proposers.model import ModelProposer
from heuresis.evolve.search.mix import Mix
from heuresis.evolve.wiring import Setting

PRICE = Price(1e-6, 1e-5)


def make(setting: Setting, url: str | None) -> Mix:
    """The proposers of a search that is going to be killed."""
    tinkerer = Tinkerer(seconds=0.05)
    if url is None:
        return Mix((tinkerer,), (1.0,))
    caller = Caller(client_for("openai/scripted", url, price=PRICE), setting.ledger)
    model = ModelProposer(caller, setting.problem, check=setting.assessor.check, explain=lambda _: "")
    return Mix((tinkerer, model), (1.0, 2.0))


def search(order: dict[str, Any]) -> None:
    """Start or resume a search, to its end."""
    with Archive.open(order["archive"]) as archive:
        if order["run"] is None:
            runs.start(Config.from_json(order["config"]), archive, make=lambda s: make(s, order["url"]))
        else:
            runs.resume(order["run"], archive, make=lambda s: make(s, order["url"]))


def main() -> None:
    """Serve orders until standard input ends."""
    assert tiny_problem.TINY.name == "tiny"
    pools.Pool = PlainPool  # type: ignore[misc,assignment]
    runs.sandbox_level = lambda: "none"
    client_for("openai/scripted", "http://127.0.0.1:1/v1", price=PRICE)  # imports what every child would import
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            child(order)
        print(status_of(pid, order["kill_after"]), flush=True)


def child(order: dict[str, Any]) -> NoReturn:
    """Search, and never come back."""
    code = 1
    try:
        search(order)
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it is, the child ends here
        traceback.print_exc()
    finally:
        os._exit(code)


def status_of(pid: int, kill_after: float | None) -> int:
    """Wait for a child, and kill it when its time has come."""
    deadline = None if kill_after is None else time.monotonic() + kill_after
    while True:
        ended, status = os.waitpid(pid, 0 if deadline is None else os.WNOHANG)
        if ended:
            return status
        if deadline is not None and time.monotonic() >= deadline:
            os.kill(pid, signal.SIGKILL)
            deadline = None
        time.sleep(0.002)


if __name__ == "__main__":
    main()
