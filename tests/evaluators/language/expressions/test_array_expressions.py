"""Expressions that read arrays: every way to compute one agrees with every other, and text is read back."""

import ast
import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from packing_parts import BASELINES, PROBLEMS, bred, index, situation, trees

from heuresis.evaluators.bin_packing.levels.contract import CONTRACT, CONTRACT_N
from heuresis.evaluators.language.compile import Program, compile_program
from heuresis.evaluators.language.contract import Contract, Function, Kind, Parameter, Unit
from heuresis.evaluators.language.expressions.indices import clips, well_formed
from heuresis.evaluators.language.expressions.interpreter import decode, encode, interpreter
from heuresis.evaluators.language.expressions.intervals import is_total
from heuresis.evaluators.language.expressions.printer import from_source, to_source, to_text
from heuresis.evaluators.language.expressions.simplify import simplify
from heuresis.evaluators.language.expressions.tree import (  # fmt: skip
    MOST,
    READ,
    SHARE,
    WHOLE,
    Expr,
    array_of,
    const,
    constants,
    lifted,
    outside,
    read,
    share,
    whole,
)
from heuresis.evaluators.language.reference.judge import judge_of
from heuresis.evolve.genetic.compiled import compile_tree
from heuresis.evolve.genetic.trees import Grammar
from heuresis.sandbox.screen.screen import screen

HEAD = CONTRACT.main.signature + ":\n    return "
NO_CONSTANTS = np.zeros(0)


def column(rule: object, seed: int, theta: np.ndarray, contract: Contract = CONTRACT) -> np.ndarray:
    """The values of a first-class function for all that fit, in one call."""
    known, rems = situation(seed, contract)
    arguments = [known.get(p.name, np.array(rems)) for p in contract.main.parameters]
    out = np.empty(len(rems))
    rule(*arguments, theta, out, len(rems))
    return out


def plainly(source: str, seed: int, contract: Contract = CONTRACT) -> np.ndarray:
    """What plain Python makes of the program."""
    namespace: dict[str, object] = {"math": math}
    exec(source, namespace)
    known, rems = situation(seed, contract)
    names = [p.name for p in contract.main.parameters]
    return np.array([float(namespace["score"](*[{**known, "rem": r}[n] for n in names])) for r in rems])


def value(tree: Expr, known: dict[str, object]) -> float:
    """The value of a read or share straight from its definition; of a whole number, sum or difference in an index."""
    if (name := array_of(tree)) is not None:
        array, at = known[name], int(value(tree.args[0], known))
        if tree.op.endswith("[]"):
            return float(array[min(max(at, 0), len(array) - 1)])
        return float(array[: max(at + 1, 0)].sum() / array.sum()) if array.sum() else 0.0
    if tree.op == "whole":
        return tree.value
    if not tree.args:
        return float(known[tree.op])
    left, right = (value(a, known) for a in tree.args)
    return left + right if tree.op == "+" else left - right


@pytest.mark.parametrize("contract", PROBLEMS, ids=["unknown", "known"])
def test_every_way_to_compute_agrees(contract: Contract) -> None:
    """Interpreted, compiled three ways, by the reference interpreter and by plain Python."""
    read_arrays = 0
    for seed in range(5):
        tree = bred(seed, contract)
        read_arrays += any(array_of(n) is not None for n in tree.walk())
        source = screen(to_source(tree, contract), contract.allow_list())
        judge = judge_of(source, contract)
        ways = [
            (compile_program(source, contract).main, NO_CONSTANTS),
            (compile_program(to_source(lifted(tree), contract), contract).main, constants(tree)),
            (compile_tree(tree, contract).main, constants(tree)),
            (interpreter(contract), encode(tree, contract)),
        ]
        for place in range(8):
            expected = plainly(source, 100 * seed + place, contract)
            for rule, theta in ways:
                got = column(rule, 100 * seed + place, theta, contract)
                np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-300)
            known, rems = situation(100 * seed + place, contract)
            names = [p.name for p in contract.main.parameters]
            told = [judge(*[{**known, "rem": r}[n] for n in names]) for r in rems]
            np.testing.assert_allclose(told, expected, rtol=1e-12, atol=1e-300)
    assert read_arrays > 3


@settings(max_examples=150)
@given(st.sampled_from(["counts", "seen"]), st.sampled_from([read, share]), st.integers(-2, 2), st.integers(-2, 2),
       st.integers(-2, 2), st.integers(-30, 30), st.integers(0, 999))  # fmt: skip
def test_a_read_means_what_it_says_wherever_its_index_points(
    array: str, kind: object, a: int, b: int, c: int, shift: int, seed: int
) -> None:
    tree = kind(array, index({n: k for n, k in {"item": a, "rem": b, "cap": c, "": shift}.items() if k}))
    known, rems = situation(seed)
    expected = [value(tree, {**known, "rem": r}) for r in rems]
    np.testing.assert_allclose(plainly(to_source(tree, CONTRACT), seed), expected, rtol=1e-15)
    np.testing.assert_allclose(column(interpreter(CONTRACT), seed, encode(tree, CONTRACT)), expected, rtol=1e-15)


