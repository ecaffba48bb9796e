"""What an author may write, and what is said where it does not fit."""

import json
import random

import numpy as np
import pytest
from sequential_parts import CONTRACT, Bounded, Flow

from heuresis.evaluators.sequential.choosing import SimulateError
from heuresis.problems import ONE, TIME, ProblemError, SequentialProblem, item, registry, rule, shared
from heuresis.problems.problem import SPLITS, InstanceError
from heuresis.problems.sequential.programs import baselines
from heuresis.problems.sequential.scoring import GAP, MEAN


def refused(kind: type[SequentialProblem], message: str) -> None:
    with pytest.raises((ProblemError, SimulateError), match=message):
        kind().problem()


def test_the_defaults():
    problem = Flow().problem()
    assert problem.title == "Sequence jobs so that they are done early"
    assert problem.statement.startswith("Sequence jobs so that they are done early. More")
    assert problem.baseline("spt").source == "def priority(p, w, clock):\n    return p\n"
    assert problem.baseline("heavy").title == "heavy"
    search = problem.splits["search"]()
    assert [i.name for i in search.instances] == [f"search-{k}" for k in range(4)]
    assert search.instances[0].labels == {"n": len(search.instances[0].data["p"])}
    assert search.instances[0].steps == len(search.instances[0].data["p"])
    assert (problem.objective_on(search.instances), problem.objective) == (MEAN, MEAN)
    assert "choose(*, p, w, clock)" in problem.standalone


def test_splits_are_the_same_in_every_process_and_disjoint():
    one, other = Flow().problem(), Flow().problem()
    prints = {name: one.splits[name]().fingerprint for name in SPLITS}
    assert prints == {name: other.splits[name]().fingerprint for name in SPLITS}
    assert len(set(prints.values())) == 3
    # Of NumPy's generator at fixed seeds: another fingerprint makes other instances of everybody's splits.
    assert prints["search"].startswith("289cf87d03641edc")


def test_bounds_make_it_a_gap():
    problem = Bounded().problem()
    search = problem.splits["search"]().instances
    assert problem.objective_on(search) is problem.objective is GAP
    assert all(i.reference is not None for i in search)


def test_rules_of_several_lines_and_whole_programs():
    rules = {
        "long": (
            """
            urgent = p / w
            if clock > 10:
                urgent = p
            return urgent
            """,
            "nobody",
            "A title",
        ),
        "whole": (
            "K = 2.0\ndef half(x):\n    return x / K\n\ndef priority(p, w, clock):\n    return half(p)",
            "nobody",
        ),
    }
    long, whole = baselines(rules, CONTRACT, "here")
    assert (long.title, whole.title) == ("A title", "whole")
    assert "    if clock > 10:\n        urgent = p\n" in long.source
    assert whole.source.startswith("K = 2.0\n")


@pytest.mark.parametrize(
    ("attribute", "value", "message"),
    [
        ("name", "My Shop", "name = 'small-letters-and-hyphens'"),
        ("name", "mine.py", "name = 'small"),
        ("version", "1", "version must be a whole number"),
        ("contract", None, "expected contract = rule"),
        ("rules", {}, "one rule or more"),
        ("rules", {"a": "return p"}, r'expected \("return \.\.\.", "who it is of"\)'),
        ("rules", {"a": ("return p", "x"), "b": ("return p  # the same", "y")}, "'a' and 'b' are the same"),
        ("rules", {"a": ("return q", "x")}, r"rule 'a': .*q.* \(in 'return q'\)"),
        ("rules", {"a": ("return (", "x")}, "rule 'a': syntax error"),
        ("rules", {"a": ("while p: pass", "x")}, "rule 'a'"),
        ("rules", {"a b": ("return p", "x")}, "expected a name such as"),
        ("splits", {"search": 3}, "expected splits = "),
        ("splits", {"search": 3, "select": 0, "test": 1}, "expected splits = "),
        ("draw", lambda self, rng: [1, 2], "expected a mapping of names"),
        ("draw", lambda self, rng: {"p": "long"}, "field 'p': expected numbers"),
        ("draw", lambda self, rng: {"p": [[1], [1, 2]]}, "field 'p': lists of different lengths"),
        ("draw", lambda self, rng: {"name": 1}, "texts other than 'name'"),
        ("draw", lambda self, rng: {"p": [float("nan")]}, "field 'p': expected finite numbers"),
        ("draw", lambda self, rng: {"p": [1.0] * 4, "w": [1] * 4, "start": random.random()}, "same seed gave another"),
        ("draw", lambda self, rng: 1 / 0, r"test_problem.py, line \d+, in draw: ZeroDivisionError"),
        ("simulate", lambda self, jobs, choose: 0.0, "never called choose"),
        ("simulate", lambda self, jobs, choose: choose(p=jobs["p"], w=jobs["w"]), "'clock' is missing"),
        ("simulate", lambda self, jobs, choose: choose(jobs["p"]), "passed by name"),
        ("simulate", lambda self, jobs, choose: choose(p=[], w=[], clock=0), "without an item"),
        ("simulate", lambda self, jobs, choose: choose(p=[0.5], w=[1], clock=0), "low=1, got 0.5"),
        ("simulate", lambda self, jobs, choose: exec("raise SystemExit(3)"), "in simulate: SystemExit: 3"),
        ("simulate", lambda self, jobs, choose: jobs["p"].sort() or 0.0, "in simulate: ValueError: .*read-only"),
        ("simulate", lambda self, jobs, choose: {0: choose(p=[1, 1], w=[1, 1], clock=0) + random.random()}, "does not do the same again"),
        ("value", lambda self, jobs, ends: None, "must be one finite number, smaller is better, got None"),
        ("value", lambda self, jobs, ends: float("inf"), "must be one finite number"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(attribute, value, message):
    refused(type("Wrong", (Flow,), {attribute: value, "__doc__": "A statement.", "__module__": __name__}), message)


def test_what_is_missing_is_told():
    parts = {"name": "x", "contract": CONTRACT, "rules": Flow.rules, "splits": Flow.splits, "__doc__": "A statement."}
    refused(type("Mine", (SequentialProblem,), parts), "no method simulate")
    parts["simulate"] = Flow.simulate
    refused(type("Mine", (SequentialProblem,), parts), r"neither draw\(self, rng\) nor instances")
    refused(type("Mine", (Flow,), {"__doc__": None}), "write a docstring")
    refused(type("Mine", (Flow,), {"__doc__": "x", "__init__": lambda self, n=1: None}), "__init__ can take none")
    with pytest.raises(ProblemError, match=r"write register\(Flow\(\)\)"):
        registry.register(Flow)
    with pytest.raises(ProblemError, match="takes a Problem"):
        registry.register(3)


def test_a_class_inside_of_a_function_cannot_be_found_again():
    class Local(Flow):
        """A statement."""

    refused(Local, "must stand in a file, not inside of a function")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: item("p", "hours", "time"), "unknown unit 'hours'; expected one of date, time, size, count, 1"),
        (lambda: item("p", TIME, ""), "say in a few words"),
        (lambda: item("p", TIME, "time", low="one"), "low must be a number"),
        (lambda: item("p", TIME, "time", kind="float64[]"), r"shared\(..., kind='float64\[\]'\)"),
        (lambda: item("p", TIME, "time", kind="str"), "expected kind float64 or int64"),
        (lambda: shared("p", TIME, "time", kind="str"), "unknown kind 'str'"),
        (lambda: item("lambda", TIME, "time"), "a name that Python takes"),
        (lambda: rule("key", shared("a", ONE, "a"), returns="a key"), r"expected one item\(...\) or more"),
        (lambda: rule("key", item("a", ONE, "a"), item("a", ONE, "a"), returns="a key"), "two features are named 'a'"),
        (lambda: rule("key", "a", returns="a key"), r"expected item\(...\) or shared\(...\), got 'a'"),
        (lambda: rule("key", item("a", ONE, "a", at_most="b"), returns="a key"), "`at_most` of `a`"),
        (lambda: rule("1st", item("a", ONE, "a"), returns="a key"), "the rule needs a name"),
    ],
)
def test_contracts_say_what_is_wrong(make, message):
    with pytest.raises(ProblemError, match=message):
        make()


