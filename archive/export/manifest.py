"""The manifest beside an exported program: what goes in, what comes out, how good it is, and test vectors."""

import json
import math
import random
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from heuresis.archive.export.subject import Subject
from heuresis.evaluators.language.contract import Function, Kind, Parameter
from heuresis.evaluators.language.reference.interpreter import TooLong

FORMAT = "heuresis-manifest"
FORMAT_VERSION = 1
VECTORS = 32
"""Test vectors per function."""

Input: TypeAlias = float | int | list[float | int]
Call: TypeAlias = Callable[[str, Sequence[Any]], Any]
Output: TypeAlias = float | str | None


def manifest(subject: Subject, call: Call) -> str:
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
        "constraints": [str(one) for one in problem.constraints],
        "context": subject.context,
        "run": subject.run or None,
        "scores": [
            {
                "split": e.split,
                "fingerprint": e.fingerprint,
                "status": e.status,
                "aggregate": e.aggregate,
                "metrics": dict(sorted(e.metrics.items())),
                "instances": len(e.values),
                "objective": subject.by(e),
            }
            for e in subject.evaluations
        ],
        "functions": [_function(f, subject.id, call) for f in problem.contract.functions],
    }
    return json.dumps(content, indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def _function(function: Function, seed: str, call: Call) -> dict[str, Any]:
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


def _draw(parameter: Parameter, rng: random.Random) -> Input:
    """A value in range, mostly of ordinary size, sometimes at the lower end; up to eight of them in an array."""
    if parameter.kind.is_array:
        return [_number(parameter, rng) for _ in range(rng.randint(1, 8))]
    return _number(parameter, rng)


def _number(parameter: Parameter, rng: random.Random) -> float | int:
    low = parameter.low if math.isfinite(parameter.low) else -100.0
    value = low if rng.random() < 0.1 else low + round(rng.choice((10.0, 100.0, 10_000.0)) * rng.random(), 3)
    return int(value) if parameter.kind in (Kind.INT64, Kind.INT64_ARRAY) else value


def _output(name: str, row: Sequence[Input], call: Call) -> Output | list[Output]:
    """What a function returns: a number, or a list of them where it returns an array."""
    try:
        value = call(name, row)
    except (ArithmeticError, LookupError, ValueError, TooLong):
        return None
    return [_written(element) for element in value] if isinstance(value, list) else _written(value)


def _written(value: float) -> Output:
    return value if math.isfinite(value) else repr(value)
