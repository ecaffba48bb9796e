"""Programs of several functions: one of them alone, and one that is new among the others of a parent."""

import ast
from collections.abc import Iterable, Mapping

from heuresis.evaluators.language.contract import Contract
from heuresis.sandbox.parsing import parse


def with_others(source: str, parent: str, contract: Contract) -> str:
    """A program completed by the functions of the contract that only its parent defines, and what these need.

    The source itself where the parent has no more, or where the two mean different things by one name.
    """
    if len(contract.functions) == 1:
        return source
    mine, theirs = _defined(source), _defined(parent)
    needed = _needed(theirs, [f.name for f in contract.functions if f.name in theirs and f.name not in mine])
    if not needed or any(ast.dump(mine[name]) != ast.dump(theirs[name]) for name in mine.keys() & needed):
        return source
    more = [s for s in _statements(theirs, needed) if not any(s is theirs[name] for name in mine.keys() & needed)]
    has_math = any(isinstance(node, ast.Name) and node.id == "math" for one in more for node in ast.walk(one))
    head = "import math\n\n\n" if has_math and "import math" not in source else ""
    pieces = [source.rstrip("\n") + "\n", *(ast.unparse(one) + "\n" for one in more)]
    if contract.main.name not in mine:  # the main function comes first
        pieces = [*pieces[1:], pieces[0]]
    return head + "\n\n".join(pieces)


def alone(source: str, name: str) -> str | None:
    """One function of a program with what it needs; None where the program does not define it."""
    defined = _defined(source)
    if name not in defined:
        return None
    return "\n\n".join(ast.unparse(one) + "\n" for one in _statements(defined, _needed(defined, [name])))


def _defined(source: str) -> dict[str, ast.stmt]:
    """The statement that defines each name of a module."""
    return {name: statement for statement in parse(source).body for name in _names(statement)}


def _needed(defined: Mapping[str, ast.stmt], wanted: Iterable[str]) -> set[str]:
    """Some names, and all that their definitions use."""
    left, found = list(wanted), set[str]()
    while left:
        name = left.pop()
        found.add(name)
        used = {node.id for node in ast.walk(defined[name]) if isinstance(node, ast.Name)}
        left += sorted((used & defined.keys()) - found)
    return found


def _statements(defined: Mapping[str, ast.stmt], names: set[str]) -> list[ast.stmt]:
    """The statements that define some names, each once, in their order."""
    found: list[ast.stmt] = []
    for name, statement in defined.items():
        if name in names and not any(statement is one for one in found):
            found.append(statement)
    return found


def _names(statement: ast.stmt) -> tuple[str, ...]:
    """What a statement of the module defines: a function or constants."""
    if isinstance(statement, ast.FunctionDef):
        return (statement.name,)
    if isinstance(statement, ast.Assign):
        return tuple(target.id for target in statement.targets if isinstance(target, ast.Name))
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return (statement.target.id,)
    return ()
