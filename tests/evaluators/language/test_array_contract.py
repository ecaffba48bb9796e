"""Contracts that hand arrays to programs: what they say, and what programs that read and make arrays compute."""

import math
import random
import socket
from dataclasses import replace
from typing import Any

import numba
import numpy as np
import pytest
from gbnf import Grammar as Gbnf
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numba import types

from heuresis.evaluators.language.compile import CompileError, compile_program, function_type, lift_literals, signature
from heuresis.evaluators.language.contract import SCALAR_CALLS, Contract, Function, Kind, Parameter, Unit
from heuresis.evaluators.language.expressions.interpreter import encode, interpreter
from heuresis.evaluators.language.expressions.printer import from_source, to_source
from heuresis.evaluators.language.expressions.tree import Expr, const
from heuresis.evaluators.language.literals import write_literals
from heuresis.evolve.genetic.trees import Grammar, random_program
from heuresis.evolve.prompts.gbnf import contract_grammar
from heuresis.evolve.prompts.prompt import small
from heuresis.evolve.prompts.sketch import make_sketch
from heuresis.evolve.worker import specimen
from heuresis.sandbox.process.wire import Setup, receive_setup, send_setup
from heuresis.sandbox.screen.allow import ARRAY_CALLS
from heuresis.sandbox.screen.screen import screen

ITEM = Parameter("item", Unit.ONE, "size of the item", varies=False, low=0.0)
PLACE = Parameter("k", Unit.COUNT, "a place", varies=False, kind=Kind.INT64)
BINS = Parameter("bins", Unit.ONE, "room left in each bin", varies=False, kind=Kind.FLOAT64_ARRAY, low=0.0)
COUNTS = Parameter("counts", Unit.COUNT, "items of each size", varies=False, kind=Kind.INT64_ARRAY, low=0.0)
CONTRACT = Contract((Function("score", (ITEM, PLACE, BINS, COUNTS), "a value"),))
SCALAR = Contract((Function("score", (ITEM, PLACE), "a value"),))
HEAD = "def score(item, k, bins, counts):\n    "
NO_CONSTANTS = np.empty(0)

PROGRAMS = {
    "best fit": HEAD
    + "best = -1\n    for i in range(len(bins)):\n        if bins[i] >= item and (best < 0 or bins[i] < bins[best]):\n"
    "            best = i\n    return best",
    "histogram": "def most(u):\n    top = 0\n    for i in range(len(u)):\n        if u[i] > u[top]:\n            top = i\n"
    "    return top\n\n"
    + HEAD
    + "seen = np.zeros(4)\n    for i in range(len(bins)):\n        seen[math.floor(bins[i]) % 4] += 1\n    seen[-1] -= 0.5\n"
    "    return most(seen) + 10 * most(bins) + 100 * most(counts)",
    "prefix sums": HEAD
    + "n = len(counts)\n    sums = np.full(n + 1, item)\n    for i in range(n):\n"
    "        sums[i + 1] = sums[i] + counts[i]\n    return sums[k]",
    "swaps": HEAD
    + "w = np.ones(len(bins) + 2)\n    for i in range(len(bins)):\n        w[i] = bins[i]\n"
    "    w[0], w[1] = w[1], w[0]\n    w[k] *= 2\n    return w[0] - w[1] / 3.0",
    "made anew": HEAD
    + "s = 0.0\n    for i in range(3):\n        w = np.zeros(2)\n        w[0] = w[1] + i\n        s += w[0] * item\n"
    "    return s + counts[k]",
    "two kinds of constructor": HEAD
    + "if item > 1:\n        w = np.zeros(len(bins))\n    else:\n        w = np.full(2, k)\n    w[-1] += 1\n    return w[0]",
    "a length from a parameter": HEAD + "w = np.full(k, 2.5)\n    s = 0.0\n    for i in range(k):\n        s += w[i]\n    return s",
    "sums of whole numbers": HEAD + "s = 0\n    for i in range(len(counts)):\n        s += counts[i] * (i + 1)\n    return s // 2",
}  # fmt: skip

FLOATS = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
WHOLE = st.integers(-(2**40), 2**40)
LISTS = st.lists(FLOATS, max_size=6)
PLACES = st.integers(-9, 9)


def python(source: str) -> Any:
    """The program as plain Python means it."""
    namespace: dict[str, Any] = {"math": math, "np": np}
    exec(source, namespace)
    return namespace["score"]


def result(function: Any, *arguments: Any) -> Any:
    """The value, or the kind of error."""
    try:
        return float(function(*arguments))
    except (IndexError, ValueError) as error:
        return type(error)


COMPILED: dict[str, Any] = {}


