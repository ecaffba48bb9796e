"""Coefficients are found again where they are known, and those of a measured GPU are as published."""

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pytest
from profile_parts import LAYERS, write

from heuresis.problems.engines import files as engines
from heuresis.problems.engines.fit import _nonnegative, fit
from heuresis.problems.engines.profiles import ProfileError, read_profile

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "serving"


def test_known_coefficients_are_found_again(tmp_path):
    found = fit(read_profile(write(tmp_path)), LAYERS)
    once = (200 + 1000 + 50 + 2) / 1e3  # embedding, last norm, sampler, and the head of one sequence
    expected = {
        # A decode is one more sequence for the head; a prefill chunk has the one that is counted in `once`.
        "mixed": (once + LAYERS * 0.21, LAYERS * 6e-4, LAYERS * 1.3e-3 + 2e-3, LAYERS * 4e-6, LAYERS * 0.05),
        # The head of n sequences is 2 µs · (n − 1) more than that of one.
        "decode": (once + LAYERS * 0.205 - 2e-3, 0.0, LAYERS * 0.9e-3 + 2e-3, LAYERS * 2e-6, 0.0),
    }
    for regime, time in (("mixed", found.mixed), ("decode", found.decode)):
        assert time.to_tuple()[:5] == pytest.approx(expected[regime], rel=1e-6)
        assert (time.excess, time.excess_from) == (pytest.approx(LAYERS * 1.5e-3, rel=1e-6), 128.0)
    errors = {one.regime: one for one in found.errors}
    assert {name: one.points for name, one in errors.items()} == {"mixed": 120, "decode": 15}
    assert all(abs(one.worst) < 1e-6 and one.mean < 1e-6 for one in found.errors)


def test_errors_are_counted_by_regime_and_say_where_the_worst_is(tmp_path):
    def change(name, lines):
        if name == "attention":  # one kernel of decodes takes a millisecond more in each layer
            at = next(i for i, line in enumerate(lines) if line.startswith("0,0,16,256,"))
            lines[at] = f"0,0,16,256,{float(lines[at].split(',')[-1]) + 1000.0}"

    found = fit(read_profile(write(tmp_path, change)), LAYERS)
    errors = {one.regime: one for one in found.errors}
    assert errors["mixed"].mean < 1e-6
    assert errors["decode"].worst_at == {"prefill_tokens": 0, "past": 0, "decodes": 16, "kv_tokens": 4096}
    assert errors["decode"].worst < -0.5
    assert 0.04 < errors["decode"].mean < abs(errors["decode"].worst)


def test_errors_within_an_engine_leave_out_what_it_cannot_run(tmp_path):
    found = fit(read_profile(write(tmp_path)), LAYERS)
    small = dataclasses.replace(
        engines.load("rtx4090-llama-3.1-8b"), blocks=64, max_num_seqs=16, max_num_batched_tokens=256
    )
    it = found.iterations
    possible = [
        chunk + decodes <= 256 and decodes + (chunk > 0) <= 16 and chunk + past + kv <= 1024
        for chunk, past, decodes, kv in zip(it.prefill_tokens, it.past, it.decodes, it.kv_tokens, strict=True)
    ]
    counts = {one.regime: one.points for one in found.errors_within(small)}
    assert sum(counts.values()) == sum(possible)
    assert 0 < counts["decode"] < 15
    assert 0 < counts["mixed"] < 120


@pytest.mark.parametrize(("keep", "message"), [("0,", "with a prefill chunk"), ("16,", "of decodes only")])
def test_too_few_rows_of_a_regime_are_refused(tmp_path, keep, message):
    def change(name, lines):
        if name == "attention":
            lines[1:] = [line for line in lines[1:] if line.startswith(keep)]

    with pytest.raises(ProfileError, match=f"attention has 0 rows {message}, expected 8 or more"):
        fit(read_profile(write(tmp_path, change)), LAYERS)


def test_no_coefficient_is_negative_and_none_could_be_better():
    generator = np.random.default_rng(5)
    for _ in range(20):
        columns = generator.random((30, 3))
        times = columns @ np.array([1.0, -0.3, 0.6]) + 0.5 + 0.05 * generator.random(30)
        found = np.array(_nonnegative(columns, times))
        assert np.all(found >= 0)

        def loss(values, columns=columns, times=times):
            return float(np.sum((columns @ values / times - 1) ** 2))

        for step in itertools.product((-1e-4, 0.0, 1e-4), repeat=3):
            assert loss(np.maximum(0.0, found + np.array(step))) >= loss(found) - 1e-12


@pytest.mark.skipif(not DATA.is_dir(), reason="the measured profile is not here (../shared/data/serving)")
def test_the_measured_gpu_has_the_coefficients_that_its_engine_file_says():
    found = fit(read_profile(sorted(DATA.glob("llmservingsim_profile_RTX4090_llama31_8b_tp1_*.csv.gz"))), 32)
    engine = engines.load("rtx4090-llama-3.1-8b")
    assert found.mixed.to_tuple() == pytest.approx(engine.mixed.to_tuple(), rel=1e-5)
    assert found.decode.to_tuple() == pytest.approx(engine.decode.to_tuple(), rel=1e-5)
    # Fitted elsewhere to the same profile, with one hinge for both regimes at 192 tokens.
    assert found.mixed.to_tuple()[:5] == pytest.approx((17.189, 0.032337, 0.068629, 3.14e-4, 5.321), rel=0.11)
    assert (found.decode.const, found.decode.decode) == pytest.approx((17.026, 0.039026), rel=0.03)
    errors = {one.regime: one for one in found.errors}
    assert (errors["mixed"].points, errors["decode"].points) == (7488, 99)
    assert errors["mixed"].mean < 0.09
    assert errors["decode"].mean < 0.02
    within = {one.regime: one for one in found.errors_within(engine)}
    assert within["mixed"].mean < 0.07
