"""The exported file computes what the compiled program computes, and needs nothing but Python."""

import ast
import importlib
import itertools
import json
import math
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from heuresis.archive.export import TARGETS, ExportError, Subject
from heuresis.archive.export.python import export_python
from heuresis.archive.records import Evaluation, candidate_id
from heuresis.evaluators.language.compile import compile_program
from heuresis.evaluators.language.contract import Contract, Function, Kind, Parameter, Unit
from heuresis.evaluators.language.reference.interpreter import Interpreter, TooLong
from heuresis.evaluators.language.reference.rewrite import helpers_of, rewrite
from heuresis.problems.bin_packing.instances import PackingInstance
from heuresis.problems.bin_packing.scoring import assigned
from heuresis.problems.problem import Problem
from heuresis.problems.registry import get
from heuresis.problems.vector_packing.instances import VectorInstance
from heuresis.sandbox.screen.screen import screen

NASTY = {
    "divisions": "return a / b + a // b - a % c + b // a % (c - b)",
    "literal_divisions": "return a / 3.0 + b // 2.0 + c % 7 - a / 0.0 * (1.0 if c > 0.0 else 0.0)",
    "logs": "return math.log(a) + math.log1p(b) * math.log2(c) - math.log10(a * b)",
    "exps": "return math.exp(a * b) - math.expm1(c) + math.tanh(b) * math.atan(a)",
    "powers": "return a ** b - math.pow(b, c)",
    "integer_powers": "return a ** 2 + b ** 3 - (a * c) ** 5 + b ** 0 - c ** 40",
    "negative_power": "return a ** -2 + b ** -1",
    "root_power": "return a ** 0.5 + math.sqrt(b)",
    "waves": "return math.sin(a) + math.cos(b * c)",
    "rounding": "return math.floor(a) + math.ceil(b * 1e3) - math.floor(c / b)",
    "integers": "n = math.floor(a)\n    m = math.ceil(b)\n    return n // m + n % m + n * m * m * m + n / m - abs(n)",
    "wrapping": "x = 1\n    for i in range(70):\n        x = x * 3 + i\n    return x * 1.0 + a",
    "counting": "n = 0\n    s = 0\n    while s < 10 and n < 50:\n        n += 1\n        s += abs(a) + 1\n    return n % 3 + s",
    "choices": "return max(a, b, 0) + min(a, 1, c) + (0 if a > b else c) + max(b, a) - min(b, c)",
    "ties": "return min(a, b) if a == b or not c else max(0.0, min(b, a))",
    "truth": "return (a > b) + (b > c) * 2 + (a and b or c) + (1 < a < c)",
    "assignments": "x, y = a, 0\n    x, y = b, x\n    x /= c\n    y //= x\n    x **= 2\n    y %= a\n    return x + y",
    "loops": (
        "s = 0.0\n    for i in range(1, 8):\n        if i % 3 == 0:\n            continue\n        if s > 100.0 * abs(b):\n"
        "            break\n        s += a / i + c * (i // 2)\n    return s"
    ),
    "shadowing": "sum = K * a\n    return sum + left(b, 2) + left(a, c)",
}
PRELUDE = {"shadowing": "K = 2\nlist = 3.5\ndef left(x, y):\n    return x * y + list + y ** 2\n"}


def contract() -> Contract:
    """Three floats of any sign."""
    parameters = tuple(Parameter(name, Unit.ONE, "a number", varies=False) for name in "abc")
    return Contract((Function("rule", parameters, "any number, smaller is better"),))


def scalar(shape: Contract) -> Contract:
    """The same contract, compiled for one item per call."""
    functions = (replace(f, parameters=tuple(replace(p, varies=False) for p in f.parameters)) for f in shape.functions)
    return replace(shape, functions=tuple(functions))


def nasty(name: str) -> str:
    """A program of `contract`."""
    return PRELUDE.get(name, "") + f"def rule(a, b, c):\n    {NASTY[name]}\n"