def compiled(source: str, contract: Contract = CONTRACT) -> Any:
    """The program as it is compiled, once for each source."""
    if source not in COMPILED:
        COMPILED[source] = compile_program(screen(source, contract.allow_list()), contract).main
    return COMPILED[source]


def test_an_array_cannot_vary_between_items() -> None:
    with pytest.raises(ValueError, match="the array `bins` cannot vary between items"):
        replace(BINS, varies=True)


def test_numbers_and_arrays_of_a_function_are_told_apart() -> None:
    assert CONTRACT.main.scalars == (ITEM, PLACE)
    assert CONTRACT.main.arrays == (BINS, COUNTS)
    assert [kind.is_array for kind in Kind] == [False, False, True, True]


def test_what_makes_arrays_is_allowed_where_there_is_one() -> None:
    assert CONTRACT.allow_list().functions[0].arrays == ("bins", "counts")
    assert CONTRACT.allow_list().calls == {*SCALAR_CALLS, *ARRAY_CALLS}
    assert SCALAR.allow_list().calls == set(SCALAR_CALLS)
    assert not SCALAR.allow_list().has_arrays


def test_the_description_says_how_arrays_are_used() -> None:
    text = CONTRACT.describe()
    assert "- `bins` (float64[], 1): room left in each bin" in text
    assert "- `counts` (int64[], count): items of each size" in text
    assert "are read-only" in text
    assert text.count("`float`") == 1
    for call in ARRAY_CALLS:
        assert f"`{call}`" in text
    assert "array" not in SCALAR.describe()


def test_the_allow_list_reaches_a_zygote() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        send_setup(ours, Setup("engine", {}, CONTRACT.allow_list(), {}))
        received = receive_setup(theirs)
    assert received is not None
    assert received.allow == CONTRACT.allow_list()


def test_arrays_are_read_only_to_the_compiler_too() -> None:
    for parameter in CONTRACT.main.arrays:
        with pytest.raises(CompileError, match=r"line 2, `\w+\[0\] = 1`"):
            compile_program(f"{HEAD}{parameter.name}[0] = 1\n    return item", CONTRACT)
        helper = "def h(a):\n    a[0] = 1\n    return 1\n\n"
        with pytest.raises(CompileError, match=r"setitem\(readonly array.*\(in line 2\)"):
            compile_program(f"{helper}{HEAD}pass\n    return h({parameter.name})", CONTRACT)
    assert not signature(CONTRACT.main).args[2].mutable


def test_programs_do_not_change_what_they_are_handed() -> None:
    bins, counts = np.array([3.0, 1.0, 2.0]), np.array([4, 5])
    for source in PROGRAMS.values():
        result(compiled(source), 1.5, 1, bins, counts, NO_CONSTANTS)
    assert bins.tolist() == [3.0, 1.0, 2.0]
    assert counts.tolist() == [4, 5]


@settings(max_examples=40)
@given(st.sampled_from(sorted(PROGRAMS)), FLOATS, PLACES, LISTS, st.lists(WHOLE, max_size=6))
@example("prefix sums", 0.0, -7, [], [1, 2])
@example("a length from a parameter", 0.0, -1, [], [])
def test_compiled_programs_compute_what_plain_python_does(
    name: str, item: float, k: int, bins: list[float], counts: list[int]
) -> None:
    source = screen(PROGRAMS[name], CONTRACT.allow_list())
    arrays = np.array(bins, np.float64), np.array(counts, np.int64)
    expected = result(python(source), item, k, *arrays)
    assert result(compiled(PROGRAMS[name]), item, k, *arrays, NO_CONSTANTS) == expected


@pytest.mark.parametrize(
    "body",
    ["return bins[k]", "w = np.zeros(len(bins))\n    w[k] = item\n    return w[k]", "w = np.ones(len(bins))\n    w[k] += item\n    return w[k] + bins[k]"],
)  # fmt: skip
@given(LISTS, st.integers(-(2**63), 2**63 - 1) | PLACES)
def test_indices_wrap_once_and_end_the_program_beyond(body: str, bins: list[float], k: int) -> None:
    found = result(compiled(HEAD + body), 0.5, k, np.array(bins, np.float64), np.zeros(1, np.int64), NO_CONSTANTS)
    if not -len(bins) <= k < len(bins):
        assert found is IndexError
    else:
        assert (
            found == {"r": bins[k], "z": 0.5, "o": 1.5 + bins[k]}[body[body.find("np.") + 3] if "np." in body else "r"]
        )


