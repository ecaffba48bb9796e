"""Instances of LLM serving: what is refused, and what their fingerprint depends on."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from heuresis.evaluators.serving.engine import Engine
from heuresis.problems.engines.files import load
from heuresis.problems.problem import InstanceError
from heuresis.problems.serving.instances import ServingInstance, chained, fingerprint

ENGINE = load("a30-qwen2-7b")


def ints(*values: int) -> Any:
    return np.array(values, dtype=np.int64)


def floats(*values: float) -> Any:
    return np.array(values, dtype=np.float64)


def instance(engine: Engine = ENGINE, name: str = "i", **fields: Any) -> ServingInstance:
    good = {
        "arrival": floats(0, 1, 1),
        "prompt": ints(40, 100, 16),
        "output": ints(1, 2, 3),
        "estimate": floats(1, 2.5, 3),
        "client": ints(0, 0, 1),
        "program": ints(0, 1, 0),
        "slo": ints(0, 0, 2),
        "after": ints(-1, -1, 0),
        "gap": floats(0, 0, 2),
        "prefix_offsets": ints(0, 2, 4, 5),
        "prefix_blocks": ints(0, 1, 0, 2, 0),
    }
    return ServingInstance(name, {}, engine, **(good | fields))


def test_a_good_instance() -> None:
    one = instance()
    assert (one.size, one.reference, one.distinct_blocks) == (3, None, 3)
    assert instance(prefix_offsets=ints(0, 0, 0, 0), prefix_blocks=ints()).distinct_blocks == 0


def test_instances_are_immutable() -> None:
    for what in ("arrival", "prompt", "prefix_blocks", "prefix_offsets"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(instance(), what)[0] = 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"arrival": floats()}, "1 to 2\\*\\*24 requests, got 0"),
        ({"arrival": ints(0, 1, 2)}, "arrival must be a 1-D float64 array of 3"),
        ({"prompt": floats(1, 2, 3)}, "prompt must be a 1-D int64 array of 3"),
        ({"output": ints(1, 2)}, "output must be a 1-D int64 array of 3"),
        ({"arrival": floats(-1, 0, 0)}, r"arrival must be seconds .*\[0\] is -1"),
        ({"arrival": floats(0, np.nan, 0)}, r"arrival must be seconds .*\[1\] is nan"),
        ({"arrival": floats(0, 2, 1)}, r"arrival\[2\] is before the one before it; sort"),
        ({"prompt": ints(40, 0, 16)}, r"prompt\[1\] is 0"),
        ({"output": ints(1, 2, 0)}, r"output\[2\] is 0"),
        ({"estimate": floats(1, 0, 3)}, r"estimate\[1\] is 0"),
        ({"client": ints(0, -1, 0)}, r"client\[1\] is -1"),
        ({"program": ints(0, 1 << 24, 0)}, r"program\[1\]"),
        ({"slo": ints(0, 3, 0)}, r"classes of a30-qwen2-7b, 0 to 2; slo\[1\] is 3"),
        ({"after": ints(-1, -1, 2)}, r"after\[2\] is 2"),
        ({"after": ints(-2, -1, 0)}, r"after\[0\] is -2"),
        ({"gap": floats(0, 1, 0)}, r"gap\[1\] is 1"),
        ({"gap": floats(0, 0, np.inf)}, r"gap\[2\] is inf"),
        ({"prefix_offsets": ints(0, 2, 4)}, "the first n \\+ 1"),
        ({"prefix_offsets": ints(0, 2, 1, 5)}, "must rise from 0 to 5"),
        ({"prefix_offsets": ints(0, 2, 2, 5)}, "request 2 has more prefix blocks"),
        ({"prefix_blocks": ints(0, 1, 0, 3, 0)}, "dense numbers"),
        ({"prefix_blocks": ints(0, 1, 0, 2, 1)}, "chained"),
        ({"prefix_blocks": ints(0, 1, 2, 1, 0)}, "chained"),
    ],
)
def test_malformed_instances_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InstanceError, match=message):
        instance(**fields)


def test_fingerprints_depend_on_everything_but_names() -> None:
    one = instance()
    assert fingerprint([one]) == fingerprint([instance(name="other")])
    changed = [
        instance(arrival=floats(0, 1, 1.5)),
        instance(prompt=ints(41, 100, 16)),
        instance(output=ints(1, 2, 4)),
        instance(estimate=floats(1, 2, 3)),
        instance(client=ints(0, 1, 1)),
        instance(program=ints(0, 1, 1)),
        instance(slo=ints(0, 0, 1)),
        instance(after=ints(-1, -1, 1)),
        instance(gap=floats(0, 0, 3)),
        instance(prefix_blocks=ints(0, 1, 0, 1, 0)),
        instance(prefix_offsets=ints(0, 2, 4, 4), prefix_blocks=ints(0, 1, 0, 2)),
        instance(load("rtx4090-llama-3.1-8b")),
        instance(replace(ENGINE, replicas=2)),
        instance(replace(ENGINE, slo=(*ENGINE.slo[:2], replace(ENGINE.slo[2], tpot=9.0)))),
    ]
    marks = {fingerprint([i]) for i in (one, *changed)} | {fingerprint([one, one])}
    assert len(marks) == 2 + len(changed)


def test_ids_are_equal_only_where_all_before_is_equal() -> None:
    offsets, blocks = chained([[7, 8], [7, 9], [], [8, 8], [7, 8, 8]])
    assert offsets.tolist() == [0, 2, 4, 4, 6, 9]
    assert blocks.tolist() == [0, 1, 0, 2, 3, 4, 0, 1, 5]