@settings(max_examples=100)
@given(trees)
@example(bred(30044))  # an index beside the read of it, as a number
def test_what_is_printed_is_read_back_as_the_same_tree(tree: Expr) -> None:
    source = to_source(tree, CONTRACT)
    again = from_source(source, CONTRACT)
    assert again is not None
    assert to_source(again, CONTRACT) == source
    assert ast.unparse(ast.parse(screen(source, CONTRACT.allow_list()))) == ast.unparse(ast.parse(source))
    reads = [n for n in tree.walk() if array_of(n) is not None]
    assert [n for n in again.walk() if array_of(n) is not None] == reads


@settings(max_examples=100)
@given(trees)
def test_codes_and_simplifying_keep_what_is_read(tree: Expr) -> None:
    assert decode(encode(tree, CONTRACT), CONTRACT) == tree
    assert well_formed(tree, CONTRACT)
    simple = simplify(tree)
    assert simple.size <= tree.size
    for seed in range(3):
        np.testing.assert_allclose(
            plainly(to_source(simple, CONTRACT), seed), plainly(to_source(tree, CONTRACT), seed), rtol=1e-9, atol=1e-9
        )


@settings(max_examples=60)
@given(trees, st.integers(0, 10**6), st.integers(0, 300), st.sampled_from([0.0, 1.0, 100.0, 200.0, READ, READ + 1.0, READ + 2.0, SHARE, SHARE + 9.0, WHOLE, WHOLE + 3.0, WHOLE + MOST + 1.0]))  # fmt: skip
def test_a_damaged_encoding_is_refused_or_a_well_formed_tree(tree: Expr, seed: int, place: int, new: float) -> None:
    theta = encode(tree, CONTRACT)
    theta[(seed + place) % len(theta)] = new
    try:
        again = decode(theta, CONTRACT)
    except ValueError:
        return
    assert well_formed(again, CONTRACT)
    assert np.array_equal(encode(again, CONTRACT), theta)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("counts[rem - item]", "counts[rem - item]"),
        ("seen[cap - rem + item]", "seen[item + cap - rem]"),
        ("counts[max(0, rem - 1 - item)]", "counts[max(0, rem - item - 1)]"),
        ("counts[rem - 1]", "counts[rem - 1]"),
        ("counts[min(cap, rem + item)]", "counts[min(cap, item + rem)]"),
        ("counts[max(min(item + rem - 9, cap), 0)]", "counts[max(0, min(cap, item + rem - 9))]"),
        ("counts[0] + seen[1]", "counts[0] + seen[1]"),
        ("counts[max(0, rem)]", "counts[rem]"),
        ("share(seen, rem - item)", "share(seen, rem - item)"),
        ("share(seen, rem + 40)", "share(seen, rem + 40)"),
    ],
)
def test_indices_are_held_at_the_ends_only_where_they_must_be(text: str, printed: str) -> None:
    helper = to_source(share("seen", Expr("rem")), CONTRACT).split("def score")[0]
    tree = from_source(helper + HEAD + text, CONTRACT)
    assert tree is not None
    assert to_text(tree, CONTRACT.main) == printed


@pytest.mark.parametrize(
    "text",
    [
        "counts[rem - 2]", "counts[rem + 1]", "counts[-1]", "counts[item - rem]", "counts[2 * rem]", "counts[rem // 2]",
        "counts[min(cap, rem - 2)]", "counts[max(1, rem - 2)]", "counts[counts[rem]]", "counts", "rem + seen",
        "len(counts)", "rem[0]", "counts[0:2]", "nothing[0]", "sum(counts)", "share(seen)", "share(rem, item)",
    ],
)  # fmt: skip
def test_what_may_fail_or_is_no_element_is_no_expression(text: str) -> None:
    helper = to_source(share("seen", Expr("rem")), CONTRACT).split("def score")[0]
    assert from_source(helper + HEAD + text, CONTRACT) is None


def test_a_helper_that_only_looks_like_a_share_is_none() -> None:
    source = to_source(share("seen", Expr("rem")), CONTRACT)
    assert from_source(source, CONTRACT) == share("seen", Expr("rem"))
    assert from_source(source.replace("place <= last", "place < last"), CONTRACT) is None


def test_the_classical_rules_are_expressions() -> None:
    assert sorted(BASELINES) == ["best_fit", "sum_of_squares", "weighted_sum_of_squares", "worst_fit"]
    assert to_source(simplify(BASELINES["sum_of_squares"]), CONTRACT).splitlines()[1] == (
        "    return (2.0 * counts[rem - item] + 1.0 if 0 < rem - item else 0)"
        " - (2.0 * counts[rem] - 1.0 if rem < cap else 0)"
    )
    for name, tree in BASELINES.items():
        source = next(b.source for b in PROBLEMS[CONTRACT].baselines if b.name == name)
        for seed in range(40):
            expected = plainly(source, seed)
            np.testing.assert_allclose(plainly(to_source(tree, CONTRACT), seed), expected, rtol=1e-5)


