"""`heuresis problems --new NAME` writes a problem that works as it is."""

from pathlib import Path

import pytest

from heuresis.problems.problem import ProblemError
from heuresis.problems.sequential.skeleton import module_name, skeleton


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_it_is_written_checked_and_evolves_at_once(cli, place: Path):
    answer = cli("problems", "--new", "my-shop")
    assert answer.code == 0, answer.err
    assert "heuresis evolve my_shop.py --evaluations 200" in answer.out
    assert (place / "my_shop.py").read_text() == skeleton("my_shop")
    shown = cli("problems", "my_shop.py", "--json").json
    assert shown["name"] == "my-shop"
    from heuresis.problems.testing import check

    check("my_shop.py")
    run = cli("evolve", "my_shop.py", "--evaluations", 4, "--workers", 1, "--seed", 1, "--json")
    assert run.code == 0, run.err
    assert run.json["champion"]["id"]


def test_nothing_is_overwritten(cli, place: Path):
    (place / "mine.py").write_text("# precious\n")
    answer = cli("problems", "--new", "mine")
    assert (answer.code, (place / "mine.py").read_text()) == (1, "# precious\n")
    assert "nothing is overwritten" in answer.err


@pytest.mark.parametrize(
    "name", ["json", "smtt", "a b", "1st", "class", "../up", "Shop", "_x", "a__b", "numpy", "é", "x/y.py", ""]
)
def test_a_name_that_cannot_be_one_is_refused(cli, place: Path, name: str):
    answer = cli("problems", "--new", name)
    assert answer.code == 2, answer.out
    assert answer.err.startswith("heuresis: --new: ")
    assert not list(place.glob("*.py"))


def test_it_shows_nothing_at_the_same_time(cli, place: Path):
    answer = cli("problems", "smtt", "--new", "mine")
    assert answer.code == 2
    assert "leave one of the two out" in answer.err
    assert cli("problems", "--new", "mine.py", "--json").json == {"file": "mine.py", "name": "mine"}


def test_names_become_modules():
    assert module_name("my-shop.py") == "my_shop"
    with pytest.raises(ProblemError):
        module_name("9")


MISTAKES = {
    "misspelt": ("clock=clock", "clok=clock", "mine.py, line 20, in simulate: choose(...): the contract has no feature 'clok' (did you mean clock?)"),
    "a bug": ("clock += p[job]", "clock += p[missing]", "mine.py, line 21, in simulate: NameError: name 'missing' is not defined"),
    "a unit": ('TIME, "time"', '"hours", "time"', "unknown unit 'hours'"),
    "no rule": ('"spt": ("return p", "Smith 1956")', "", "one rule or more"),
    "not called": ("register(Mine())", "register(Mine)", "write register(Mine())"),
}  # fmt: skip
TEXT = '''\
import numpy as np

from heuresis.problems import TIME, SequentialProblem, item, register, rule, shared


class Mine(SequentialProblem):
    """Sequence jobs so that they are done early."""

    name = "mine"
    contract = rule("key", item("p", TIME, "time", low=0), shared("clock", TIME, "time"), returns="smaller goes first")
    rules = {"spt": ("return p", "Smith 1956")}
    splits = {"search": 3, "select": 3, "test": 3}

    def draw(self, rng):
        return {"p": rng.random(5)}

    def simulate(self, jobs, choose):
        p, left, clock, total = jobs["p"], list(range(5)), 0.0, 0.0
        while left:
            job = left.pop(choose(p=p[left], clock=clock))
            clock += p[job]
            total += clock
        return total


register(Mine())
'''


@pytest.mark.parametrize("mistake", MISTAKES)
def test_an_authors_mistake_is_told_in_one_line_and_is_no_defect(cli, place: Path, mistake: str):
    old, new, message = MISTAKES[mistake]
    assert old in TEXT
    (place / "mine.py").write_text(TEXT.replace(old, new))
    answer = cli("problems", "mine.py")
    assert answer.code == 1
    assert message in answer.err
    assert "defect" not in answer.err
    assert len(answer.err.splitlines()) == 1


def test_a_bug_that_only_a_rule_reaches_is_told_with_its_line(cli, place: Path):
    text = TEXT.replace(
        "        return total",
        "        if total == min(np.cumsum(sorted(p)).sum(), total):\n            raise KeyError('late')\n        return total",
    )
    (place / "mine.py").write_text(text)
    answer = cli("evaluate", "mine.py")
    assert answer.code == 1
    assert "mine.py, line 24, in simulate: KeyError: 'late'" in answer.out + answer.err
    assert "defect" not in answer.err