@pytest.mark.parametrize(
    "place", ["3", "-4", "len(bins)", "-len(bins) - 1", "9223372036854775807", "i + 1", "i - 4", "2 - i - 3 * k"]
)
@pytest.mark.parametrize(
    "use", ["s += bins[{}]", "w[{}] = 1.0", "w[{}] += 1.0", "s += h(bins, {})", "w[0], w[{}] = 1, 2", "s += w[{}] if s >= 0 else 0"]
)  # fmt: skip
def test_every_access_is_checked_however_it_is_written(use: str, place: str) -> None:
    """The last turn of the loop, or each, is one beyond an end; nothing is written there and nothing read."""
    body = f"w = np.zeros(len(bins))\n    s = 0.0\n    for i in range(3):\n        {use.format(place)}\n    return s + w[0]"
    helper = "def h(u, j):\n    return u[j]\n\n"
    main = compile_program(screen(helper + HEAD + body, CONTRACT.allow_list()), CONTRACT).main
    with pytest.raises(IndexError):
        main(0.0, 2, np.array([1.0, 2.0, 4.0]), np.zeros(1, np.int64), NO_CONSTANTS)


@given(LISTS, st.lists(FLOATS, min_size=1, max_size=6))
def test_arrays_that_share_nothing_do_not_change_each_other(first: list[float], second: list[float]) -> None:
    source = (
        HEAD
        + "u, v = np.zeros(len(bins)), np.zeros(len(bins))\n    for i in range(len(bins)):\n        u[i] = bins[i]\n"
        "        v[i] = -1.0\n    s = 0.0\n    for i in range(len(bins)):\n        s += u[i] - bins[i]\n    return s"
    )
    for bins in (first, second):
        assert compiled(source)(0.0, 0, np.array(bins, np.float64), np.zeros(1, np.int64), NO_CONSTANTS) == 0.0


def test_new_arrays_hold_what_their_constructor_says() -> None:
    body = "w, v, u = np.zeros(k), np.ones(k), np.full(k, 7)\n    return w[k - 1] + 10 * v[0] + 100 * u[1] / 2"
    junk = np.full(1000, 42.0)
    for k in (2, 3, 500):
        found = compiled(HEAD + body)(0.0, k, junk, np.zeros(1, np.int64), NO_CONSTANTS)
        assert found == 10 + 350.0
    half = compiled(HEAD + "u = np.full(2, 1)\n    u[0] /= 2\n    return u[0]")
    assert half(0.0, 0, junk, np.zeros(1, np.int64), NO_CONSTANTS) == 0.5


def test_impossible_lengths_end_the_program() -> None:
    main = compiled(HEAD + "w = np.zeros(k)\n    return len(w)")
    arrays = np.zeros(1), np.zeros(1, np.int64), NO_CONSTANTS
    assert main(0.0, 0, *arrays) == 0.0
    with pytest.raises(ValueError, match="negative dimensions"):
        main(0.0, -1, *arrays)
    with pytest.raises(MemoryError):
        main(0.0, 2**55, *arrays)
    with pytest.raises(ValueError, match="too big"):
        main(0.0, 2**62, *arrays)


VARYING = Contract((Function("score", (replace(ITEM, varies=True), PLACE, BINS, COUNTS), "a value"),))


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_arrays_are_passed_whole_to_each_of_many_items(name: str) -> None:
    bins, counts, items = np.array([3.5, 1.25, 2.0]), np.array([4, 5, -6]), np.array([0.5, 2.0, 1.25, 9.0])
    out = np.full(5, 42.0)
    many = compile_program(screen(PROGRAMS[name], VARYING.allow_list()), VARYING).main
    many(items, 2, bins, counts, NO_CONSTANTS, out, 4)
    one = [compiled(PROGRAMS[name])(item, 2, bins, counts, NO_CONSTANTS) for item in items.tolist()]
    assert out.tolist() == [*one, 42.0]


def test_compiled_loops_take_programs_with_arrays_and_see_their_errors() -> None:
    @numba.njit(types.float64(function_type(CONTRACT.main), types.float64[::1], types.int64[::1]))
    def simulator(score: Any, bins: Any, counts: Any) -> float:
        total = 0.0
        for i in range(4):
            total += score(1.0, i, bins, counts, np.empty(0))
        return total

    main = compiled(HEAD + "return bins[k]")
    assert simulator(main, np.arange(4.0), np.arange(2)) == 6.0
    with pytest.raises(IndexError):
        simulator(main, np.arange(3.0), np.arange(2))


