"""Programs with one expression left out, for models too small to write a whole program.

A program is cut at an expression, the model writes what goes there, and a grammar made from the units of the
contract's parameters sees to it that times are added to times. What remains of the work is a guess that even a small
model can make.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from heuresis.evaluators.contract import Contract, Function, Unit
from heuresis.evolve.grammar import PLAIN_CALLS, levels, offered, quoted, shared_rules

_HOLE = "HOLE_OF_THE_SKETCH"
_COEFFICIENT = '("-")? small " * " '


@dataclass(frozen=True, slots=True)
class Sketch:
    """`before`, the model's expression, `after`.

    `shown` is the body before the hole as the model sees it. `names` are what the hole may use, with their units
    where they are known; `unit` is what the hole should have. `term` marks a hole that follows a plus sign,
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
            return ast.unparse(ast.parse(source)) + "\n"
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return source


def blank_sketch(function: Function, unit: Unit) -> Sketch:
    """A program of which only `return` is there."""
    names = tuple((p.name, p.unit) for p in function.parameters)
    return Sketch(f"{function.signature}:\n    return ", "", "return ", names, unit, whole=True)


def make_sketch(source: str, function: Function, rng: np.random.Generator, *, extend: bool) -> Sketch | None:
    """Leave one expression out of a program, chosen by `rng`; None where the program offers none.

    With `extend` nothing is left out: the value of a `return` gets a further term, or a factor near 1. The source
    may hold helper functions and constants; only the contract's function is changed.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    body = next((n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == function.name), None)
    if body is None:
        return None
    spots: list[tuple[ast.expr, Mapping[str, Unit | None]]] = []
    scope: dict[str, Unit | None] = {p.name: p.unit for p in function.parameters}
    for statement in body.body:
        spots += [(node, dict(scope)) for node in _spots(statement, extend)]
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            scope[statement.targets[0].id] = unit_of(statement.value, scope)
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
    shown = before.partition(f"def {function.name}(")[2].partition(":\n")[2].replace("\n    ", "\n").lstrip()
    return Sketch(before, after, shown, tuple(units.items()), unit, term=extend)


def unit_of(node: ast.expr, units: Mapping[str, Unit | None]) -> Unit | None:
    """The unit of an expression; counts and constants in products are plain numbers. None where it cannot be told."""
    match node:
        case ast.Name(id=name):
            return Unit.ONE if units.get(name) is Unit.COUNT else units.get(name)
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


def sketch_grammar(contract: Contract, sketch: Sketch) -> str:
    """GBNF of the expressions that fit the hole of a sketch."""
    calls = offered(contract, PLAIN_CALLS)
    by_unit: dict[Unit, list[str]] = {}
    for name, unit in sketch.names:
        if unit is not None:
            by_unit.setdefault(Unit.ONE if unit is Unit.COUNT else unit, []).append(name)
    measured = [unit for unit in by_unit if unit is not Unit.ONE]
    if sketch.unit is None or not measured:
        rules = [f"root ::= {_COEFFICIENT if sketch.term else ''}ex2"]
        rules += levels("ex", [name for name, _ in sketch.names], 1, calls)
        return "\n".join([*rules, *shared_rules(calls)]) + "\n"
    rules = []
    if sketch.unit is Unit.ONE:
        rules.append(
            f"root ::= {_COEFFICIENT}one" if sketch.term else 'root ::= one | number sign one | number " * " one'
        )
    else:
        stem = f"u{measured.index(sketch.unit)}"
        varying = [quoted(p.name) for p in contract.main.parameters if p.varies and p.unit is sketch.unit]
        if sketch.term:
            rules.append(f'root ::= {_COEFFICIENT}{stem}x1 (" * " one)?')
        elif sketch.whole and varying:
            extremes = _extremes(calls)
            rules.append(f"start ::= ({' | '.join(varying)}) | number {quoted(' * ')} ({' | '.join(varying)})")
            rules.append(f"root ::= start sign {stem}x2" + _or(extremes, f'start sign {stem}x1 ", " {stem}x2 ")"'))
        else:
            rules.append(f"root ::= {stem}x3")
    for index, unit in enumerate(measured):
        rules += _unit_rules(f"u{index}", by_unit[unit], calls)
    rules += _plain_rules(by_unit.get(Unit.ONE, []), [f"u{i}" for i in range(len(measured))], calls)
    return "\n".join([*rules, 'sign ::= " + " | " - "', *shared_rules(calls)[-2:]]) + "\n"


def _unit_rules(stem: str, names: Sequence[str], calls: Sequence[str]) -> list[str]:
    """Expressions of one unit, from a name (`<stem>x0`) to a scaled sum or an extreme of two (`<stem>x3`)."""
    x0, x1, x2 = (f"{stem}x{level}" for level in range(3))
    extremes = _extremes(calls)
    difference = _or(['"abs("'] if "abs" in calls else [], f'{x0} " - " {x0} ")"')
    return [
        f"{x0} ::= {' | '.join(quoted(n) for n in names)}",
        f'{x1} ::= {x0} | "(" {x0} sign {x0} ")"'
        + _or(extremes, f'{x0} (sign {x0})? ", " ({x0} | "0.0") ")"')
        + difference,
        f'{x2} ::= {x1} | number " * " {x1} | {x1} sign {x1} | {x1} " * " one | {x1} sign number " * " {x1}',
        f"{stem}x3 ::= {x2}" + _or(extremes, f'{x2} ", " {x1} ")"'),
    ]


def _extremes(calls: Sequence[str]) -> list[str]:
    """The openings `max(` and `min(` as far as they may be called."""
    return [quoted(call + "(") for call in ("max", "min") if call in calls]


def _or(openings: Sequence[str], rest: str) -> str:
    """A further alternative: one of the openings, then the rest; nothing where there is no opening."""
    return f" | ({' | '.join(openings)}) {rest}" if openings else ""


def _plain_rules(names: Sequence[str], stems: Sequence[str], calls: Sequence[str]) -> list[str]:
    """Numbers without a unit: constants, counts and ratios of what has the same unit."""
    forms = [*(quoted(name) for name in names), *(f'{s}x1 " / " {s}x0' for s in stems)]
    if "math.exp" in calls:
        forms += [f'"math.exp(-" {s}x1 " / " {s}x0 ")"' for s in stems]
    if "math.sqrt" in calls:
        forms += [f'"math.sqrt(" {s}x0 " / " {s}x0 ")"' for s in stems]
    return [f"one ::= {' | '.join(forms)}"]


class _Replace(ast.NodeTransformer):
    """Puts one node in the place of another."""

    def __init__(self, old: ast.expr, new: ast.expr) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def _spots(statement: ast.stmt, extend: bool) -> list[ast.expr]:
    """The numeric expressions of one statement that may become a hole."""
    if extend:
        return [n.value for n in ast.walk(statement) if isinstance(n, ast.Return) and n.value is not None]
    spots: list[ast.expr] = []
    for node in ast.walk(statement):
        if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Pow):
            spots += [node.left, node.right]
        elif isinstance(node, ast.Call):
            spots += node.args
    return spots


def _shared_unit(nodes: Sequence[ast.expr], units: Mapping[str, Unit | None]) -> Unit | None:
    """The unit of terms that are added or compared; bare constants take the unit of the others."""
    found = {unit_of(node, units) for node in nodes if not isinstance(node, ast.Constant)}
    return found.pop() if len(found) == 1 else (Unit.ONE if not found else None)
