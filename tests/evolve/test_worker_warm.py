"""A worker is ready soon, however many instances it holds."""

from typing import Any

import numpy as np
import pytest
import tiny_problem

from heuresis.evaluators.tardiness.simulator import Dispatch
from heuresis.evolve.assessment import tasks
from heuresis.evolve.worker import Worker


def test_warming_up_plays_the_first_instance_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    played: set[int] = set()
    real = Dispatch.loss

    def loss(self: Dispatch, program: Any, theta: Any, subset: Any) -> float:
        played.update(np.asarray(subset).tolist())
        return real(self, program, theta, subset)

    monkeypatch.setattr(Dispatch, "loss", loss)
    payload = tiny_problem.TINY.scoring.pack(tiny_problem.TINY.splits["search"]().instances)
    worker = Worker(payload, {tasks.SIMULATOR: tiny_problem.TINY.simulator, tasks.IMPROVES: ""})
    worker.warm()
    assert played == {0}
    assert worker.simulator.size == 20
