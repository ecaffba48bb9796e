"""Programs with one expression left out, for models too small to write a whole program.

A program is cut at an expression and the model writes what goes there, in a grammar made from the units of what is in
scope (`sketch_gbnf.py`). What remains of the work is a guess that even a small model can make.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from heuresis.evaluators.language.contract import Function, Unit
from heuresis.sandbox.parsing import parse

_HOLE = "HOLE_OF_THE_SKETCH"


@dataclass(frozen=True, slots=True)
class Sketch:
    """`before`, the model's expression, `after`.

    `shown` is the line before the hole, all that the model sees. `names` are what the hole may use, with their units
    (folded) where they are known; `unit` is what the hole should have. `term` marks a hole that follows a plus sign,
    `whole` one that is all of a rule and so has to begin with what differs between the items.
    """

    before: str
    after: str
    shown: str
    names: tuple[tuple[str, Unit | None], ...]
    unit: Unit | None
    term: bool = False
    whole: bool = False

    def fill(self, text: str) -> str:
        """The program with this expression in its hole, printed plainly where it parses."""
        expression = text.strip().removeprefix(self.shown.strip()).strip()
        source = f"{self.before}({expression}){self.after}\n"
        if self.term:
            source = f"{self.before}{expression}{self.after}\n"
        try:
            return ast.unparse(parse(source)) + "\n"
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return source


def blank_sketch(function: Function, unit: Unit) -> Sketch:
    """A program of which only `return` is there."""
    names = tuple((p.name, folded(p.unit)) for p in function.scalars)
    return Sketch(f"{function.signature}:\n    return ", "", "return ", names, folded(unit), whole=True)


def make_sketch(source: str, function: Function, rng: np.random.Generator, *, extend: bool) -> Sketch | None:
    """Leave one expression out of a program, chosen by `rng`; None where the program offers none.

    With `extend` nothing is left out: the value of a `return` gets a further term, or a factor near 1. The source
    may hold helper functions and constants; only the contract's function is changed.
    """
    try:
        tree = parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    body = next((n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == function.name), None)
    if body is None:
        return None
    arrays = {p.name for p in function.arrays} | {
        ast.unparse(n.value) for n in ast.walk(body) if isinstance(n, ast.Subscript)
    }
    spots: list[tuple[ast.expr, Mapping[str, Unit | None]]] = []
    scope: dict[str, Unit | None] = {p.name: folded(p.unit) for p in function.scalars}
    for statement in body.body:
        spots += [(node, dict(scope)) for node in _spots(statement, extend)]
        if (
            isinstance(statement, ast.Assign)
            and isinstance(statement.targets[0], ast.Name)
            and not _of_array(statement.value)
        ):
            scope[statement.targets[0].id] = unit_of(statement.value, scope)
    spots = [spot for spot in spots if ast.unparse(spot[0]) not in arrays]
    spots = [spot for spot in spots if extend or unit_of(*spot) is not None] or spots
    if not spots:
        return None
    old, units = spots[int(rng.integers(len(spots)))]
    new: ast.expr = ast.Name(_HOLE, ast.Load())
    unit = unit_of(old, units)
    if extend and unit is None:  # of unknown unit: scale it by a plain number instead
        new = ast.BinOp(old, ast.Mult(), ast.BinOp(ast.Constant(1.0), ast.Add(), new))
        unit = Unit.ONE
    elif extend:
        new = ast.BinOp(old, ast.Add(), new)
    text = ast.unparse(ast.fix_missing_locations(_Replace(old, new).visit(tree)))
    before, _, after = text.partition(_HOLE)
    body_text = before.partition(f"def {function.name}(")[2].partition(":\n")[2].replace("\n    ", "\n").lstrip()
    shown = body_text.rpartition("\n")[2].lstrip()  # every token before the hole costs time on a plain processor
    return Sketch(before, after, shown, tuple(units.items()), unit, term=extend)


def folded(unit: Unit | None) -> Unit | None:
    """Dates as times since the start, and counts as plain numbers: as far as a small model needs to tell them apart."""
    return {Unit.DATE: Unit.TIME, Unit.COUNT: Unit.ONE}.get(unit, unit) if unit is not None else None


def unit_of(node: ast.expr, units: Mapping[str, Unit | None]) -> Unit | None:
    """The unit of an expression, folded; constants in products are plain numbers. None where it cannot be told."""
    match node:
        case ast.Name(id=name):
            return folded(units.get(name))
        case ast.Constant():
            return Unit.ONE
        case ast.UnaryOp(operand=operand):
            return unit_of(operand, units)
        case ast.IfExp(body=body, orelse=orelse):
            return _shared_unit([body, orelse], units)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            return _shared_unit([left, right], units)
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() as op, right=right):
            one, other = unit_of(left, units), unit_of(right, units)
            if other is Unit.ONE:
                return one
            if isinstance(op, ast.Div):
                return Unit.ONE if one is not None and one is other else None
            return other if one is Unit.ONE else None
        case ast.Call(func=ast.Name(id="max" | "min" | "abs" | "float"), args=arguments):
            return _shared_unit(arguments, units)
        case ast.Call(func=ast.Attribute()):  # of `math`: it makes plain numbers of plain numbers
            return Unit.ONE
    return None


class _Replace(ast.NodeTransformer):
    """Puts one node in the place of another."""

    def __init__(self, old: ast.expr, new: ast.expr) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def _spots(statement: ast.stmt, extend: bool) -> list[ast.expr]:
    """The numeric expressions of one statement that may become a hole.

    Divisors stay, because a hole may be zero, and so do indices and lengths, which are whole numbers.
    """
    if extend:
        return [n.value for n in ast.walk(statement) if isinstance(n, ast.Return) and n.value is not None]
    spots: list[ast.expr] = []
    divisors = [n.right for n in ast.walk(statement) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Div)]
    whole = [n for n in ast.walk(statement) if isinstance(n, ast.Subscript) or _of_array(n)]
    kept = {id(node) for part in (*divisors, *whole) for node in ast.walk(part)}
    for node in ast.walk(statement):
        if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Pow):
            spots += [node.left, node.right]
        elif isinstance(node, ast.Call):
            spots += node.args
    return [spot for spot in spots if id(spot) not in kept]


def _of_array(node: ast.AST) -> bool:
    """Whether a call makes or measures an array."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) in ("len", "np.zeros", "np.ones", "np.full")


def _shared_unit(nodes: Sequence[ast.expr], units: Mapping[str, Unit | None]) -> Unit | None:
    """The unit of terms that are added or compared; bare constants take the unit of the others."""
    found = {unit_of(node, units) for node in nodes if not isinstance(node, ast.Constant)}
    return found.pop() if len(found) == 1 else (Unit.ONE if not found else None)
