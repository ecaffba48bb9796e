"""The syntax screen: an allow-list of what a program may contain, checked before anything is compiled.

The steps: caps on bytes before parsing and on nodes, nesting, loops and branches after; ordinary Python is brought into
normal form (`normalise`); every node of the normal form must be on the list (`rules`); every path must assign before it
reads and return a value (`flow`). Only what `ast.unparse` prints of the checked tree is ever compiled.
"""

import ast
from dataclasses import dataclass

from heuresis.sandbox.parsing import parse
from heuresis.sandbox.screen.allow import AllowList, FunctionShape, ScreenError
from heuresis.sandbox.screen.flow import check_flow
from heuresis.sandbox.screen.normalise import error_at, normalise
from heuresis.sandbox.screen.rules import check_rules

__all__ = ["AllowList", "FunctionShape", "ScreenError", "screen"]


_LAYOUT = "\t"


def screen(source: str, allow: AllowList) -> str:
    """Return the checked program as `ast.unparse` prints it, or raise `ScreenError`, whatever the source.

    Docstrings, scalar annotations and imports of allowed modules are stripped first; screening the result again
    returns it unchanged.
    """
    _check_text(source, allow)
    tree = _parse(source)
    _check_caps(tree, allow)  # bounds every recursion that follows
    tree = normalise(tree, allow)
    _check_caps(tree, allow)
    check_rules(tree, allow)
    check_flow(tree)
    checked = ast.unparse(ast.fix_missing_locations(tree))
    if len(checked) > allow.max_bytes:
        raise ScreenError(f"the program is {len(checked)} bytes in normal form, at most {allow.max_bytes} are allowed")
    return checked


def _check_text(source: str, allow: AllowList) -> None:
    if len(source) > allow.max_bytes:
        raise ScreenError(f"the program is {len(source)} bytes long, at most {allow.max_bytes} are allowed: shorten it")
    # A carriage return alone ends a line for the parser and not for who reads it, so it is no layout.
    for number, line in enumerate(source.replace("\r\n", "\n").split("\n"), start=1):
        for column, character in enumerate(line, start=1):
            if not " " <= character <= "~" and character not in _LAYOUT:
                reason = f"only printable ASCII is allowed, got the character U+{ord(character):04X}"
                raise ScreenError(reason, number, column)


def _parse(source: str) -> ast.Module:
    try:
        return parse(source)
    except SyntaxError as error:
        raise ScreenError(f"syntax error: {error.msg}", error.lineno or 1, max(error.offset or 1, 1)) from error
    except (RecursionError, MemoryError) as error:
        raise ScreenError("the program is nested too deeply to be parsed") from error
    except ValueError as error:
        raise ScreenError(f"the program cannot be parsed: {error}") from error


def _check_caps(tree: ast.Module, allow: AllowList) -> None:
    """Count without recursion, because the depth is not known yet."""
    counts = _Counts()
    stack: list[tuple[ast.AST, int, int]] = [(tree, 0, 0)]
    while stack:
        node, depth, nested = stack.pop()
        counts.add(node)
        nested += isinstance(node, ast.For | ast.While)
        for found, cap, what, advice in (
            (counts.nodes, allow.max_nodes, "expressions and statements", "shorten it"),
            (counts.branches, allow.max_branches, "branches", "simplify the conditions"),
            (
                counts.conditions,
                allow.max_conditions,
                "conditions joined by `and`, `or` and comparisons",
                "simplify them",
            ),
            (depth, allow.max_depth, "levels of nesting", "use intermediate variables or a helper function"),
            (nested, allow.max_loop_depth, "nested loops", "flatten them"),
            (counts.loops, allow.max_loops, "loops", "merge some"),
        ):
            if found > cap and isinstance(node, ast.expr | ast.stmt):
                raise error_at(node, f"the program has more than {cap} {what}: {advice}")
        elif_part = node.orelse if isinstance(node, ast.If) and len(node.orelse) == 1 else []
        for child in ast.iter_child_nodes(node):
            is_elif = isinstance(child, ast.If) and child in elif_part
            stack.append((child, depth if is_elif else depth + 1, nested))


@dataclass(slots=True)
class _Counts:
    """What a program has of all that takes time to compile."""

    nodes: int = 0
    branches: int = 0
    conditions: int = 0
    loops: int = 0

    def add(self, node: ast.AST) -> None:
        """Count one node."""
        self.nodes += isinstance(node, ast.expr | ast.stmt)
        self.branches += isinstance(node, ast.If | ast.IfExp | ast.While)
        self.loops += isinstance(node, ast.For | ast.While)
        if isinstance(node, ast.BoolOp):
            self.conditions += len(node.values) - 1
        elif isinstance(node, ast.Compare):
            self.conditions += len(node.ops) - 1
