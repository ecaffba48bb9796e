"""Expressions over a contract's parameters: trees and their postfix code.

The offline proposer works on these trees and judges most of them without compiling (`interpret.py`). What it keeps is
printed as Python (`expression_text.py`) and goes the way of every other program.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONST = 100
"""Opcode of a constant: the next entry of theta, in postfix order. Smaller opcodes are parameter numbers."""

ADD, SUB, MUL, DIV, MIN, MAX = range(200, 206)
NEG, ABS, SQRT, EXP, LOG, TANH, LOG1P = range(300, 307)
IFLESS = 400
"""`c if a < b else d`, operands in this order."""

MAX_SIZE = 400
"""Nodes of the largest expression that is read from a program or an array."""

BINARY = {"+": ADD, "-": SUB, "*": MUL, "/": DIV, "min": MIN, "max": MAX}
UNARY = {
    "neg": NEG,
    "abs": ABS,
    "math.sqrt": SQRT,
    "math.exp": EXP,
    "math.log": LOG,
    "math.tanh": TANH,
    "math.log1p": LOG1P,
}
OPCODES: Mapping[str, int] = {**BINARY, **UNARY, "if_less": IFLESS}
NAMES: Mapping[int, str] = {code: name for name, code in OPCODES.items()}


@dataclass(frozen=True, slots=True)
class Expr:
    """A node: an operator with operands, `const` with a value, or a parameter's name."""

    op: str
    args: tuple["Expr", ...] = ()
    value: float = 0.0

    @property
    def size(self) -> int:
        """Number of nodes."""
        return 1 + sum(a.size for a in self.args)

    @property
    def depth(self) -> int:
        """Longest path to a leaf, in nodes."""
        return 1 + max((a.depth for a in self.args), default=0)

    def walk(self) -> Iterator["Expr"]:
        """All nodes, operands before operators (postfix order)."""
        for argument in self.args:
            yield from argument.walk()
        yield self

    def replace(self, index: int, new: "Expr") -> "Expr":
        """The tree with the node numbered `index` in postfix order replaced."""
        if index == self.size - 1:
            return new
        args = list(self.args)
        for position, argument in enumerate(args):
            if index < argument.size:
                args[position] = argument.replace(index, new)
                return Expr(self.op, tuple(args), self.value)
            index -= argument.size
        raise IndexError(f"a tree of {self.size} nodes has no node {index}")


def const(value: float) -> Expr:
    """A constant."""
    return Expr("const", (), float(value))


def constants(tree: Expr) -> NDArray[np.float64]:
    """The constants in postfix order."""
    return np.array([node.value for node in tree.walk() if node.op == "const"], dtype=np.float64)


def with_constants(tree: Expr, theta: Sequence[float] | NDArray[np.float64]) -> Expr:
    """The tree with its constants, in postfix order, set to `theta`."""
    values = iter(theta)

    def rebuild(node: Expr) -> Expr:
        if node.op == "const":
            return const(float(next(values)))
        return Expr(node.op, tuple(rebuild(a) for a in node.args)) if node.args else node

    return rebuild(tree)


def lifted(tree: Expr) -> Expr:
    """The tree with its constants, in postfix order, replaced by `theta[0]`, `theta[1]`, … (to be compiled)."""
    numbers = iter(range(tree.size))

    def rebuild(node: Expr) -> Expr:
        if node.op == "const":
            return Expr(f"theta[{next(numbers)}]")
        return Expr(node.op, tuple(rebuild(a) for a in node.args)) if node.args else node

    return rebuild(tree)


def to_code(tree: Expr, names: Sequence[str]) -> NDArray[np.int64]:
    """Postfix opcodes; `names` are the contract's parameters in order. Raises ValueError for any other name."""
    known = {**{name: i for i, name in enumerate(names)}, **OPCODES, "const": CONST}
    unknown = {n.op for n in tree.walk()} - known.keys()
    if unknown:
        raise ValueError(f"expected parameters among {', '.join(names)}, got {', '.join(sorted(unknown))}")
    return np.array([known[n.op] for n in tree.walk()], dtype=np.int64)


def from_code(code: NDArray[np.int64], theta: NDArray[np.float64], names: Sequence[str]) -> Expr:
    """The inverse of `to_code` and `constants`.

    Raises ValueError for anything else than one expression of at most MAX_SIZE nodes and exactly its constants.
    """
    if len(code) > MAX_SIZE:
        raise ValueError(f"{len(code)} nodes, more than {MAX_SIZE}")
    if len(theta) != np.count_nonzero(code == CONST):
        raise ValueError(f"{len(theta)} constants given, {np.count_nonzero(code == CONST)} used")
    stack: list[Expr] = []
    values = iter(theta.tolist())
    try:
        for opcode in code.tolist():
            if opcode == CONST:
                stack.append(const(next(values)))
            elif 0 <= opcode < len(names):
                stack.append(Expr(names[opcode]))
            else:
                name = NAMES[opcode]
                arity = 2 if name in BINARY else 1 if name in UNARY else 4
                if len(stack) < arity:
                    raise ValueError(f"opcode {opcode} lacks operands")
                stack[-arity:] = [Expr(name, tuple(stack[-arity:]))]
    except KeyError as error:
        raise ValueError(f"there is no opcode {error}") from error
    if len(stack) != 1:
        raise ValueError(f"{len(stack)} values left instead of one")
    return stack[0]
