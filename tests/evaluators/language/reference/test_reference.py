"""The reference interpreter against compiled programs: random ones, kinds that change, arrays, and its limits."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from random_programs import programs

from heuresis.evaluators.language.compile import CompileError, compile_program
from heuresis.evaluators.language.contract import Contract, Function, Kind, Parameter, Unit
from heuresis.evaluators.language.reference.distance import TOLERANCE, distance
from heuresis.evaluators.language.reference.interpreter import Interpreter, TooLong, interpreter_of
from heuresis.evaluators.language.reference.judge import judge_of
from heuresis.evaluators.language.reference.rewrite import Untranslatable
from heuresis.sandbox.screen.screen import ScreenError, screen

NO_CONSTANTS = np.empty(0)
SPECIAL = (0.0, -0.0, 1.0, -1.0, 2.0, 3.0, -2.5, 0.5, 7.0, 1e19, 1e-3, 123.25, math.inf, -math.inf, math.nan)


def contract(**parameters: Kind) -> Contract:
    given_ = tuple(Parameter(name, Unit.ONE, "a value", varies=False, kind=kind) for name, kind in parameters.items())
    return Contract((Function("rule", given_, "a number"),))


SCALAR = contract(a=Kind.FLOAT64, b=Kind.FLOAT64, c=Kind.FLOAT64)
WHOLE = contract(n=Kind.INT64, m=Kind.INT64, a=Kind.FLOAT64)
ARRAYS = contract(bins=Kind.FLOAT64_ARRAY, seen=Kind.INT64_ARRAY, size=Kind.FLOAT64)


def outcome(function: Callable[..., float], row: Sequence[Any], *more: Any) -> float | str:
    """The result, or the name of the exception."""
    try:
        return float(function(*row, *more))
    except (ArithmeticError, LookupError, ValueError) as error:
        return type(error).__name__


def agree(x: float | str, y: float | str) -> bool:
    """Equal to the bit, or to 1e-12, and NaN only together."""
    if isinstance(x, str) or isinstance(y, str):
        return x == y
    if math.isnan(x) or math.isnan(y):
        return math.isnan(x) and math.isnan(y)
    return x == y or (math.isfinite(x) and math.isfinite(y) and abs(x - y) <= 1e-12 * max(abs(x), abs(y)))


def both(source: str, shape: Contract) -> tuple[Callable[..., float], Interpreter]:
    screened = screen(source, shape.allow_list())
    return compile_program(screened, shape).main, interpreter_of(screened, shape)


def disagreements(source: str, shape: Contract, rows: Sequence[Sequence[Any]]) -> list[Any]:
    compiled, reference = both(source, shape)
    pairs = [(row, outcome(reference, row), outcome(compiled, row, NO_CONSTANTS)) for row in rows]
    return [(row, f"reference {x}", f"compiled {y}") for row, x, y in pairs if not agree(x, y)]


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(max_examples=25)
@given(programs(), st.randoms(use_true_random=False))
def test_random_programs_mean_the_same_as_compiled(source: str, random: Any) -> None:
    rows = [[random.choice(SPECIAL) for _ in range(3)] for _ in range(25)]
    rows += [[random.gauss(0.0, 5.0) for _ in range(3)] for _ in range(10)]
    try:
        found = disagreements(source, SCALAR, rows)
    except (ScreenError, CompileError, NotImplementedError, Untranslatable):
        assume(False)  # a truth value made a float, the root of a negative literal, or a division by the literal 0
    assert found == []


@pytest.mark.xfail(strict=True, reason="LLVM takes min(x, C) for min(C, min(x, C)), where x may be NaN")
@pytest.mark.parametrize("name", ["min", "max"])
def test_the_same_bound_twice_hides_nan(name: str) -> None:
    source = f"def rule(a, b, c):\n    return {name}(7.0, {name}(a, 7.0))\n"
    assert disagreements(source, SCALAR, [[math.nan, 0.0, 0.0]]) == []


KINDS = {
    "an integer first, a float later": "x = 7\n    y = x // n\n    x = 0.5\n    return y + x // n",
    "a float on one path": "x = 7\n    if a > 0.0:\n        x = 0.5\n    return x // n",
    "an integer again after the paths met": "x = 7\n    if a > 0.0:\n        x = 0.5\n    x = 3\n    return x // n",
    "the other path as well": "if a > 0.0:\n        x = 7\n    else:\n        x = 0.5\n    return x // n",
    "what comes round a loop": "x = 7\n    y = 0.0\n    for i in range(3):\n        y += x // n\n        x = 0.5\n"
    "    return y + x",
    "an integer in a loop that ends as a float": "x = 7\n    for i in range(2):\n        x = 9\n        y = x // n\n"
    "        x = 0.5 * x\n    return x // n",
    "a loop left early": "x = 7\n    for i in range(4):\n        if i == m:\n            x = 0.5\n            break\n"
    "    return x // n",
    "a round cut short": "x = 7\n    y = 0.0\n    for i in range(4):\n        y += x // n\n        if i < m:\n"
    "            x = 0.5\n            continue\n        x = 5\n    return y + x // n",
    "an endless loop left": "x = 0.5\n    while True:\n        x = 3\n        if a > 0.0:\n            break\n        a += 1.0\n"
    "    return x // n",
    "a loop's counter changed": "y = 0.0\n    for i in range(3):\n        y += i // n\n        i = 0.5\n    return y",
    "two names at once": "x, y = 7, 0.5\n    x, y = y, x\n    return x // n + y // n",
    "integers beyond 64 bits on one path": "x = 9223372036854775807\n    y = x + 1\n    if a > 0.0:\n        x = 0.5\n"
    "    return y + x",
    "powers": "return 10 ** -2 + 2 ** 62 + m ** 3 + n ** -1 + (3 - 5) ** -1 + math.pow(2, 64) + math.pow(m, 70)",
    "large integers beside floats": "x = 9007199254740993\n    return (x == 9007199254740992.0) + 2 * (x < a * 0.0 + x)",
    "a chain of both": "x = 9007199254740993 + n - n\n    return 1.0 if x <= 9007199254740992.0 < x + 2 else 0.0",
    "what a chain of and, or can be": "return (a and n or m) // n + (a or n and m) // n + ((m or n) and (a and n)) // n",
    "one of both": "return (n or m) // n + (n and a) // n + (7 if a > 0.0 else 0.5) // n",
}
HELPERS = "def half(x):\n    y = 1\n    if x > 2:\n        y = x\n    return y\n\ndef twice(x, k):\n    return half(x) // k\n\n"


@pytest.mark.parametrize("name", KINDS)
def test_names_are_integers_and_floats_where_they_are_in_compiled_code(name: str) -> None:
    rows = [[n, m, a] for n in (0, 1, 2, -3) for m in (0, 2, -5, 2**40) for a in (1.0, -1.5, 0.0)]
    assert disagreements(f"def rule(n, m, a):\n    {KINDS[name]}\n", WHOLE, rows) == []


def test_a_helper_has_one_version_for_each_combination_of_kinds() -> None:
    body = "return half(m) // n + half(a) // n + twice(m, n) + twice(a, n) + twice(m, a)"
    rows = [[n, m, a] for n in (0, 2) for m in (1, 5) for a in (0.0, 1.0, 7.5)]
    assert disagreements(f"{HELPERS}def rule(n, m, a):\n    {body}\n", WHOLE, rows) == []


ARRAY_PROGRAMS = {
    "reading": "best = -1.0\n    for i in range(len(bins)):\n        if bins[i] >= size:\n"
    "            best = max(best, bins[i] - seen[i % len(seen)])\n    return best",
    "an index of any sign": "k = math.floor(size)\n    return bins[k] + seen[-1] // 2",
    "working space": "own = np.zeros(len(bins))\n    ones, fives = np.ones(3), np.full(2, 5)\n"
    "    for i in range(len(bins)):\n        own[i] = i // 2\n        own[i] += bins[i]\n        own[i] *= ones[0]\n"
    "        own[-1] -= fives[1] // 2\n        own[0] //= 2\n    return own[0] + own[len(own) - 1]",
    "integers of arrays": "n = seen[0]\n    s = 0\n    for i in range(len(seen)):\n        s = s * 3 + seen[i]\n"
    "    return s // n + n % 3",
    "handed on": "return total(bins, 0) + total(bins, len(bins)) + size",
    "sizes": "own = np.zeros(math.floor(size))\n    return len(own)",
}
ARRAY_HELPERS = (
    "def total(values, start):\n    s = 0.0\n    for i in range(start, len(values)):\n        s += values[i]\n"
    "    return s\n\n"
)


@pytest.mark.no_cover
@pytest.mark.parametrize("name", ARRAY_PROGRAMS)
def test_array_programs_mean_the_same_as_compiled(name: str) -> None:
    source = f"{ARRAY_HELPERS}def rule(bins, seen, size):\n    {ARRAY_PROGRAMS[name]}\n"
    compiled, reference = both(source, ARRAYS)
    shapes = st.lists(st.floats(-100.0, 100.0), min_size=1, max_size=6)
    counts = st.lists(st.integers(-5, 5), min_size=1, max_size=6)

    @settings(max_examples=60)
    @given(shapes, counts, st.floats(-8.0, 8.0))
    def same(bins: list[float], seen: list[int], size: float) -> None:
        row = np.array(bins), np.array(seen, dtype=np.int64), size
        assert agree(outcome(reference, row), outcome(compiled, row, NO_CONSTANTS))

    same()


def test_arrays_handed_in_are_not_changed() -> None:
    _, reference = both(
        "def rule(bins, seen, size):\n    x = np.zeros(1)\n    x[0] = bins[0]\n    return x[0]\n", ARRAYS
    )
    bins = np.array([3.0, 4.0])
    assert reference(bins, np.array([1]), 1.0) == 3.0
    assert bins.tolist() == [3.0, 4.0]


@pytest.mark.parametrize(
    "body",
    [
        "while True:\n        a = a + 1.0\n    return a",
        "for i in range(10**12):\n        a += 1.0\n    return a",
        "s = 0.0\n    for i in range(1000):\n        for j in range(1000):\n            s += 1.0\n    return s",
        "return h9(a)",
    ],
)
def test_a_program_without_end_is_stopped(body: str) -> None:
    doubling = ["def h0(x):\n    return x + 1.0\n"]
    doubling += [f"def h{k}(x):\n    return h{k - 1}(x) + h{k - 1}(h{k - 1}(x))\n" for k in range(1, 10)]
    source = "".join(doubling) + f"def rule(a, b, c):\n    {body}\n"
    reference = interpreter_of(source, SCALAR, steps=20_000)
    with pytest.raises(TooLong, match="more than 20000 steps"):
        reference(1.0, 2.0, 3.0)


def test_working_space_counts_with_its_length() -> None:
    source = "def rule(bins, seen, size):\n    x = np.zeros(10**9)\n    return x[0]\n"
    with pytest.raises(TooLong):
        interpreter_of(source, ARRAYS)([1.0], [1], 1.0)


def test_steps_are_counted_anew_for_each_call() -> None:
    source = "def rule(a, b, c):\n    s = 0.0\n    for i in range(50):\n        s += a\n    return s\n"
    reference = interpreter_of(source, SCALAR, steps=1000)
    assert [reference(float(k), 0.0, 0.0) for k in range(20)] == [50.0 * k for k in range(20)]


def test_what_has_no_translation_is_said() -> None:
    with pytest.raises(Untranslatable, match=r"np\.sort"):
        interpreter_of("def rule(a, b, c):\n    return np.sort(a)\n", SCALAR)
    with pytest.raises(Untranslatable, match="not a real number"):
        interpreter_of("def rule(a, b, c):\n    return (-8) ** 0.5\n", SCALAR)


def test_a_judge_has_no_key_where_the_program_ends_with_an_error() -> None:
    judge = judge_of("def rule(a, b, c):\n    return a ** -1\n", SCALAR)
    assert judge(4.0, 0.0, 0.0) == 0.25
    assert math.isnan(judge(0.0, 0.0, 0.0))


_keys = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8)


@given(_keys, st.data())
def test_the_distance_is_zero_for_the_first_smallest_key_only(keys: list[float], data: st.DataObject) -> None:
    right = min(range(len(keys)), key=lambda i: (keys[i], i))
    chosen = data.draw(st.integers(0, len(keys) - 1))
    assert distance(keys, right) == 0.0
    found = distance(keys, chosen)
    assert (found == 0.0) == (chosen == right)
    if keys[chosen] != min(keys) and min(keys) != 0.0:
        assert found == (keys[chosen] - min(keys)) / abs(min(keys))


@pytest.mark.parametrize(
    ("keys", "chosen", "expected"),
    [
        ([2.0, 1.0], 0, 1.0),
        ([-1.0, -2.0], 0, 0.5),
        ([1.0, 1.0], 1, math.inf),  # the tie is broken otherwise
        ([1e-300, 0.0], 0, math.inf),  # nothing is near 0
        ([0.0, -0.0], 0, 0.0),  # equal
        ([1.0, math.nan], 0, math.inf),
        ([1.0, math.inf], 0, math.inf),
        ([1.0, 2.0], 2, math.inf),
        ([1.0, 2.0], -1, math.inf),
        ([-1e308, 1e308], 1, math.inf),
    ],
)
def test_distances(keys: list[float], chosen: int, expected: float) -> None:
    assert distance(keys, chosen) == expected


def test_the_tolerance_lets_rounding_pass_and_nothing_else() -> None:
    assert distance([1.0, 1.0 + 1e-12], 1) <= TOLERANCE
    assert distance([1.0, 1.0 + 1e-8], 1) > TOLERANCE