def test_helpers_are_followed_but_not_for_ever() -> None:
    nested = "def a(x, y):\n    z = x * 2.0\n    return z + y\n\n\ndef b(x):\n    return a(x, counts_at(x))\n"
    assert from_source("def twice(x):\n    return x + x\n\n\n" + HEAD + "twice(rem)", CONTRACT) == Expr(
        "+", (Expr("rem"),) * 2
    )
    assert from_source(nested + HEAD + "b(rem)", CONTRACT) is None
    assert from_source("def a(x):\n    return a(x)\n\n\n" + HEAD + "a(rem)", CONTRACT) is None
    assert from_source("def a(x):\n    return x\n\n\n" + HEAD + "a(rem, item)", CONTRACT) is None


def test_branches_that_only_assign_become_conditions() -> None:
    body = "gap = rem - item\n    x = 1.5\n    if gap > 2:\n        x = gap\n        y = 1\n    else:\n        x = cap\n    return x"
    tree = from_source(HEAD.replace("return ", body), CONTRACT)
    assert tree is not None
    assert to_text(tree, CONTRACT.main) == "(rem - item if 2.0 < rem - item else cap)"
    assert from_source(HEAD.replace("return ", body + " + y"), CONTRACT) is None  # `y` is known in one branch only
    reassigned = "if rem > item:\n        rem = item\n        item = rem + 1\n    return rem + item"
    tree = from_source(HEAD.replace("return ", reassigned), CONTRACT)
    assert tree is not None
    for seed in range(20):
        expected = plainly(HEAD.replace("return ", reassigned), seed)
        np.testing.assert_array_equal(plainly(to_source(tree, CONTRACT), seed), expected)


def test_nodes_outside_indices() -> None:
    tree = Expr("+", (read("counts", index({"rem": 1, "item": -1})), const(2.0)))
    assert [(i, n.op) for i, n in outside(tree)] == [(3, "counts[]"), (4, "const"), (5, "+")]
    assert tree.replace(3, const(1.0)) == Expr("+", (const(1.0), const(2.0)))


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("math.sqrt(rem - item)", True), ("1.0 / (cap - rem + 0.5)", True), ("math.log(counts[rem])", False),
        ("math.log1p(counts[rem])", True), ("1.0 / (seen[item] + 1.0)", True), ("1.0 / (rem - item)", False),
        ("math.sqrt(item - rem)", False), ("math.sqrt(cap - item + rem)", True), ("1.0 / (rem - item + 1)", True),
    ],
)  # fmt: skip
def test_the_order_of_parameters_and_the_low_ends_of_elements_are_known(text: str, total: bool) -> None:
    tree = from_source(HEAD + text, CONTRACT)
    assert tree is not None
    assert is_total(tree, CONTRACT) is total


def test_what_is_no_index_is_no_total_expression() -> None:
    assert not is_total(read("counts", Expr("*", (Expr("rem"), Expr("rem")))), CONTRACT)
    assert not is_total(read("counts", Expr("left")), CONTRACT_N)  # a count is no size
    assert not is_total(read("rem", Expr("rem")), CONTRACT)
    with pytest.raises(ValueError, match="no index of `counts`"):
        to_source(read("counts", const(0.5)), CONTRACT)
    with pytest.raises(ValueError, match="cannot be read"):
        to_text(read("counts", Expr("rem")))
    with pytest.raises(ValueError, match="whole number"):
        encode(whole(MOST + 1), CONTRACT)


def test_a_contract_says_what_the_ends_are() -> None:
    cap = Parameter("cap", Unit.SIZE, "", varies=True, kind=Kind.INT64, low=1.0)
    array = Parameter("a", Unit.COUNT, "", varies=False, kind=Kind.INT64_ARRAY, last="cap")
    contract = Contract((Function("score", (cap, array), "a value"),))
    assert clips({"cap": 1}, array, contract.main) == (False, False)
    assert clips({"cap": 1, "": 1}, array, contract.main) == (False, True)
    for wrong in (Parameter("b", Unit.COUNT, "", False, Kind.INT64_ARRAY, last="a"), Parameter("b", Unit.SIZE, "", False, at_most="d"),
                  Parameter("b", Unit.SIZE, "", False, at_most="b"), Parameter("b", Unit.SIZE, "", False, last="cap")):  # fmt: skip
        with pytest.raises(ValueError, match="must name"):
            Function("score", (cap, array, wrong), "a value")


def test_the_grammar_draws_reads_under_every_contract_with_arrays() -> None:
    assert Grammar(CONTRACT).reads
    assert Grammar(CONTRACT).whole
    assert isinstance(compile_tree(BASELINES["sum_of_squares"], CONTRACT), Program)
    assert compile_tree(BASELINES["sum_of_squares"], CONTRACT).reads == (frozenset({"item", "rem", "cap", "counts"}),)
