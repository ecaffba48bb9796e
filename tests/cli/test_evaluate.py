"""`evaluate compare explain export import`: programs on instances, through the sandbox."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = "def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):\n    return max(t + p, d)\n"
EVIL = "import os\n\n\ndef priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):\n    return os.getpid()\n"
NAN = "def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):\n    return (p - p) / (d - d)\n"


def mdd(p: list[int], d: list[int]) -> int:
    """Total tardiness of MDD, the straightforward way."""
    left, time, late = list(range(len(p))), 0, 0
    while left:
        job = min(left, key=lambda j: (max(time + p[j], d[j]), p[j], d[j], j))
        left.remove(job)
        time += p[job]
        late += max(0, time - d[job])
    return late


def test_evaluate_prints_the_agreed_document(cli, instances: Path):
    answer = cli("evaluate", "smtt", "mdd", "optimum", "--instances", instances, "--json")
    assert answer.code == 0
    document = answer.json
    assert {"problem", "version", "fingerprint", "objective", "results"} <= document.keys()
    rule, best = document["results"]
    assert {"program", "id", "status", "message", "aggregate", "metrics", "instances"} <= rule.keys()
    rows = json.loads(instances.read_text())["instances"]
    assert [row["value"] for row in rule["instances"]] == [mdd(row["p"], row["d"]) for row in rows]
    assert [row["reference"] for row in rule["instances"]] == [row["optimum"] for row in rows]
    expected = sum(mdd(row["p"], row["d"]) for row in rows) / sum(row["optimum"] for row in rows) - 1
    assert rule["aggregate"] == pytest.approx(expected)
    assert rule["metrics"]["agg_gap"] == pytest.approx(expected)
    assert (best["id"], best["aggregate"], best["evolvable"]) == (None, 0.0, False)


def test_programs_that_fail_say_why_and_where(cli, instances: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)  # names of files that a table need not break
    for name, text in (("good", GOOD), ("evil", EVIL), ("nan", NAN)):
        (tmp_path / f"{name}.py").write_text(text)
    files = ["evil.py", "nan.py", "good.py"]
    answer = cli("evaluate", "smtt", *files, "--instances", instances, "--json")
    assert answer.code == 1
    evil, nan, good = answer.json["results"]
    assert (evil["status"], evil["aggregate"]) == ("rejected", None)
    assert "line 1" in evil["message"]
    assert "import" in evil["message"]
    assert (nan["status"], nan["aggregate"]) == ("invalid", None)
    assert (good["status"], good["program"]) == ("ok", "good.py")

    table = cli("evaluate", "smtt", *files, "--instances", instances)
    assert table.code == 1
    order = [table.out.index(name) for name in ("good.py", "evil.py")]
    assert order == sorted(order), "failures stand at the bottom"
    assert "rejected" in table.out
    assert "line 1" in table.out


@pytest.mark.usefixtures("unconfined")
def test_without_programs_all_rules_are_measured(cli, instances: Path):
    answer = cli("evaluate", "smtt", "--instances", instances)
    assert answer.code == 0
    for name in ("spt", "edd", "mdd", "mddc", "atc", "covert", "nbr", "optimum"):
        assert name in answer.out
    assert answer.out.count("not evolvable") >= 5


@pytest.mark.usefixtures("unconfined")
def test_a_file_stands_before_a_baseline_of_that_name(cli, instances: Path, tmp_path: Path, monkeypatch):
    (tmp_path / "spt").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    answer = cli("evaluate", "smtt", "spt", "mdd", "--instances", instances, "--json")
    first, second = answer.json["results"]
    assert first["aggregate"] == second["aggregate"]


@pytest.mark.usefixtures("unconfined")
def test_without_optima_the_objective_is_said_to_be_another(cli, tmp_path: Path):
    path = tmp_path / "plain.json"
    path.write_text('{"instances": [{"p": [3, 1, 4], "d": [1, 5, 9]}]}')
    answer = cli("evaluate", "smtt", "mdd", "--instances", path, "--json")
    assert answer.code == 0
    assert "mean total tardiness" in answer.json["objective"]
    assert answer.json["results"][0]["metrics"]["agg_gap"] is None
    assert answer.json["results"][0]["aggregate"] == mdd([3, 1, 4], [1, 5, 9])
    assert "mean total tardiness" in cli("evaluate", "smtt", "mdd", "--instances", path).err


@pytest.mark.usefixtures("unconfined")
def test_compare_is_paired_with_the_first(cli, instances: Path):
    answer = cli("compare", "smtt", "spt", "mdd", "--instances", instances, "--json")
    assert answer.code == 0
    document = answer.json
    assert document["against"] == "spt"
    rows = {row["name"]: row for row in document["rows"]}
    gain = rows["mdd"]["aggregate"]["value"] - rows["spt"]["aggregate"]["value"]
    assert rows["mdd"]["difference"]["value"] == pytest.approx(gain)
    assert cli("compare", "smtt", "spt", "--instances", instances).code == 2
    assert cli("compare", "smtt", "spt", "spt", "--instances", instances).code == 2


@pytest.mark.usefixtures("unconfined")
def test_explain(cli, instances: Path):
    answer = cli("explain", "spt", "--instances", instances, "--instance", "i1")
    assert answer.code == 0
    assert "i1" in answer.out
    assert "| job |" in answer.out
    absent = cli("explain", "spt", "--instances", instances, "--instance", "i9")
    assert absent.code == 2
    assert "i9" in absent.err


def test_export_runs_on_its_own(cli, tmp_path: Path):
    path = tmp_path / "rule.py"
    assert cli("export", "mdd", "-o", path).code == 0
    assert json.loads((tmp_path / "rule.json").read_text())["problem"] == "smtt"
    code = "import rule; print(rule.schedule([(3, 4), (5, 6), (2, 3), (7, 9)]))"
    done = subprocess.run([sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"],
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert sorted(json.loads(done.stdout)) == [0, 1, 2, 3]
    assert cli("export", "mdd").out.strip() == path.read_text().strip()
    path.write_text("mine")
    refused = cli("export", "spt", "-o", path)
    assert refused.code == 2
    assert f"{path}, {tmp_path / 'rule.json'} exists already; say --force" in " ".join(refused.err.split())
    assert cli("export", "spt", "-o", tmp_path / "rule.json").code == 2
    assert path.read_text() == "mine"
    assert cli("export", "spt", "-o", path, "--force").code == 0
    assert path.read_text() != "mine"


@pytest.mark.usefixtures("unconfined")
def test_import_records_what_top_lists(cli, example: Path, tmp_path: Path):
    path = tmp_path / "wspt.py"
    path.write_text("def priority(p, w, p_mean):\n    return p / w\n")
    made = cli("import", path, "--problem", example, "--json")
    assert made.code == 0
    assert made.json["select"] == pytest.approx(0.0)
    [row] = cli("top", example, "--json").json["programs"]
    assert (row["id"], row["aggregate"]) == (made.json["id"], made.json["select"])
    assert cli("show", made.json["id"][:9]).code == 0
    assert cli("archive", "check").code == 0

    path.write_text("def priority(p, w):\n    return p / w\n")
    refused = cli("import", path, "--problem", example)
    assert refused.code == 1
    assert "line 1" in refused.err
    assert len(cli("top", example, "--json").json["programs"]) == 1