def test_literals_in_arrays_can_be_tuned_but_not_indices() -> None:
    source = screen(
        HEAD + "w = np.full(3, 0.5)\n    w[1] = 2.5\n    return w[0] * 1.5 + w[1] + w[2]", CONTRACT.allow_list()
    )
    lifted, theta = lift_literals(source)
    assert theta.tolist() == [0.5, 2.5, 1.5]
    arrays = np.zeros(1), np.zeros(1, np.int64)
    main = compile_program(lifted, CONTRACT).main
    assert main(0.0, 0, *arrays, theta) == compiled(source)(0.0, 0, *arrays, NO_CONSTANTS) == 3.75
    written = write_literals(source, theta * 2)
    assert screen(written, CONTRACT.allow_list()) == written
    assert compiled(written)(0.0, 0, *arrays, NO_CONSTANTS) == main(0.0, 0, *arrays, theta * 2) == 9.0


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "return bins[item]",
            r"line 2, `return bins\[item\]`: an index must be an integer, got a float: use math.floor",
        ),
        ("return counts[bins[0]]", r"line 2, .*: an index must be an integer, got a float"),
        ("i = item > 1\n    return bins[i]", r"line 3, .*: an index must be an integer, got a truth value: use `if`"),
        ("w = np.zeros(2)\n    w[item] = 1\n    return w[0]", r"line 3, `w\[item\] = 1`: an index must be an integer"),
        ("w = np.zeros(item)\n    return w[0]", r"line 2, .*: the length of an array must be an integer, got a float"),
        (
            "w = np.full(item, 1)\n    return w[0]",
            r"line 2, .*: the length of an array must be an integer, got a float",
        ),
        ("return h(bins, item)", r"line 2, `return h\(bins, item\)`: an index must be .* \(in line 5\)"),
    ],
)
def test_messages_say_what_is_wrong_with_an_index_or_a_length(body: str, message: str) -> None:
    helper = "\n\ndef h(u, i):\n    return u[i]"
    with pytest.raises(CompileError, match=message) as caught:
        compile_program(screen(HEAD + body + helper, CONTRACT.allow_list()), CONTRACT)
    assert "\n" not in str(caught.value)


def test_the_specimen_passes_and_runs() -> None:
    main = compiled(specimen(CONTRACT))
    for size in (0, 2):
        assert isinstance(main(0.5, 1, np.ones(size), np.ones(size, np.int64), NO_CONSTANTS), float)
    assert all(f"{call}(" in specimen(CONTRACT) for call in (*SCALAR_CALLS, *ARRAY_CALLS))


def test_decoding_grammars_leave_arrays_out() -> None:
    grammar = Gbnf(contract_grammar(CONTRACT))
    rng = random.Random(5)
    for _ in range(30):
        program = grammar.sample(rng)
        assert screen(program, CONTRACT.allow_list())
        assert "bins" not in program.partition("\n")[2]
    arrays_only = Contract((replace(CONTRACT.main, parameters=(BINS,)),))
    grammar = Gbnf(contract_grammar(arrays_only))
    assert all(screen(grammar.sample(rng), arrays_only.allow_list()) for _ in range(10))


def test_the_offline_search_leaves_arrays_out() -> None:
    grammar, rng = Grammar(VARYING), np.random.default_rng(7)
    judge, out = interpreter(VARYING), np.empty(3)
    items, bins, counts = np.array([0.5, 2.0, 1.25]), np.array([1.0, 2.0]), np.array([1, 2])
    for _ in range(5):
        tree = random_program(grammar, rng)
        source = screen(to_source(tree, VARYING), VARYING.allow_list())
        expected = np.empty(3)
        compile_program(source, VARYING).main(items, 2, bins, counts, NO_CONSTANTS, expected, 3)
        judge(items, 2, bins, counts, encode(tree, VARYING), out, 3)
        np.testing.assert_allclose(out, expected, rtol=1e-5)  # six digits of a constant are written
    assert from_source(f"{HEAD}return item + 1.0", VARYING) == Expr("+", (Expr("item"), const(1.0)))
    for body in ("return bins[0]", "return item + len(bins)", "w = np.zeros(2)\n    return w[0]"):
        assert from_source(HEAD + body, VARYING) is None


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_holes_of_sketches_are_numbers_and_never_arrays_or_indices(name: str) -> None:
    source = screen(PROGRAMS[name], VARYING.allow_list())
    for seed in range(30):
        sketch = make_sketch(source, VARYING.main, np.random.default_rng(seed), extend=seed % 3 == 0)
        if sketch is not None:
            assert not {"bins", "counts", "seen", "sums", "w"} & {known for known, _ in sketch.names}
            assert screen(sketch.fill("0.25"), VARYING.allow_list())  # refuses 0.25 as an array, an index or a length


def test_small_models_are_told_of_numbers_only() -> None:
    (system, *_) = small(VARYING, [], "return ")
    assert "item size, k." in system.content
    assert "bins" not in system.content
