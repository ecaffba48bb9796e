"""The scoring of single-machine total tardiness, with golden totals."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from scoring_parts import schedule_of, values_of

from heuresis.evaluators.language.compile import compile_program
from heuresis.evaluators.tardiness.contract import CONTRACT
from heuresis.evaluators.tardiness.simulator import Dispatch
from heuresis.problems.problem import InstanceError, MachineryError
from heuresis.problems.tardiness.instances import TardinessInstance
from heuresis.problems.tardiness.problem import PROBLEM
from heuresis.problems.tardiness.reader import read
from heuresis.problems.tardiness.scoring import GAP, MEAN
from heuresis.sandbox.screen.screen import screen

DATA = Path(__file__).resolve().parents[3] / ".." / "shared" / "data" / "smtt" / "known_optima.json.gz"
TOTALS = {
    20: {"spt": 98626, "edd": 109458, "mdd": 73479, "optimum": 72276},
    50: {"spt": 520920, "edd": 549981, "mdd": 345593, "optimum": 339660},
    100: {"spt": 2070850, "edd": 2170602, "mdd": 1341667, "optimum": 1321552},
    200: {"spt": 3955080, "edd": 4159410, "mdd": 2554366, "optimum": 2521332},
}
SCORING = PROBLEM.scoring


def instance(p: list[int], d: list[int], optimum: int | None = None, claimed: bool = False) -> TardinessInstance:
    return TardinessInstance("i", np.array(p, np.int64), np.array(d, np.int64), {}, optimum, claimed)


def decided(*sequences: list[int]) -> tuple[np.ndarray, np.ndarray]:
    return np.ones(len(sequences), np.uint8), np.concatenate([np.array(s, np.int32) for s in sequences])


@pytest.mark.skipif(not DATA.exists(), reason="the shared data folder is absent")
@pytest.mark.parametrize("n", TOTALS)
def test_totals_on_known_instances(tmp_path: Path, n: int) -> None:
    rows = [r for r in json.loads(gzip.decompress(DATA.read_bytes()))["instances"] if r["n"] == n]
    path = tmp_path / "known.json"
    path.write_text(json.dumps({"instances": rows}))
    instances = read([path]).instances
    simulator = Dispatch(SCORING.pack(instances))
    for name in ("spt", "edd", "mdd"):
        baseline = PROBLEM.baseline(name)
        assert baseline is not None
        program = compile_program(screen(baseline.source, CONTRACT.allow_list()), CONTRACT)
        values, _ = values_of(SCORING, instances, simulator.decide(program, np.zeros(0), np.arange(len(instances))))
        score = SCORING.score(instances, [v for v in values if v is not None])
        assert score.metrics["total"] == TOTALS[n][name]
        assert score.metrics["agg_gap"] == pytest.approx(TOTALS[n][name] / TOTALS[n]["optimum"] - 1, abs=1e-12)
        assert score.aggregate == score.metrics["agg_gap"]
    assert PROBLEM.objective_on(instances) is GAP


def test_the_aggregate_is_the_mean_over_sizes() -> None:
    instances = [instance([2, 2], [0, 0], 6), instance([1], [0], 1), instance([1, 1], [9, 9], 0)]
    score = SCORING.score(instances, [9.0, 3.0, 3.0])
    assert score.aggregate == pytest.approx(((9 + 3) / 6 - 1 + 3 / 1 - 1) / 2)
    assert score.metrics == {
        "agg_gap": pytest.approx(15 / 7 - 1),
        "avg_gap": pytest.approx((0.5 + 2.0) / 2),
        "total": 15.0,
        "late_on_zero": 1.0,
    }


def test_without_complete_references_it_is_the_mean_tardiness() -> None:
    instances = [instance([2, 2], [0, 0], 6), instance([1], [0])]
    score = SCORING.score(instances, [9.0, 3.0])
    assert score.aggregate == 6.0
    assert score.metrics == {"agg_gap": None, "avg_gap": None, "late_on_zero": None, "total": 12.0}
    assert PROBLEM.objective_on(instances) is MEAN
    draws = SCORING.resample(instances, np.array([[9.0, 3.0]]), 50, np.random.default_rng(0))
    assert np.all(draws == 6.0)  # each cell has one instance


@pytest.mark.parametrize("wrong", [[0, 0], [0, 2], [-1, 0], [1, 1]])
def test_a_sequence_must_be_a_permutation(wrong: list[int]) -> None:
    instances = [instance([3, 1], [0, 0]), instance([3, 1], [0, 0])]
    values, message = values_of(SCORING, instances, decided([1, 0], wrong))
    assert values == (5.0, None)
    assert "not a permutation" in message
    assert "1 of 2" in message


def test_an_instance_left_undecided_has_no_value() -> None:
    valid, sequences = decided([1, 0], [-1, -1])
    valid[1] = 0
    values, message = values_of(SCORING, [instance([3, 1], [0, 0]), instance([3, 1], [0, 0])], (valid, sequences))
    assert values == (5.0, None)
    assert "NaN or infinite" in message


def test_a_value_below_a_proven_optimum_stops_everything() -> None:
    with pytest.raises(MachineryError, match="below the proven optimum 6"):
        values_of(SCORING, [instance([3, 1], [0, 0], 6)], decided([1, 0]))


def test_a_wrong_claim_of_a_file_is_the_files_error() -> None:
    with pytest.raises(InstanceError, match="claims the optimum 6, but a sequence reaches 5"):
        values_of(SCORING, [instance([3, 1], [0, 0], 6, claimed=True)], decided([1, 0]))


def test_large_times_do_not_overflow() -> None:
    size = 1_000
    large = (1 << 40) // size
    values, _ = values_of(SCORING, [instance([large] * size, [0] * size)] * 3, decided(*[list(range(size))] * 3))
    assert values == (float(large * size * (size + 1) // 2),) * 3


def test_groups_are_sizes() -> None:
    instances = [instance([1, 1], [0, 0]), instance([1], [0]), instance([2, 1], [0, 0])]
    assert {k: v.tolist() for k, v in SCORING.groups(instances).items()} == {"n=1": [1], "n=2": [0, 2]}
    assert SCORING.decisions_in(instances) == 5


def test_the_explanation_shows_late_jobs_against_the_optimum() -> None:
    one = instance([5, 1, 1], [5, 6, 1], 2)
    assert SCORING.explain(one, schedule_of(SCORING, one, decided([0, 1, 2]))) == (
        "n = 3: 1 of 3 jobs late, total tardiness 6; the optimum has 1 late and 2.\n"
        "\n"
        "| job | p | d | end | tardiness | end if optimal | tardiness if optimal |\n"
        "|--:|--:|--:|--:|--:|--:|--:|\n"
        "| 2 | 1 | 1 | 7 | 6 | 1 | 0 |"
    )


def test_a_long_explanation_is_cut_and_says_so() -> None:
    many = instance([1] * 40, [0] * 40)
    text = SCORING.explain(many, schedule_of(SCORING, many, decided(list(range(40)))))
    assert "40 of 40 jobs late" in text
    assert "the 12 that lose most" in text
    assert len(text.splitlines()) == 4 + 12


def test_an_exported_rule_refuses_what_is_not_finite() -> None:
    namespace: dict[str, object] = {}
    exec("def priority(*features):\n    return float('nan')\n" + PROBLEM.standalone, namespace)
    schedule = namespace["schedule"]
    assert callable(schedule)
    with pytest.raises(ValueError, match="NaN"):
        schedule([(1, 1)])
