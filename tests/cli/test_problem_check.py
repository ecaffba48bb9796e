"""Mistakes in a problem file: found when it is registered or by `problems --check`, with file and line first."""

from pathlib import Path

import pytest

SEQUENCING = Path(__file__).resolve().parents[2] / "docs" / "examples" / "sequencing.py"
METHOD = "\n    def bound(self, jobs):"


def with_method(text: str) -> str:
    return SEQUENCING.read_text().replace(METHOD, f"\n    {text}\n{METHOD}")


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("def metrics(self, jobs, total):\n        return {'late': total['x']}", "line 41, in metrics: IndexError"),
        ("def explain(self, jobs, total):\n        return jobs['zz']", "line 41, in explain: KeyError: 'zz'"),
        ("def explain(self, jobs, total):\n        return 7", "explain must return a text, got 7"),
        ("def labels(self, jobs):\n        return {'n': jobs['zz']}", "line 41, in labels: KeyError: 'zz'"),
        ("def value(self, jobs, total):\n        return total.all_of_it", "line 41, in value: AttributeError"),
    ],
)
def test_every_method_is_tried_when_a_problem_is_registered(cli, tmp_path: Path, method: str, words: str):
    file = tmp_path / "mine.py"
    file.write_text(with_method(method))
    answer = cli("problems", file)
    assert answer.code == 1
    assert words in answer.err
    assert answer.err.startswith("heuresis: mine.py, ") or "mine.py: explain must" in answer.err
    assert "defect" not in answer.err


def test_a_syntax_error_is_told_with_its_line(cli, tmp_path: Path):
    file = tmp_path / "mine.py"
    file.write_text(SEQUENCING.read_text().replace("def draw(self, rng):", "def draw(self, rng)"))
    assert f"{file}, line 26: SyntaxError" in cli("problems", file).err


@pytest.mark.usefixtures("unconfined")
def test_a_sound_problem_passes_the_check(cli, example: Path):
    answer = cli("problems", "--check", example, "--json")
    assert answer.code == 0, answer.out
    assert answer.json["ok"] is True
    parts = [one["what"] for one in answer.json["parts"]]
    assert {"instances of test", "rule spt", "audit", "comparison", "explain"} <= set(parts)
    assert "weighted-completion works" in cli("problems", "--check", example).out


@pytest.mark.usefixtures("unconfined")
@pytest.mark.parametrize(
    ("right", "wrong", "what"),
    [
        ("sum(jobs.reference for jobs in instances) - 1.0", "sum(jobs.best for jobs in instances) - 1.0", "rule spt"),
        ('{f"n={len(instances[0].p)}"', '{f"n={len(instances[0].q)}"', "comparison"),
        ("np.argsort(instance.p / instance.w", "np.argsort(instance.p / instance.v", "explain"),
    ],
)
def test_the_check_names_part_file_and_line(cli, example: Path, tmp_path: Path, right: str, wrong: str, what: str):
    file, text = tmp_path / "mine.py", example.read_text()
    assert text.count(right) == 1
    file.write_text(text.replace(right, wrong))
    answer = cli("problems", "--check", file)
    assert answer.code == 1
    assert f"{what}: mine.py, line " in answer.out
    assert "has no attribute" in answer.out


def test_a_scoring_without_a_method_is_refused(cli, example: Path, tmp_path: Path):
    file = tmp_path / "mine.py"
    file.write_text(example.read_text().replace("    def decisions_in(", "    def decisions_on("))
    answer = cli("problems", file)
    assert answer.code == 1
    assert "CompletionScoring has no method `decisions_in`" in answer.err


@pytest.mark.usefixtures("unconfined")
def test_a_mistake_that_shows_later_is_no_defect_of_ours(cli, example: Path, tmp_path: Path):
    file = tmp_path / "mine.py"
    file.write_text(example.read_text().replace("sum(jobs.reference for jobs", "sum(jobs.best for jobs"))
    answer = cli("evaluate", file)
    assert answer.code == 1
    assert answer.err.startswith("heuresis: mine.py, line 1")
    assert "defect" not in answer.err
