"""Engines refuse what cannot be, tell the time of an iteration, and become one array."""

import dataclasses

import numpy as np
import pytest

from heuresis.evaluators.serving import engine as module
from heuresis.evaluators.serving.engine import (
    Admission,
    Batching,
    Engine,
    EngineError,
    IterationTime,
    Preemption,
    ServiceLevel,
)

MIXED = IterationTime(17.0, 0.03, 0.07, 3e-4, 5.0, 0.06, 192.0)
DECODE = IterationTime(16.0, 0.0, 0.04, 1e-4, 0.0, 0.05, 100.0)


def _engine(**changes):
    values = {
        "name": "toy",
        "title": "A toy",
        "origin": "invented",
        "blocks": 100,
        "block_size": 16,
        "max_num_seqs": 8,
        "max_num_batched_tokens": 64,
        "batching": "running_order",
        "preemption": "swap",
        "prefix_caching": True,
        "watermark": 0.25,
        "kv_bytes_per_token": 131072,
        "link_bytes_per_second": 25e9,
        "replicas": 4,
        "mixed": MIXED,
        "decode": DECODE,
        "slo": (ServiceLevel("standard", 2.0, 0.1),),
        "admission": "first_chunk",
    }
    return Engine(**(values | changes))


def test_the_time_of_an_iteration_is_the_sum_of_its_parts():
    # Two chunks: 200 tokens after 100, and 100 tokens of a new prompt; 10 decodes over 4,000 tokens.
    work = 200 * (100 + 100) + 100 * (0 + 50)
    expected = 17.0 + 0.03 * 300 + 0.07 * 10 + 3e-4 * 4000 + 5.0 * work / 1e6 + 0.06 * (310 - 192)
    assert MIXED.milliseconds(300, 10, 4000, work) == pytest.approx(expected, rel=1e-12)
    assert DECODE.milliseconds(0, 10, 4000) == pytest.approx(16.0 + 0.4 + 0.4, rel=1e-12)
    assert DECODE.milliseconds(0, 101) == pytest.approx(16.0 + 4.04 + 0.05, rel=1e-12)


def test_the_array_holds_every_number_at_its_place():
    array = _engine().to_array()
    assert array.dtype == np.float64
    assert array.shape == (module.ARRAY_SIZE,)
    assert not array.flags.writeable
    at = {
        module.BLOCKS: 100,
        module.BLOCK_SIZE: 16,
        module.MAX_SEQS: 8,
        module.TOKEN_BUDGET: 64,
        module.BATCHING: 1,
        module.PREEMPTION: 1,
        module.PREFIX_CACHING: 1,
        module.WATERMARK: 0.25,
        module.KV_BYTES: 131072,
        module.LINK: 25e9,
        module.ADMISSION: 1,
        module.MIXED + module.CONST: 17.0,
        module.MIXED + module.PREFILL: 0.03,
        module.MIXED + module.DECODES: 0.07,
        module.MIXED + module.KV: 3e-4,
        module.MIXED + module.ATTENTION: 5.0,
        module.MIXED + module.EXCESS: 0.06,
        module.MIXED + module.EXCESS_FROM: 192.0,
        module.DECODE + module.CONST: 16.0,
        module.DECODE + module.PREFILL: 0.0,
        module.DECODE + module.DECODES: 0.04,
        module.DECODE + module.KV: 1e-4,
        module.DECODE + module.ATTENTION: 0.0,
        module.DECODE + module.EXCESS: 0.05,
        module.DECODE + module.EXCESS_FROM: 100.0,
    }
    assert sorted(at) == list(range(module.ARRAY_SIZE))
    assert {place: array[place] for place in at} == at
    other = _engine(batching="decode_first", preemption=Preemption.RECOMPUTE, admission=Admission.WHOLE).to_array()
    assert (other[module.BATCHING], other[module.PREEMPTION], other[module.ADMISSION]) == (0, 0, 0)


def test_enumerations_are_read_from_their_names():
    assert _engine().batching is Batching.RUNNING_ORDER
    assert _engine().preemption is Preemption.SWAP
    assert _engine().admission is Admission.FIRST_CHUNK
    assert _engine().kv_tokens == 1600


@pytest.mark.parametrize("name", [one.name for one in dataclasses.fields(IterationTime)])
def test_no_coefficient_lets_time_run_backwards(name):
    with pytest.raises(
        EngineError, match=f"^{name} must be .* or more, got -1e-09: .*time could stand still or run backwards"
    ):
        dataclasses.replace(MIXED, **{name: -1e-9})
    with pytest.raises(EngineError, match=f"^{name} must be at most 1e\\+09"):
        dataclasses.replace(MIXED, **{name: 1.1e9})
    for wrong in (float("nan"), float("inf"), -float("inf"), 10**400, "1", True, None):
        with pytest.raises(EngineError, match=f"^{name} must be a finite number"):
            dataclasses.replace(MIXED, **{name: wrong})


def test_an_iteration_takes_time_even_when_it_does_nothing():
    for wrong in (0.0, 1e-300):
        with pytest.raises(EngineError, match="const must be 1e-06 or more"):
            dataclasses.replace(DECODE, const=wrong)


def test_the_largest_engine_has_finite_times():
    largest = IterationTime(*(1e9,) * 6, 0.0)
    assert np.isfinite(largest.milliseconds(2.0**30, 2.0**30, 2.0**30, 2.0**60))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"replicas": 0}, "replicas must be an integer of 1"),
        ({"blocks": 0}, "blocks must be an integer of 1"),
        ({"blocks": 2.0}, "blocks must be an integer of 1"),
        ({"blocks": True}, "blocks must be an integer of 1"),
        ({"blocks": 1 << 29}, r"at most 2\*\*30 tokens"),
        ({"max_num_batched_tokens": 7}, r"at least max_num_seqs \(8\).*got 7"),
        ({"batching": "random"}, "batching must be one of decode_first, running_order, got 'random'"),
        ({"preemption": 1}, "preemption must be one of recompute, swap, swap_overlapped, got 1"),
        ({"prefix_caching": 1}, "prefix_caching must be true or false"),
        ({"admission": "half"}, "admission must be one of whole, first_chunk, got 'half'"),
        ({"watermark": 1.0}, "watermark must be a share .* leaves no block .* got 1"),
        ({"watermark": -0.1}, "watermark must be a share"),
        ({"kv_bytes_per_token": 0}, "kv_bytes_per_token must be 1 to 1e"),
        ({"link_bytes_per_second": float("inf")}, "link_bytes_per_second must be a finite number"),
        ({"link_bytes_per_second": 1e-300}, "link_bytes_per_second must be 1 to 1e"),
        ({"origin": ""}, "origin must be a text"),
        ({"slo": ()}, "slo must hold one or more classes"),
        ({"slo": (ServiceLevel("a", 1, 1), ServiceLevel("a", 2, 2))}, "slo must hold one or more classes"),
    ],
)
def test_an_engine_that_cannot_be_is_refused(changes, message):
    with pytest.raises(EngineError, match=message):
        _engine(**changes)


def test_a_service_level_needs_positive_seconds():
    with pytest.raises(EngineError, match="slo fast: tpot must be a positive number of seconds, got 0"):
        ServiceLevel("fast", 1.0, 0.0)
    with pytest.raises(EngineError, match="name must be a text"):
        ServiceLevel("", 1.0, 1.0)
