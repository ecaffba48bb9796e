"""What every problem tells of schedules: one replay serves for values, metrics, explanations and figures."""

import importlib
import math
from pathlib import Path

import numpy as np
import pytest

from heuresis.evaluators.language.compile import compile_program
from heuresis.problems import registry
from heuresis.problems.scoring import Drawn, valued
from heuresis.sandbox.screen.screen import screen

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "weighted_completion.py"


@pytest.mark.parametrize("name", [*registry.names(), str(EXAMPLE)], ids=lambda name: Path(name).stem)
def test_one_replay_tells_all(name: str) -> None:
    problem = registry.get(name)
    scoring, instances = problem.scoring, problem.splits["search"]().instances[:3]
    module, _, simulator = problem.simulator.rpartition(":")
    module = type(scoring).__module__ if module.endswith(".py") else module
    built = getattr(importlib.import_module(module), simulator)(scoring.pack(instances))
    source = screen(problem.baselines[0].source, problem.contract.allow_list())
    decisions = built.decide(compile_program(source, problem.contract), np.zeros(0), np.arange(3))

    replay = scoring.replay(instances, decisions)
    assert replay.fault == ""
    values = valued(scoring, instances, replay.schedules)
    assert None not in values
    reached = [math.nan if value is None else value for value in values]
    assert np.all(np.isfinite(reached))
    told = {**scoring.score(instances, reached).metrics, **scoring.metrics(instances, replay.schedules)}
    assert told
    assert 0 <= scoring.worst(instances, values) < 3
    assert scoring.worst(instances, (values[0], None, None)) == 1
    assert scoring.explain(instances[0], replay.schedules[0])
    if isinstance(scoring, Drawn):
        figures = scoring.figures(instances[0], {"one": replay.schedules[0], "two": replay.schedules[0]})
        for figure in figures:
            assert [curve.name for curve in figure.curves] == ["one", "two"]

    parts = scoring.cut(instances, decisions)
    for number, array in enumerate(decisions):  # so that a second run is compared without a second replay
        assert b"".join(part[number].tobytes() for part in parts) == array.tobytes()
