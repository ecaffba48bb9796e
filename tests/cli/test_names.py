"""A name that is not known: what may have been meant, what it is instead, and never a list of all there is."""

import pytest

from heuresis.sandbox.names import MOST, listed, nearest


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("problems", "smt"), "did you mean smtt?"),
        (("evolve", "bin_packing_online.py"), "no such problem file"),
        (("problems", "Bin_Packing"), "did you mean bin-packing"),
        (("show", "mddd"), "did you mean mdd"),
        (("evolve", "mdd"), "mdd is a classical rule of smtt"),
        (("show", "smtt"), "smtt is a problem (`heuresis problems smtt`)"),
        (("show", "r_0123456789abcdef"), "is the id of a run"),
        (("evaluate", "smtt", "select"), "select is a split (--split select)"),
        (("problems", "a10-llama-3-8b"), "a10-llama-3-8b is an engine"),
        (("evaluate", "serving", "--engine", "a10-lama-3-8b"), "did you mean a10-llama-3-8b"),
        (("engine", "show", "a10-lama-3-8b"), "did you mean a10-llama-3-8b"),
        (("evaluate", "serving", "--objective", "e2e_men"), "did you mean e2e_mean"),
        (("evaluate", "bin-packing", "--family", "weibul"), "did you mean weibull?"),
        (("evaluate", "smtt", "--split", "tset"), "did you mean test"),
        (("explain", "spt", "--instance", "search-n20-tf0.2-rdd0.2-O"), "did you mean"),
        (("evaluate", "serving", "--subject-to", "tpot_p9<=1"), "did you mean tpot_p9"),
    ],
)
def test_an_unknown_name(cli, words: tuple[str, ...], said: str) -> None:
    answer = cli(*words)
    assert answer.code == 2
    assert said in answer.err
    assert answer.err.count(", ") < 2 * MOST


def test_a_run_that_is_none(cli, good) -> None:
    for name, said in (("smtt", "smtt is a problem"), ("mdd", "mdd is a classical rule"), ("c_01", "id of a program")):
        answer = cli("resume", name, "--archive", good)
        assert answer.code == 1
        assert said in answer.err
        assert "there is no run" in answer.err


def test_a_setting_of_a_file(cli, tmp_path) -> None:
    path = tmp_path / "RUN.toml"
    path.write_text('problem = "smtt"\nevalutions = 3\n')
    assert "did you mean evaluations?" in cli("evolve", path).err


def test_few_names_are_listed_and_of_many_the_nearest() -> None:
    many = [f"rule-{i}" for i in range(70)]
    assert listed(["a", "b"], "zzz") == "a, b"
    assert listed(many, "zzz") == "rule-0, rule-1, rule-2, rule-3, rule-4, rule-5, … (70 in all)"
    assert listed(many, "RULE_7").endswith("did you mean rule-7 or rule-67 or rule-57?")
    assert nearest(["Best_Fit"], "best-fit") == ["Best_Fit"]
