"""Trees and their postfix code."""

import numpy as np
import pytest
from expression_parts import NAMES, any_trees, seeds, wild
from hypothesis import given, settings
from hypothesis import strategies as st

from heuresis.evaluators.language.expressions.tree import (
    CONST,
    MAX_SIZE,
    OPCODES,
    Expr,
    const,
    constants,
    from_code,
    lifted,
    to_code,
    with_constants,
)

MDD = Expr("max", (Expr("d"), Expr("+", (Expr("t"), Expr("p")))))


def test_code_is_postfix() -> None:
    assert to_code(MDD, NAMES).tolist() == [1, 2, 0, OPCODES["+"], OPCODES["max"]]
    assert (MDD.size, MDD.depth) == (5, 3)
    assert [n.op for n in MDD.walk()] == ["d", "t", "p", "+", "max"]


@given(any_trees)
def test_code_and_constants_make_the_tree_again(tree: Expr) -> None:
    code, theta = to_code(tree, NAMES), constants(tree)
    assert len(code) == tree.size
    assert np.count_nonzero(code == CONST) == len(theta)
    assert from_code(code, theta, NAMES) == tree


@given(any_trees, seeds)
def test_constants_are_exchanged_in_place(tree: Expr, seed: int) -> None:
    theta = np.random.default_rng(seed).normal(size=len(constants(tree)))
    other = with_constants(tree, theta)
    assert constants(other).tolist() == theta.tolist()
    assert with_constants(other, constants(tree)) == tree
    assert to_code(other, NAMES).tolist() == to_code(tree, NAMES).tolist()


@given(any_trees)
def test_lifted_constants_are_numbered_in_the_order_of_theta(tree: Expr) -> None:
    names = [n.op for n in lifted(tree).walk() if n.op.startswith("theta")]
    assert names == [f"theta[{i}]" for i in range(len(constants(tree)))]
    assert not any(n.op == "const" for n in lifted(tree).walk())


@given(any_trees, seeds, st.data())
def test_one_node_is_replaced(tree: Expr, seed: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, tree.size - 1))
    nodes, new = list(tree.walk()), wild(seed)
    assert tree.replace(index, nodes[index]) == tree
    other = tree.replace(index, new)
    assert other.size == tree.size - nodes[index].size + new.size
    before = list(other.walk())[: index - nodes[index].size + 1]
    assert before == nodes[: index - nodes[index].size + 1]
    assert list(other.walk())[index - nodes[index].size + new.size] == new


@pytest.mark.parametrize("index", [5, 99])
def test_a_node_that_is_not_there(index: int) -> None:
    with pytest.raises(IndexError, match="5 nodes"):
        MDD.replace(index, const(1.0))


def test_a_name_outside_the_contract_has_no_code() -> None:
    with pytest.raises(ValueError, match=r"expected parameters among p, d.*got weight"):
        to_code(Expr("+", (Expr("p"), Expr("weight"))), NAMES)


@pytest.mark.parametrize(
    ("code", "theta", "message"),
    [
        ([], [], "0 values left"),
        ([0, 1], [], "2 values left"),
        ([OPCODES["+"]], [], "lacks operands"),
        ([0, OPCODES["+"]], [], "lacks operands"),
        ([0, 0, 0, OPCODES["if_less"]], [], "lacks operands"),
        ([len(NAMES)], [], "no opcode 10"),
        ([-1], [], "no opcode -1"),
        ([CONST], [], "0 constants given, 1 used"),
        ([0], [1.0], "1 constants given, 0 used"),
        ([0] + [OPCODES["neg"]] * MAX_SIZE, [], "more than 400"),
    ],
)
def test_code_that_is_no_expression_is_refused(code: list[int], theta: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_code(np.array(code, dtype=np.int64), np.array(theta), NAMES)


_some = st.sampled_from([0, 1, 9, 10, CONST, *OPCODES.values(), -1, 2**62])


@settings(max_examples=300)
@given(st.lists(_some, max_size=12), st.lists(st.floats(-9, 9), max_size=3))
def test_any_code_is_an_expression_or_refused(code: list[int], theta: list[float]) -> None:
    try:
        tree = from_code(np.array(code, dtype=np.int64), np.array(theta), NAMES)
    except ValueError:
        return
    assert to_code(tree, NAMES).tolist() == code
    assert constants(tree).tolist() == theta
