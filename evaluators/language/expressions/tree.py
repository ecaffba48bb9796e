"""Expressions over a contract's parameters: trees and their postfix code.

The offline proposer works on these trees and judges most of them without compiling (`interpreter.py`). What it keeps is
printed as Python (`printer.py`) and goes the way of every other program.
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

READ, SHARE = 500, 600
"""Opcodes of reading the array of the contract with a number, and of its share up to an index; the index lies below."""

WHOLE, MOST = 2000, 1000
"""The whole number k has the opcode WHOLE + k; it is at most MOST, of either sign."""

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
    """A node: an operator with operands, `const` or `whole` with a value, or a parameter's name.

    A `const` is a number to be tuned, a `whole` is not: a shift of an index, or the zero of an `if` without `else`.
    An array is read at an index by `counts[]`; `counts[:]` is the share of its elements' sum up to an index. The index
    is the one operand (`indices.py` says what an index can be); one beyond the ends stands for the end.
    """

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


def whole(value: int) -> Expr:
    """A whole number that is not tuned."""
    return Expr("whole", (), float(value))


def read(array: str, index: Expr) -> Expr:
    """The element of an array at an index."""
    return Expr(f"{array}[]", (index,))


def share(array: str, index: Expr) -> Expr:
    """The sum of an array's elements up to an index (included) over that of all; 0 where all are 0."""
    return Expr(f"{array}[:]", (index,))


def array_of(node: Expr) -> str | None:
    """The array that a node reads itself, or None."""
    return node.op.partition("[")[0] if node.op.endswith("]") and node.args else None


def outside(tree: Expr) -> list[tuple[int, Expr]]:
    """The nodes that are no part of an index, each with its number in postfix order."""
    found: list[tuple[int, Expr]] = []
    _outside(tree, 0, found)
    return found


def _outside(node: Expr, start: int, found: list[tuple[int, Expr]]) -> int:
    if array_of(node) is None:
        for argument in node.args:
            start = _outside(argument, start, found)
    else:
        start += node.args[0].size
    found.append((start, node))
    return start + 1


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


def to_code(tree: Expr, names: Sequence[str], arrays: Sequence[str] = ()) -> NDArray[np.int64]:
    """Postfix opcodes; `names` and `arrays` are the contract's numbers and arrays in order.

    Raises ValueError for any other name, and for a whole number above MOST.
    """
    known = {**{name: i for i, name in enumerate(names)}, **OPCODES, "const": CONST}
    known |= {f"{name}[]": READ + i for i, name in enumerate(arrays)}
    known |= {f"{name}[:]": SHARE + i for i, name in enumerate(arrays)}
    unknown = {n.op for n in tree.walk()} - known.keys() - {"whole"}
    if unknown:
        raise ValueError(f"expected parameters among {', '.join(names)}, got {', '.join(sorted(unknown))}")
    if any(n.op == "whole" and not (abs(n.value) <= MOST and n.value.is_integer()) for n in tree.walk()):
        raise ValueError(f"a whole number must lie within ±{MOST}")
    return np.array([WHOLE + int(n.value) if n.op == "whole" else known[n.op] for n in tree.walk()], dtype=np.int64)


def from_code(
    code: NDArray[np.int64], theta: NDArray[np.float64], names: Sequence[str], arrays: Sequence[str] = ()
) -> Expr:
    """The inverse of `to_code` and `constants`.

    Raises ValueError for anything else than one expression of at most MAX_SIZE nodes and exactly its constants. Whether
    indices are such is not looked at.
    """
    if len(code) > MAX_SIZE:
        raise ValueError(f"{len(code)} nodes, more than {MAX_SIZE}")
    if len(theta) != np.count_nonzero(code == CONST):
        raise ValueError(f"{len(theta)} constants given, {np.count_nonzero(code == CONST)} used")
    operators = _operators(arrays)
    stack: list[Expr] = []
    values = iter(theta.tolist())
    try:
        for opcode in code.tolist():
            if opcode == CONST:
                stack.append(const(next(values)))
            elif 0 <= opcode < len(names):
                stack.append(Expr(names[opcode]))
            elif abs(opcode - WHOLE) <= MOST:
                stack.append(whole(opcode - WHOLE))
            else:
                name, arity = operators[opcode]
                if len(stack) < arity:
                    raise ValueError(f"opcode {opcode} lacks operands")
                stack[-arity:] = [Expr(name, tuple(stack[-arity:]))]
    except KeyError as error:
        raise ValueError(f"there is no opcode {error}") from error
    if len(stack) != 1:
        raise ValueError(f"{len(stack)} values left instead of one")
    return stack[0]


def _operators(arrays: Sequence[str]) -> Mapping[int, tuple[str, int]]:
    """Name and number of operands of every opcode that has operands."""
    known = {code: (name, 2 if name in BINARY else 1 if name in UNARY else 4) for code, name in NAMES.items()}
    known |= {READ + i: (f"{name}[]", 1) for i, name in enumerate(arrays)}
    return known | {SHARE + i: (f"{name}[:]", 1) for i, name in enumerate(arrays)}