def numbers(count: int, columns: int, seed: int) -> np.ndarray:
    """Rows of ordinary and special numbers."""
    rng = np.random.default_rng(seed)
    special = np.array(
        [0.0, -0.0, 1.0, -1.0, 2.0, 3.0, 1e308, -1e308, 5e-324, 1e-310, math.inf, -math.inf, math.nan, 1e19]
    )
    values = rng.normal(size=(count, columns)) * 10.0 ** rng.integers(-2, 5, size=(count, columns))
    values = np.where(rng.random(values.shape) < 0.25, np.round(values), values)
    return np.where(rng.random(values.shape) < 0.15, rng.choice(special, size=values.shape), values)


def outcome(function: object, row: list[float], *more: object) -> float | str:
    """The result, or the name of the exception."""
    try:
        return float(function(*row, *more))  # type: ignore[operator]
    except ArithmeticError as error:
        return type(error).__name__


def agree(x: float | str, y: float | str) -> bool:
    """Equal to the bit, or to 1e-12, and NaN only together."""
    if isinstance(x, str) or isinstance(y, str):
        return x == y
    if math.isnan(x) or math.isnan(y):
        return math.isnan(x) and math.isnan(y)
    return x == y or (math.isfinite(x) and math.isfinite(y) and abs(x - y) <= 1e-12 * max(abs(x), abs(y)))


def loaded(tree: ast.Module) -> dict[str, object]:
    """A rewritten program, executed with its helpers."""
    names: dict[str, object] = {"math": math, **helpers_of(tree)}
    exec(compile(tree, "<exported>", "exec"), names)
    return names


@pytest.mark.parametrize("name", NASTY)
def test_nasty_programs_mean_the_same_as_compiled(name: str) -> None:
    shape = contract()
    source = screen(nasty(name), shape.allow_list())
    compiled, theta = compile_program(source, shape).main, np.empty(0)
    exported = loaded(rewrite(source, shape, frozenset({"left"})))["rule"]
    rows = numbers(3000, 3, seed=5).tolist() + [
        list(r) for r in itertools.product((0.0, -0.0, 1.0, -2.0, math.inf), repeat=3)
    ]
    wrong = [
        (r, outcome(exported, r), outcome(compiled, r, theta))
        for r in rows
        if not agree(outcome(exported, r), outcome(compiled, r, theta))
    ]
    assert wrong == [], f"{len(wrong)} of {len(rows)} differ"


@pytest.mark.parametrize("name", [b.name for b in get("smtt").baselines])
def test_baselines_mean_the_same_as_compiled(name: str) -> None:
    problem = get("smtt")
    baseline = problem.baseline(name)
    assert baseline is not None
    source = screen(baseline.source, problem.contract.allow_list())
    one = scalar(problem.contract)
    compiled, theta = compile_program(source, one).main, np.empty(0)
    exported = loaded(rewrite(source, problem.contract))[problem.contract.main.name]
    width = len(problem.contract.main.parameters)
    rows = np.vstack([np.abs(numbers(10_000, width, seed=1)), numbers(10_000, width, seed=2)]).tolist()
    wrong = [r for r in rows if not agree(outcome(exported, r), outcome(compiled, r, theta))]
    assert wrong == []


@pytest.mark.parametrize("name", NASTY)
def test_the_interpreter_agrees_with_python(name: str) -> None:
    shape = contract()
    tree = rewrite(screen(nasty(name), shape.allow_list()), shape)
    interpreter, exported = Interpreter(tree, shape), loaded(tree)["rule"]
    for row in numbers(150, 3, seed=9).tolist():
        expected = outcome(exported, row)
        got = outcome(lambda *r: interpreter.call("rule", r), row)
        assert repr(got) == repr(expected), row


