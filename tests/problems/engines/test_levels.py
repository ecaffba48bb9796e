"""Service levels follow from the engine's own times."""

import dataclasses

import pytest

from heuresis.evaluators.serving.engine import IterationTime
from heuresis.problems.engines import files as engines
from heuresis.problems.engines.levels import prefill_seconds, service_levels


def test_a_prompt_is_prefilled_in_chunks_of_the_budget():
    engine = dataclasses.replace(
        engines.load("a30-qwen2-7b"), mixed=IterationTime(10.0, 0.1, 0.0, 0.0, 2.0, 0.5, 500.0)
    )
    # 512 + 512 + 176 tokens, of which the two full chunks exceed 500 by 12; attention work is 1200²/2.
    expected = 3 * 10.0 + 0.1 * 1200 + 2 * 0.5 * 12 + 2.0 * 1200**2 / 2 / 1e6
    assert prefill_seconds(engine, 1200) == pytest.approx(expected / 1e3, rel=1e-12)


def test_the_levels_are_multiples_of_an_undisturbed_request():
    engine = engines.load("rtx4090-llama-3.1-8b")
    first = prefill_seconds(engine, 2048)
    token = engine.decode.milliseconds(0, 128, 2588 * 16 / 2) / 1e3
    for level, more, most in zip(service_levels(engine), (5, 20, 100), (2, 4, 10), strict=True):
        assert level.ttft == pytest.approx(more * first, rel=0.05)
        assert level.tpot == pytest.approx(most * token, rel=0.05)
        assert level.ttft == float(f"{level.ttft:.2g}")


@pytest.mark.parametrize("name", engines.names())
def test_the_engines_that_come_with_heuresis_follow_the_rule(name):
    # Other amounts of memory keep the levels of their base, so that the same requests are judged alike.
    base = "a10-llama-3-8b" if name.startswith("a10-") else name
    assert engines.load(name).slo == service_levels(engines.load(base))
