"""Objectives, engines, traces and drawings of `serving` on the command line."""

import csv
from pathlib import Path

import numpy as np
import pytest

from heuresis.cli.plot import draw
from heuresis.cli.settings import make_config, read_settings
from heuresis.problems.figures import Curve, Figure

METRICS = [
    "ttft_mean",
    "ttft_p50",
    "ttft_p95",
    "ttft_p99",
    "tpot_mean",
    "tpot_p50",
    "tpot_p99",
    "e2e_mean",
    "e2e_p50",
    "e2e_p95",
    "e2e_p99",
    "throughput",
    "goodput",
    "slo_attainment",
    "preemptions",
    "rejected",
]


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Sixty requests, two a second, of which every tenth is long."""
    rows = [f"{i / 2},{1500 if i % 10 == 0 else 100},{300 if i % 10 == 0 else 20}" for i in range(60)]
    path = tmp_path / "trace.csv"
    path.write_text("\n".join(["arrived_at,prefill,decode", *rows]) + "\n")
    return path


def test_one_request_takes_the_time_of_its_iterations(cli, tmp_path: Path):
    path = tmp_path / "one.csv"
    path.write_text("arrived_at,prefill,decode\n0,100,2\n")
    answer = cli("evaluate", "serving", "fcfs", "--instances", path, "--engine", "a30-qwen2-7b", "--json")
    assert answer.code == 0, answer.err
    [result] = answer.json["results"]
    prefill = (19.600 + 0.108317 * 100 + 7.665 * 100 * 50 / 1e6) / 1000
    decode = (19.600 + 0.050737 + 8.413e-5 * 101) / 1000
    metrics = result["metrics"]
    assert set(METRICS) <= set(metrics)
    assert metrics["ttft_p50"] == pytest.approx(prefill, rel=1e-9)
    assert metrics["tpot_p50"] == pytest.approx(decode, rel=1e-3)
    assert metrics["e2e_mean"] == pytest.approx(prefill + decode, rel=1e-4)
    assert (metrics["rejected"], metrics["preemptions"], metrics["slo_attainment"]) == (0.0, 0.0, 1.0)
    assert result["aggregate"] == 1.0
    assert "first come, first served" in answer.json["objective"]


@pytest.mark.usefixtures("unconfined")
def test_objectives_and_traces_are_chosen(cli, trace: Path):
    words = (
        "evaluate",
        "serving",
        "fcfs",
        "srpt",
        "clairvoyant_srpt",
        "--instances",
        trace,
        "--engine",
        "a30-qwen2-7b",
    )
    fast = cli(*words, "--rate", 6, "--objective", "ttft_mean", "--json")
    assert fast.code == 0, fast.err
    fcfs, srpt, told = fast.json["results"]
    assert fcfs["aggregate"] == 1.0
    assert srpt["aggregate"] == pytest.approx(srpt["metrics"]["ttft_mean"] / fcfs["metrics"]["ttft_mean"])
    assert (told["id"], told["evolvable"]) == (None, False)
    assert told["aggregate"] == pytest.approx(told["metrics"]["ttft_mean"] / fcfs["metrics"]["ttft_mean"])
    assert "time to the first token" in fast.json["objective"]
    short = cli(*words, "--limit", 5, "--json")
    assert short.json["results"][0]["metrics"]["e2e_p50"] < fcfs["metrics"]["e2e_p50"]
    assert short.json["fingerprint"] != fast.json["fingerprint"]


@pytest.mark.usefixtures("unconfined")
def test_requests_that_never_fit_are_counted_aloud(cli, tmp_path: Path):
    trace = tmp_path / "long.csv"
    trace.write_text("arrived_at,prefill,decode\n0,2000000,5\n0.5,20,5\n")
    done = cli("evaluate", "serving", "fcfs", "--instances", trace, "--engine", "a30-qwen2-7b", "--json")
    assert done.code == 0, done.err
    assert "long.csv: 1 of 2 requests are rejected: with a token of output their prompts exceed the " in done.err
    assert done.json["results"][0]["metrics"]["rejected"] == 1


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("evaluate", "serving", "fcfs", "--objective", "speed"), "no objective 'speed': expected one of e2e_mean, "),
        (("evaluate", "serving", "fcfs", "--rate", "2"), "--rate changes what is read from files: say --instances"),
        (("explain", "fcfs", "--problem", "serving", "--limit", "5"), "--limit changes what is read from files"),
        (("plot", "serving", "fcfs", "--instances", "t.csv", "--rate", "0"), "--rate: expected a positive, finite"),
        (
            ("evaluate", "smtt", "mdd", "--objective", "e2e_mean"),
            "smtt: no objective 'e2e_mean': this problem has only",
        ),
        (("evaluate", "smtt", "mdd", "--engine", "a30-qwen2-7b"), "smtt: this problem takes no engine"),
        (("evolve", "serving", "--engine", "abacus", "--evaluations", 1), "unknown engine 'abacus'; known: "),
        (("top", "serving", "--objective", "speed"), "no objective 'speed'"),
        (("plot", "serving", "fcfs", "-o", "queue.bmp"), "expected a file that ends in .png, .svg, .pdf"),
    ],
)
def test_what_a_problem_does_not_have_is_wrong_usage(cli, words, expected):
    answer = cli(*words)
    assert answer.code == 2
    assert expected in answer.err
    assert not answer.out


def test_the_choice_is_listed_with_the_problem(cli):
    found = cli("problems", "serving", "--json").json
    assert next(iter(found["objectives"])) == "e2e_mean"
    assert len(found["objectives"]) == 9
    text = cli("problems", "serving").out
    assert "objectives (--objective): e2e_mean, e2e_p99" in text
    assert "engines (--engine)" in text
    assert "It may be left out, which is the same as return 0.0." in text


def test_an_empty_list_says_which_objective_is_meant(cli):
    assert "`heuresis evolve serving --objective slo` makes some" in cli("top", "serving", "--objective", "slo").err


@pytest.mark.usefixtures("unconfined")
def test_it_explains_where_time_goes(cli, trace: Path):
    words = ("explain", "srpt", "--problem", "serving", "--instances", trace, "--engine", "a30-qwen2-7b", "--rate", 6)
    text = cli(*words).out
    assert "60 requests" in text
    assert "KV memory in use" in text


@pytest.mark.usefixtures("unconfined")
def test_it_draws_in_the_terminal(cli, trace: Path):
    words = ("plot", "serving", "fcfs", "srpt", "--instances", trace, "--engine", "a30-qwen2-7b", "--rate", 6)
    text = cli(*words).out
    assert "Waiting requests" in text
    assert "Time to first token" in text
    assert "• fcfs   x srpt" in text
    found = cli(*words, "--json").json
    assert [f["title"] for f in found["figures"]][-1] == "Time from arrival to last token"
    assert [c["name"] for c in found["figures"][0]["curves"]] == ["fcfs", "srpt"]
    shares = found["figures"][-1]["curves"][0]["y"]
    assert shares[-1] == pytest.approx(1.0)
    assert cli(*words, "--instance", "nothing").code == 2


def test_a_picture_holds_every_figure(tmp_path: Path):
    pytest.importorskip("matplotlib")
    steps = Curve("fcfs", np.array([0.0, 1.0, 4.0]), np.array([1.0, 3.0, 2.0]), steps=True)
    figures = [Figure("Waiting", "s", "requests", [steps]), Figure("Times", "s", "share", [steps], log_x=True)]
    for ending, begins in ((".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")):
        picture = tmp_path / f"queue{ending}"
        draw(figures, picture, "Two figures")
        assert picture.read_bytes().startswith(begins)


@pytest.fixture
def busy(tmp_path: Path) -> Path:
    """Two hundred requests, four a second, of which every fifth is long: shorter ones first make a difference."""
    rows = [f"{i / 4},{1500 if i % 5 == 0 else 100},{400 if i % 5 == 0 else 20}" for i in range(200)]
    path = tmp_path / "busy.csv"
    path.write_text("\n".join(["arrived_at,prefill,decode", *rows]) + "\n")
    return path


def test_constraints_are_judged_on_the_instances_asked_for(cli, busy: Path):
    words = ("--instances", busy, "--engine", "a30-qwen2-7b", "--rate", 4, "--objective", "ttft_mean")
    plain = cli("evaluate", "serving", "fcfs", "srpt", *words, "--json").json["results"]
    fcfs, srpt = (one["metrics"] for one in plain)
    factor = 0.8 * srpt["e2e_p99"] / fcfs["e2e_p99"]  # 25 % beyond the bound, whichever is better
    bound = f"e2e_p99<={factor!r}*fcfs"
    answer = cli("evaluate", "serving", "srpt", *words, "--subject-to", bound, "--json")
    [judged] = answer.json["results"]
    violation = 0.25
    assert judged["metrics"]["violation"] == pytest.approx(violation)
    assert judged["metrics"]["unpenalised"] == plain[1]["aggregate"]
    assert judged["aggregate"] == pytest.approx(plain[1]["aggregate"] + 10 * violation)
    assert answer.json["constraints"] == [bound]
    table = cli("compare", "serving", "srpt", "fcfs", *words, "--subject-to", bound)
    assert table.code == 0, table.err
    assert f"subject to {bound}" in table.out
    assert "srpt beside fcfs" in table.out
    assert "↓ better" in table.out


def test_a_table_says_engine_rate_load_and_seconds_and_has_an_interval_over_time(cli, busy: Path):
    words = ("--instances", busy, "--engine", "a30-qwen2-7b", "--rate", 4)
    answer = cli("evaluate", "serving", "fcfs", "srpt", *words, "--objective", "goodput")
    assert answer.code == 0, answer.err
    told = " ".join(answer.out.split())
    assert "rate 4, engine a30-qwen2-7b" in told
    assert "busy.csv: 200 requests in 12.44 s, 16 a second, load " in told
    assert "1/goodput" in told
    assert "throughput (1/s)" in told
    rows = cli("compare", "serving", "srpt", "fcfs", *words, "--json").json["rows"]
    by = {row["name"]: row["aggregate"] for row in rows}
    assert by["srpt"]["low"] < by["srpt"]["value"] < by["srpt"]["high"]
    assert by["fcfs"]["low"] == by["fcfs"]["high"] == 1.0


def test_where_nobody_meets_the_slo_that_is_said(cli, busy: Path):
    answer = cli("evaluate", "serving", "fcfs", "--instances", busy, "--rate", 0.01, "--limit", 5)
    assert "note: every request meets its SLO under each of these" in answer.out


def test_an_explanation_of_goodput_says_how_many_times_as_much_it_is(cli, busy: Path):
    answer = cli("explain", "srpt", "--problem", "serving", "--instances", busy, "--objective", "goodput")
    assert answer.code == 0, answer.err
    assert "Goodput in time is " in answer.out


def test_requests_are_written_once_and_never_over_a_file(cli, busy: Path, tmp_path: Path):
    path = tmp_path / "requests.csv"
    words = ("evaluate", "serving", "fcfs", "srpt", "--instances", busy, "--limit", 30, "--requests-out", path)
    answer = cli(*words, "--json")
    assert answer.code == 0, answer.err
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [row["program"] for row in rows] == ["fcfs"] * 30 + ["srpt"] * 30
    assert {row["instance"] for row in rows} == {"busy.csv"}
    mean = sum(float(row["e2e"]) for row in rows[:30]) / 30
    assert mean == pytest.approx(answer.json["results"][0]["metrics"]["e2e_mean"])
    met = sum(int(row["slo_met"]) for row in rows[:30]) / 30
    assert met == pytest.approx(answer.json["results"][0]["metrics"]["slo_attainment"])
    before = path.read_bytes()
    again = cli(*words)
    assert (again.code, path.read_bytes()) == (1, before)
    assert "it exists, and nothing is overwritten; choose another name" in again.err
    assert "has no requests to write" in cli("evaluate", "smtt", "mdd", "--requests-out", tmp_path / "x.csv").err
    missing = cli("evaluate", "serving", "fcfs", "--requests-out", tmp_path / "no" / "x.csv").err
    assert "there is no folder" in missing


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("evolve", "serving", "--subject-to", "e2e_meen<=1"), "did you mean e2e_mean?"),
        (("evaluate", "serving", "--subject-to", "e2e_mean<=1.1*fcsf"), "did you mean fcfs?"),
        (("compare", "serving", "fcfs", "srpt", "--subject-to", "e2e_mean<2"), "expected METRIC<=NUMBER or METRIC<="),
        (("top", "smtt", "--subject-to", "totals<=1"), "smtt: constraint 'totals<=1': no metric 'totals': did you mean total?"),
    ],
)  # fmt: skip
def test_constraints_that_cannot_be_are_wrong_usage(cli, words, expected):
    answer = cli(*words)
    assert answer.code == 2
    assert expected in answer.err


def test_guards_are_listed_with_the_problem_and_hold_for_lists_by_default(cli):
    assert cli("problems", "serving", "--json").json["guards"]["ttft_p99"] == [
        "e2e_mean<=1.1*fcfs", "tpot_p99<=1.5*fcfs",
    ]  # fmt: skip
    assert cli("top", "serving", "--json").json["constraints"] == ["e2e_p99<=1.1*fcfs"]
    assert cli("top", "serving", "--no-guards", "--json").json["constraints"] == []


def test_noise_and_class_of_a_trace_are_told_and_chosen(cli, busy: Path):
    words = ("evaluate", "serving", "fcfs", "--instances", busy, "--engine", "a30-qwen2-7b", "--rate", 4)
    told = cli(*words, "--json")
    assert "lognormal noise of sigma 0.5 (--noise)" in told.err
    assert "no request names a class, so all are of interactive (TTFT 1.6 s, TPOT 0.056 s)" in told.err
    classes = told.err.rpartition("--slo names another: ")[2].splitlines()[0].split(", ")
    other = cli(*words, "--slo", classes[-1], "--noise", 0, "--json")
    assert other.code == 0, other.err
    assert f"so all are of {classes[-1]} (" in other.err
    assert "sigma 0 (--noise)" in other.err
    known = {told.json["fingerprint"], other.json["fingerprint"]}
    assert len(known | {cli(*words, "--noise", 0, "--json").json["fingerprint"]}) == 3  # estimates differ, and classes
    first, second = (one.json["results"][0]["metrics"] for one in (told, other))
    assert (first["e2e_mean"], first["slo_attainment"] < second["slo_attainment"]) == (second["e2e_mean"], True)
    wrong = cli(*words, "--slo", "gold")
    assert wrong.code == 1
    assert "--slo: a30-qwen2-7b has interactive, " in wrong.err
    assert "--noise changes what is read from files" in cli("evaluate", "serving", "fcfs", "--noise", 1).err


def test_a_run_file_holds_constraints_and_whether_guards_hold(cli, tmp_path: Path):
    path = tmp_path / "run.toml"
    for lines, expected in [
        (
            'subject_to = ["e2e_mean<=1.1*fcsf"]',
            "serving: constraint 'e2e_mean<=1.1*fcsf': no baseline 'fcsf': did you",
        ),
        ('subject_to = "e2e_meen<=1"', "did you mean e2e_mean?"),
        ("subject_to = 3", "subject_to: expected constraints, such as ['e2e_mean<=1.1*fcfs'], got 3"),
        ('guards = "no"', "guards: expected true or false, got 'no'"),
    ]:
        path.write_text(f'problem = "serving"\n{lines}\n')
        answer = cli("evolve", path)
        assert (answer.code, expected in answer.err) == (2, True), answer.err
    path.write_text('problem = "serving"\nsubject_to = ["tpot_p99<=0.2"]\nguards = false\n')
    config = make_config(read_settings(str(path)))
    assert (config.subject_to, config.guards) == (("tpot_p99<=0.2",), False)
    assert config.choice.subject_to == ("tpot_p99<=0.2",)
