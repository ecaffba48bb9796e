"""Every path through a function assigns a name before it reads it, and ends in `return`.

Python would raise UnboundLocalError or return None where compiled code reads whatever lies in memory; such a program
means nothing, so it is refused before it is compiled.
"""

import ast
from collections.abc import Sequence

from heuresis.sandbox.screen.normalise import error_at
from heuresis.sandbox.screen.numerals import constant

_Names = frozenset[str]


def check_flow(tree: ast.Module) -> None:
    """Check every function of a module that passed the rules. Raises ScreenError."""
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef)]
    known = {f.name for f in functions}
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            known |= {t.id for t in statement.targets if isinstance(t, ast.Name)}
    for function in functions:
        stored = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        parameters = frozenset(a.arg for a in function.args.args)
        if _Flow(stored).block(function.body, parameters) is not None:
            raise error_at(function, f"`{function.name}` can reach its end without returning a value")


class _Flow:
    """Walks statements with the names assigned on every path so far; None stands for a place never reached."""

    def __init__(self, stored: set[str]) -> None:
        self._stored = stored
        self._breaks: list[list[_Names]] = []

    def block(self, statements: Sequence[ast.stmt], assigned: _Names | None) -> _Names | None:
        """The names assigned at the end of a block."""
        for statement in statements:
            if assigned is None:
                return None  # what follows a return, break or continue never runs
            assigned = self._statement(statement, assigned)
        return assigned

    def _statement(self, statement: ast.stmt, assigned: _Names) -> _Names | None:
        if isinstance(statement, ast.Assign):
            self._reads(statement.value, assigned)
            for target in statement.targets:
                self._reads_of_elements(target, assigned)
            return assigned | {n for t in statement.targets for n in _bound(t)}
        if isinstance(statement, ast.AugAssign):
            self._reads(statement.target, assigned)
            self._reads(statement.value, assigned)
            return assigned
        if isinstance(statement, ast.Return):
            if statement.value is not None:
                self._reads(statement.value, assigned)
            return None
        if isinstance(statement, ast.If):
            self._reads(statement.test, assigned)
            then, other = self.block(statement.body, assigned), self.block(statement.orelse, assigned)
            return other if then is None else then if other is None else then & other
        if isinstance(statement, ast.For | ast.While):
            return self._loop(statement, assigned)
        if isinstance(statement, ast.Break | ast.Continue):
            if not self._breaks:
                raise error_at(statement, "`break` and `continue` belong inside a loop")
            if isinstance(statement, ast.Break):
                self._breaks[-1].append(assigned)
            return None
        return assigned

    def _loop(self, statement: ast.For | ast.While, assigned: _Names) -> _Names | None:
        inside = assigned
        endless = False
        if isinstance(statement, ast.For):
            self._reads(statement.iter, assigned)
            inside = assigned | set(_bound(statement.target))
        else:
            self._reads(statement.test, assigned)
            endless = bool(constant(statement.test))
        self._breaks.append([])
        self.block(statement.body, inside)
        breaks = self._breaks.pop()
        if not endless:
            return assigned  # the body may not run at all
        return frozenset.intersection(*breaks) if breaks else None

    def _reads(self, expression: ast.expr, assigned: _Names) -> None:
        for node in ast.walk(expression):
            if isinstance(node, ast.Name):
                self._check(node, assigned)

    def _reads_of_elements(self, target: ast.expr, assigned: _Names) -> None:
        """In `a[i] = x` the array and the index are read."""
        for node in ast.walk(target):
            if isinstance(node, ast.Subscript):
                self._reads(node, assigned)

    def _check(self, node: ast.Name, assigned: _Names) -> None:
        if node.id in self._stored and node.id not in assigned:
            reason = f"`{node.id}` may be read before it is assigned: give it a value on every path first"
            raise error_at(node, reason)


def _bound(target: ast.expr) -> list[str]:
    """The names that an assignment to this target gives a value."""
    return [n.id for n in ast.walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