class Listed(Flow):
    """Instances of one's own."""

    name = "listed"
    splits = {}

    def instances(self, split):
        return [{"p": [3.0, 1.0, k + 1.0], "w": [1, 2, 3], "start": 1.0} for k in range(SPLITS.index(split), 9, 3)]

    def labels(self, jobs):
        return {"start": jobs["start"], "kind": "short"}


class Mixed(Listed):
    """Instances that are not alike."""

    def instances(self, split):
        return [{"p": [1.0], "w": [1], "start": 1.0}, {"p": [1.0], "w": [1.5], "start": 1.0}]


def test_instances_of_ones_own():
    problem = Listed().problem()
    search = problem.splits["search"]().instances
    assert [i.data["p"][2] for i in search] == [1.0, 4.0, 7.0]
    assert problem.scoring.groups(search).keys() == {"start=1.0, kind=short"}
    with pytest.raises(
        ProblemError, match=r"instance 1 of search, field 'w': expected int64, 1 dimension as before, got float"
    ):
        Mixed().problem().splits["search"]()
    refused(
        type("Empty", (Listed,), {"instances": lambda self, split: [], "__doc__": "x"}), "a list of one mapping or more"
    )


def test_a_bound_that_is_none_is_told_before_anything_runs():
    wrong = type("Wrong", (Flow,), {"__doc__": "x", "__module__": __name__, "bound": lambda self, jobs: 1e9})
    with pytest.raises(ProblemError, match=r"instance 0 of search: choices at random reach .*, and `bound` says"):
        wrong().problem().splits["search"]()


def test_instance_files(tmp_path):
    problem = Flow().problem()
    path = tmp_path / "mine.json"
    row = {"name": "a", "p": [2, 1], "w": [1, 1], "start": 0, "plant": "north"}
    path.write_text(json.dumps({"instances": [row, {**row, "name": "b", "p": [2, 2]}]}))
    found = problem.read([path])
    assert [(i.name, i.labels) for i in found.instances] == [(n, {"n": 2, "plant": "north"}) for n in "ab"]
    assert found.instances[0].data["p"].dtype == np.float64
    for wrong, message in (
        ({"p": None}, r"instances\[0\]\.p: expected float64, 1 dimension, got null"),
        ({"p": [[1.0], [1.0, 2.0]]}, "different lengths"),
        ({"w": [1.5, 1]}, r"\.w: expected int64, 1 dimension"),
        ({"start": [1]}, r"\.start: expected float64, got"),
        ({"w": [1]}, r"instances\[0\]: sequential_parts.py, line \d+, in simulate: IndexError"),
        ({"p": [0.0, 1]}, "low=1, got 0"),
    ):
        path.write_text(json.dumps({"instances": [{**row, **wrong}]}))
        with pytest.raises(InstanceError, match=message):
            problem.read([path])
    del row["w"]
    path.write_text(json.dumps({"instances": [row]}))
    with pytest.raises(InstanceError, match="the field 'w' is missing"):
        problem.read([path])
