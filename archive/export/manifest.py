"""The manifest beside an exported program: what goes in, what comes out, how good it is, and test vectors."""

import json
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

from heuresis.archive.export.subject import Subject
from heuresis.evaluators.contract import Function, Kind, Parameter
from heuresis.evaluators.reference.interpreter import TooLong

FORMAT = "heuresis-manifest"
FORMAT_VERSION = 1
VECTORS = 32
"""Test vectors per function."""


def manifest(subject: Subject, call: Callable[[str, Sequence[float]], float]) -> str:
    """JSON text, keys in a fixed order, the same for the same subject. `call` computes expected outputs.

    Numbers that are not finite are the strings `nan`, `inf` and `-inf`; a call that raises has the output null.
    """
    problem = subject.problem
    content = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "problem": problem.name,
        "problem_version": problem.version,
        "program": subject.id,
        "origin": subject.origin,
        "objective": {"name": problem.objective.name, "definition": problem.objective.definition, "direction": "min"},
        "scores": [
            {
                "split": e.split,
                "fingerprint": e.fingerprint,
                "status": e.status,
                "aggregate": e.aggregate,
                "metrics": dict(sorted(e.metrics.items())),
                "instances": len(e.values),
            }
            for e in subject.evaluations
        ],
        "functions": [_function(f, subject.id, call) for f in problem.contract.functions],
    }
    return json.dumps(content, indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def _function(function: Function, seed: str, call: Callable[[str, Sequence[float]], float]) -> dict[str, Any]:
    rng = random.Random(f"{seed}/{function.name}")  # noqa: S311 - repeatable inputs, not secrets
    inputs = [[_draw(p, rng) for p in function.parameters] for _ in range(VECTORS)]
    return {
        "name": function.name,
        "returns": function.returns,
        "parameters": [
            {"name": p.name, "kind": p.kind.value, "unit": p.unit.value, "meaning": p.meaning, "varies": p.varies}
            for p in function.parameters
        ],
        "vectors": [{"inputs": row, "output": _output(function.name, row, call)} for row in inputs],
    }


def _draw(parameter: Parameter, rng: random.Random) -> float | int:
    """A value in the parameter's range, mostly of ordinary size, sometimes at its lower end."""
    low = parameter.low if math.isfinite(parameter.low) else -100.0
    value = low if rng.random() < 0.1 else low + round(rng.choice((10.0, 100.0, 10_000.0)) * rng.random(), 3)
    return int(value) if parameter.kind is Kind.INT64 else value


def _output(name: str, row: Sequence[float], call: Callable[[str, Sequence[float]], float]) -> float | str | None:
    try:
        value = call(name, row)
    except (ZeroDivisionError, TooLong):
        return None
    return value if math.isfinite(value) else repr(value)