def test_the_interpreter_stops_a_program_without_end() -> None:
    shape = contract()
    tree = rewrite("def rule(a, b, c):\n    while True:\n        a = a + 1.0\n    return a\n", shape)
    with pytest.raises(TooLong):
        Interpreter(tree, shape).call("rule", (1.0, 2.0, 3.0))


def test_only_what_differs_is_rewritten() -> None:
    text = ast.unparse(rewrite("def rule(a, b, c):\n    x = a * b + 2.0\n    return max(x / 4.0, c)\n", contract()))
    assert text == "def rule(a, b, c):\n    x = a * b + 2.0\n    return max(x / 4.0, c)"


def subject(source: str | None = None) -> Subject:
    """A baseline with a score."""
    problem = get("smtt")
    text = source or next(b.source for b in problem.baselines if b.name == "atc")
    score = Evaluation(candidate_id(text), "smtt", 1, "test", "f" * 64, "ok", "", (1.0, 2.0), 0.25, {"agg_gap": 0.25})
    return Subject(text, candidate_id(text), problem, (score,), "offline")


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda t: t.name)
def test_every_target_is_deterministic_says_its_origin_and_refuses_what_does_not_fit(target: SimpleNamespace) -> None:
    export = target.export(subject())
    assert export == target.export(subject())
    assert export.main in export.files
    text = export.files[export.main]
    for words in (subject().id, "smtt@1", "0.25", "f" * 16, "test", "offline"):
        assert words in text
    with pytest.raises(ExportError, match="cannot be exported"):
        target.export(subject("def priority(p):\n    return open(p)\n"))


def test_names_from_elsewhere_cannot_leave_their_comments() -> None:
    ours = subject()
    odd = "x\nimport os\r\u2028\x0c\x85os.abort()\u202e\x1b[8m"
    score = replace(ours.evaluations[0], split=odd, status=odd, objective=odd, fingerprint=odd)
    export = export_python(replace(ours, origin=odd, evaluations=(score,)))
    text = export.files[export.main]
    assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(export_python(ours).files[export.main]))
    assert "# Proposed by x\\nimport os\\r\\u2028\\x0c\\x85os.abort()\\u202e\\x1b[8m\n" in text
    assert export.files["smtt.json"].isascii()


