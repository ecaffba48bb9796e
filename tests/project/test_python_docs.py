"""What docs/python.md shows runs as it stands there, on a small problem in place of smtt."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_problem
from search_parts import PlainPool

import heuresis
from heuresis.archive.store import Archive
from heuresis.evolve import run as runs
from heuresis.evolve.assessment import pools
from heuresis.evolve.config import Config, ConfigError
from heuresis.evolve.errors import ProposerFault
from heuresis.evolve.programs import ProgramError
from heuresis.evolve.proposers.proposer import Draft, Request
from heuresis.problems.problem import UnknownChoice

TINY = tiny_problem.TINY
MDD = TINY.baselines[2].source


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No sandbox: programs run in this process. The archive is this test's own."""
    monkeypatch.setattr(pools, "Pool", PlainPool)
    monkeypatch.setattr(runs, "sandbox_level", lambda: "none")
    monkeypatch.setenv("HEURESIS_ARCHIVE", str(tmp_path / "archive.db"))
    monkeypatch.chdir(tmp_path)


def examples(root: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (root / "docs" / "python.md").read_text(), re.DOTALL)


class Rising:
    """Other programs, one after another."""

    name = "rising"

    def propose(self, request: Request) -> Draft:
        return Draft("rise", MDD.replace("t + p", f"t + {1 + request.number / 64} * p"))


def test_the_examples_run_and_are_short(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("heuresis.evolve.library.make_mix", runs_of)
    found = examples(root)
    assert len(found) == 5
    for text in found:
        assert len([line for line in text.splitlines() if line.strip()]) <= 11
        exec(compile(text.replace('"smtt"', '"tiny"'), "docs/python.md", "exec"), {"__name__": "example"})
    printed = capsys.readouterr().out
    assert "ok " in printed
    assert "RunResult(r_" in printed
    assert "\n9.0\n" in printed
    assert "Run(r_" in printed


def runs_of(setting: object):
    from heuresis.evolve.search.mix import Mix

    return Mix((Rising(),), (1.0,))


def test_the_document_names_everything_that_is_offered(root: Path):
    text = (root / "docs" / "python.md").read_text()
    for name in heuresis.__all__:
        assert f"`heuresis.{name}" in text, name
        assert getattr(heuresis, name) is not None
        assert name in dir(heuresis)
    with pytest.raises(AttributeError, match="no attribute 'evolv'"):
        getattr(heuresis, "evolv")  # noqa: B009


def test_importing_loads_nothing_heavy():
    code = "import sys, heuresis; print([m for m in ('numba', 'numpy', 'sqlalchemy', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_text_and_a_path_are_programs_too(tmp_path: Path):
    file = tmp_path / "mine.py"
    file.write_text(MDD)
    by_name, by_path, by_text = (heuresis.evaluate("tiny", one) for one in ("mdd", file, MDD))
    assert by_name.aggregate == by_path.aggregate == by_text.aggregate
    assert heuresis.evaluate("tiny", "mdd", "test").split == "test"
    assert repr(by_name) == f"Evaluation({by_name.candidate[:12]} on select of tiny, {by_name.aggregate:.6g})"
    failed = heuresis.evaluate("tiny", "def priority(p): return p\n")
    assert (failed.status, failed.aggregate) == ("rejected", None)
    assert "rejected" in repr(failed)


def test_instances_of_ones_own(tmp_path: Path):
    file = tmp_path / "mine.json"
    file.write_text('{"instances": [{"name": "a", "p": [3, 5, 2], "d": [4, 6, 3]}]}')
    found = heuresis.evaluate("tiny", "mdd", instances=[file])
    assert len(found.values) == 1


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: heuresis.evaluate("tiny", "mdx"), ProgramError, "did you mean mdd?"),
        (lambda: heuresis.evaluate("tiny", "nothing.py"), ProgramError, "No such file"),
        (lambda: heuresis.evaluate("tiny", "mdd", "tset"), UnknownChoice, "expected one of search, select, test"),
        (lambda: heuresis.evaluate("tiny", "mdd", engin="x"), ConfigError, "did you mean engine?"),
        (lambda: heuresis.run("tiny"), ConfigError, "needs a budget"),
        (lambda: heuresis.run("tiny", evaluatons=3), ConfigError, "did you mean evaluations?"),
        (lambda: heuresis.run("tiny", evaluations=3, seeds=["mdx"]), ProgramError, "did you mean mdd?"),
        (lambda: heuresis.run("tiny", evaluations=3, proposers=[3]), ProposerFault, "a method `propose"),
        (lambda: heuresis.run("tiny", evaluations=3, proposers=[Rising]), ProposerFault, "make one of it"),
        (lambda: heuresis.load("mdd"), ProgramError, "say problem='NAME'"),
        (lambda: heuresis.load("mdd", problem="tiny")(1, 2), TypeError, "missing a required argument: 't'"),
        (lambda: heuresis.load("mdd", problem="tiny")(*["x"] * 10), TypeError, "p: expected float64, got 'x'"),
    ],
)
def test_mistakes_are_told_in_words(call, error: type[Exception], words: str):
    with pytest.raises(error, match=re.escape(words)):
        call()


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        ("def priority(): pass", "expected Draft(operator, source)"),
        (None, "returned None"),
        (Draft("a", 3), "whose source is 3; expected the text of a program, or None"),
        (Draft("a", None), "without source and without reason"),
        (Draft("a", "x", parents=["c_1"]), "expected a tuple of program ids"),
        (Draft("a", "x", work=-1), "expected a whole number from 0 on"),
    ],
)
def test_a_proposer_that_returns_nonsense_is_told(returned: object, words: str):
    class Odd:
        name = "odd"

        def propose(self, request: Request) -> Draft:
            return returned

    result = heuresis.run("tiny", evaluations=3, seeds=["mdd"], proposers=[Odd()], workers=1, table=False)
    assert result.run.status == "failed"
    assert "the proposer odd returned" in result.reason
    assert words in result.reason


def test_settings_are_written_as_people_write_them():
    config = Config("tiny", seeds=["mdd"], mix={"offline": 1.0}, models=[])
    assert (config.seeds, config.mix, config.models) == (("mdd",), (("offline", 1.0),), ())
    assert Config.from_json(config.to_json()) == config


def test_a_program_is_loaded_by_its_id_and_a_run_keeps_texts():
    result = heuresis.run("tiny", evaluations=3, seeds=["mdd"], proposers=[Rising()], workers=1, table=False)
    assert result.champion is not None
    with Archive.open() as archive:
        assert Config.from_json(archive.run(result.run.id).config).seeds == (MDD,)
    rule = heuresis.load(result.champion.id[:10], problem="tiny")
    assert (rule.id, rule.source) == (result.champion.id, result.champion.source)
    assert len(repr(result)) < 160
    assert len(repr(heuresis.compare("tiny"))) < 200
    assert repr(TINY).startswith("Problem(tiny@")
    assert repr(TINY.splits["search"]()).startswith("InstanceSet(search, 20 instances, ")
