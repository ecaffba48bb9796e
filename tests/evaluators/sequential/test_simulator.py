"""Running `simulate` with rules, with records and with the interpreter."""

import numpy as np
import pytest
from sequential_parts import Bounded, Flow

from heuresis.evaluators.language.compile import compile_program
from heuresis.evaluators.language.expressions.interpreter import encode, interpreter
from heuresis.evaluators.language.expressions.tree import Expr
from heuresis.evaluators.language.reference.judge import judge_of
from heuresis.evaluators.sequential.choosing import SimulateError, furthest
from heuresis.evaluators.sequential.packing import pack, unpack
from heuresis.evaluators.sequential.simulator import Sequential
from heuresis.problems import ONE, TIME, item, rule, shared

NONE = np.zeros(0)


@pytest.fixture(scope="module", params=[Flow, Bounded])
def problem(request):
    return request.param().problem()


@pytest.fixture(scope="module")
def instances(problem):
    return problem.splits["search"]().instances


@pytest.fixture(scope="module")
def simulator(problem, instances):
    return Sequential(problem.scoring.pack(instances))


def program(body):
    return compile_program(f"def priority(p, w, clock):\n    {body}\n", Flow.contract)


def test_instances_survive_the_way_into_a_worker():
    given = [{"a": np.arange(6).reshape(2, 3), "b": 2.5, "c": np.array([True]), "e": np.zeros(0)} for _ in range(2)]
    given[1] = {"a": np.zeros((1, 4), np.int64), "b": -1.0, "c": np.zeros(0, bool), "e": np.ones(3)}
    found = unpack(pack("x:Y", given, np.zeros(2), np.zeros(2, np.int64)))
    for one, other in zip(given, found, strict=True):
        assert list(one) == list(other)
        assert all(np.array_equal(one[key], other[key]) for key in one)
        assert all(np.asarray(one[key]).dtype == np.asarray(other[key]).dtype for key in one)
        with pytest.raises(ValueError, match="read-only"):
            other["a"][0, 0] = 1
        with pytest.raises(TypeError):
            other["b"] = 1


def test_the_first_of_equal_keys_is_chosen_and_no_key_ends_an_instance(simulator):
    order = np.array([1, 0])
    valid, counts, choices = simulator.decide(program("return 0.0"), NONE, order)
    assert valid.tolist() == [1, 1]
    assert not choices.any()
    assert len(choices) == counts.sum() == sum(len(simulator.instances[i]["p"]) for i in order)
    for bad in ("return math.log(-p)", "return 1.0 / (w - w)", "return -1.0 / (clock - clock)"):
        valid, counts, choices = simulator.decide(program(bad), NONE, order)
        assert (valid.any(), counts.any(), len(choices)) == (False, False, 0)
        assert simulator.loss(program(bad), NONE, order) == np.inf
        assert np.all(np.isinf(simulator.excess(program(bad), NONE, order)))


def test_the_interpreter_of_expressions_is_a_rule_as_well(simulator):
    tree = Expr("p")
    order = np.arange(simulator.size)
    by_tree = simulator.decide(interpreter(Flow.contract), encode(tree, Flow.contract), order)
    compiled = simulator.decide(program("return p"), NONE, order)
    assert all(np.array_equal(one, other) for one, other in zip(by_tree, compiled, strict=True))


def test_the_parts_of_the_loss_are_those_of_the_objective(simulator, problem):
    order = np.arange(simulator.size)
    loss, excess = (kind(program("return -w"), NONE, order) for kind in (simulator.loss, simulator.excess))
    expected = excess.sum() if problem.name == "flow-bounded" else excess.mean()
    assert loss == pytest.approx(expected)
    assert np.all(excess >= 0)


def test_an_audit_measures_how_far_a_choice_lies(simulator):
    order = np.arange(simulator.size)
    valid, counts, choices = simulator.decide(program("return p"), NONE, order)
    judge = judge_of("def priority(p, w, clock):\n    return p\n", Flow.contract)
    assert not simulator.audit(judge, order, (valid, counts, choices)).any()
    worse = choices.copy()
    worse[0] = (choices[0] + 1) % len(simulator.instances[0]["p"])
    found = simulator.audit(judge, order, (valid, counts, worse))
    assert found[0] > 1e-9
    assert not found[1:].any()


@pytest.mark.parametrize("choices", [[0, 0], [0] * 9, [99] * 4, [-1] * 4])
def test_a_record_that_does_not_fit_is_infinitely_far(simulator, choices):
    judge = judge_of("def priority(p, w, clock):\n    return 0.0\n", Flow.contract)
    assert furthest(simulator.definition, simulator.instances[0], judge, choices) == np.inf


def test_what_the_judge_raises_is_not_taken_for_the_authors_fault(simulator):
    class Enough(Exception):
        pass

    def judge(*_: object) -> float:
        raise Enough

    with pytest.raises(Enough):
        furthest(simulator.definition, simulator.instances[0], judge, [0] * 4)


class Broken(Flow):
    """Fails on the way."""

    name = "broken"

    def simulate(self, jobs, choose):
        choose(p=jobs["p"], w=jobs["w"], clock=0.0)
        return jobs["nothing"]


class Swallowing(Flow):
    """Catches everything that it can."""

    name = "swallowing"

    def simulate(self, jobs, choose):
        try:
            return super().simulate(jobs, choose)
        except Exception:  # noqa: BLE001 - as some authors do
            return {}


def test_an_authors_bug_is_told_with_file_and_line(simulator, instances):
    broken = Sequential(dict(simulator_payload(Broken, instances)))
    with pytest.raises(SimulateError, match=r"test_simulator.py, line \d+, in simulate: KeyError: 'nothing'"):
        broken.decide(program("return p"), NONE, np.array([0]))


def test_an_author_who_catches_everything_does_not_keep_a_failed_rule_alive(instances):
    swallowing = Sequential(dict(simulator_payload(Swallowing, instances)))
    assert swallowing.decide(program("return math.log(-p)"), NONE, np.array([0]))[0].tolist() == [0]


class Counting(Flow):
    """A rule may read an array outside of it."""

    name = "counting"
    contract = rule("key", item("p", TIME, "time"), shared("a", ONE, "numbers", kind="float64[]"), returns="a key")
    rules = {"first": ("return a[0] + p", "nobody")}

    def simulate(self, jobs, choose):
        return {0: jobs["p"][choose(p=jobs["p"], a=jobs["p"])]}


def test_what_a_program_raises_is_not_taken_for_the_authors_fault(instances):
    counting = Sequential(dict(simulator_payload(Counting, instances)))
    reads = compile_program("def key(p, a):\n    return a[99] + p\n", Counting.contract)
    with pytest.raises(IndexError):
        counting.decide(reads, NONE, np.array([0]))
    fine = compile_program("def key(p, a):\n    return a[0] - p\n", Counting.contract)
    assert counting.decide(fine, NONE, np.array([0]))[2][0] == np.argmax(instances[0].data["p"])


def simulator_payload(kind, instances):
    return pack(
        f"{__file__}:{kind.__name__}",
        [i.data for i in instances],
        np.zeros(len(instances)),
        np.ones(len(instances), np.int64),
    )