def test_the_file_runs_alone_and_reproduces_its_test_vectors(tmp_path) -> None:
    export = TARGETS["python"].export(subject())
    for name, text in export.files.items():
        (tmp_path / name).write_text(text)
    program = (
        "import json, sys; sys.path.insert(0, '.'); import smtt\n"
        "rule = json.load(open('smtt.json'))['functions'][0]\n"
        "got = [getattr(smtt, rule['name'])(*v['inputs']) for v in rule['vectors']]\n"
        "print(json.dumps([got, [float(v['output']) for v in rule['vectors']], smtt.schedule([(3, 9), (2, 2), (4, 5)]),"
        " sorted(m for m in sys.modules if m.startswith(('numpy', 'numba', 'heuresis')))]))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    got, expected, sequence, foreign = json.loads(done.stdout)
    assert repr(got) == repr(expected)
    assert len(got) == 32
    assert sequence[0] == 1
    assert sorted(sequence) == [0, 1, 2]
    assert foreign == []


ARRAYS = Contract(
    (
        Function(
            "rule",
            (
                Parameter("bins", Unit.ONE, "what is left in each bin", varies=False, kind=Kind.FLOAT64_ARRAY, low=0.0),
                Parameter("seen", Unit.COUNT, "how often", varies=False, kind=Kind.INT64_ARRAY, low=0.0),
                Parameter("size", Unit.ONE, "of the item", varies=False),
            ),
            "a number",
        ),
    )
)
ARRAY_PROGRAM = (
    "def rest(values, k):\n    s = 0\n    for i in range(k, len(values)):\n        s += values[i]\n    return s\n"
    "def rule(bins, seen, size):\n    own = np.zeros(len(bins))\n    for i in range(len(bins)):\n"
    "        own[i] = bins[i] / seen[i % len(seen)]\n    own[0] //= 2\n"
    "    return rest(own, 0) + rest(seen, 1) // 2 + own[-1] % size\n"
)


def test_programs_with_arrays_are_exported_too(tmp_path) -> None:
    problem = replace(get("smtt"), name="bins", contract=ARRAYS, standalone="")
    export = TARGETS["python"].export(Subject(ARRAY_PROGRAM, candidate_id(ARRAY_PROGRAM), problem, (), ""))
    source = screen(ARRAY_PROGRAM, ARRAYS.allow_list())
    compiled = compile_program(source, ARRAYS).main
    names: dict[str, object] = {}
    exec(compile(export.files[export.main], export.main, "exec"), names)
    (rule,) = json.loads(export.files["bins.json"])["functions"]
    assert [p["kind"] for p in rule["parameters"]] == ["float64[]", "int64[]", "float64"]
    assert any(isinstance(v["output"], float) for v in rule["vectors"])
    for vector in rule["vectors"]:
        bins, seen, size = vector["inputs"]
        expected = outcome(compiled, [np.array(bins), np.array(seen, dtype=np.int64), size], np.empty(0))
        assert agree(outcome(names["rule"], [bins, seen, size]), expected)
        assert vector["output"] is not None
        assert agree(float(vector["output"]), expected)


def test_the_manifest_says_what_goes_in_and_out() -> None:
    problem: Problem = get("smtt")
    content = json.loads(TARGETS["python"].export(subject()).files["smtt.json"])
    assert (content["problem"], content["problem_version"], content["program"]) == ("smtt", 1, subject().id)
    assert [p["name"] for p in content["functions"][0]["parameters"]] == [
        p.name for p in problem.contract.main.parameters
    ]
    assert content["functions"][0]["parameters"][0]["unit"] == "time"
    assert content["scores"][0]["aggregate"] == 0.25
    assert content["objective"]["direction"] == "min"


def test_an_exported_packing_rule_packs_into_the_same_bins() -> None:
    problem, rule = get("bin-packing"), "weighted_sum_of_squares"
    instance = PackingInstance("i", np.random.default_rng(5).integers(4, 40, 80), 60)
    expected = assigned(instance, decided(problem, rule, instance))
    assert exported(problem, rule)["pack"](instance.items.tolist(), 60) == expected


def test_an_exported_placement_rule_chooses_the_same_nodes() -> None:
    problem = get("vector-packing-fleet")
    rng = np.random.default_rng(6)
    types = np.array([[16, 8, 0], [12, 16, 8]])
    instance = VectorInstance("i", rng.integers(1, 9, (40, 3)), types, rng.integers(0, 2, 9))
    places, _ = exported(problem, "alpha_evolve")["place"](instance.requests.tolist(), types[instance.fleet].tolist())
    chosen = decided(problem, "alpha_evolve", instance)
    assert -1 in chosen
    assert [-1 if place is None else place for place in places] == chosen


def decided(problem: Problem, rule: str, instance: Any) -> list[int]:
    """The decisions of a baseline on one instance, by the simulator."""
    module, _, name = problem.simulator.partition(":")
    simulator = getattr(importlib.import_module(module), name)(problem.scoring.pack([instance]))
    program = compile_program(screen(source(problem, rule), problem.contract.allow_list()), problem.contract)
    return simulator.decide(program, np.zeros(0), np.arange(1))[1].tolist()


def exported(problem: Problem, rule: str) -> dict[str, Any]:
    """What the file defines that a baseline is exported to."""
    text = source(problem, rule)
    made = TARGETS["python"].export(Subject(text, candidate_id(text), problem))
    namespace: dict[str, Any] = {}
    exec(made.files[made.main], namespace)
    return namespace


def source(problem: Problem, rule: str) -> str:
    baseline = problem.baseline(rule)
    assert baseline is not None
    return baseline.source
