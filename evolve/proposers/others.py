"""Optional functions of a contract: what becomes of them when a rule gets another main function."""

import ast

from heuresis.evaluators.contract import Contract


def with_others(source: str, parent: str, contract: Contract) -> str:
    """A program of the main function alone, with the optional functions of its parent and what these need.

    The source itself where the parent has none, or where a name of theirs is already taken.
    """
    if len(contract.functions) == 1:
        return source
    names = {f.name for f in contract.functions[1:]}
    body = ast.parse(parent).body
    defined = {name: statement for statement in body for name in _names(statement)}
    wanted = sorted(names & set(defined))
    needed: dict[str, ast.stmt] = {}
    while wanted:
        name = wanted.pop()
        needed[name] = defined[name]
        used = {node.id for node in ast.walk(defined[name]) if isinstance(node, ast.Name)}
        wanted += sorted((used & set(defined)) - set(needed))
    taken = {name for statement in ast.parse(source).body for name in _names(statement)}
    if not needed or taken & set(needed):
        return source
    kept = [statement for statement in body if any(statement is one for one in needed.values())]
    has_math = any(isinstance(node, ast.Name) and node.id == "math" for one in kept for node in ast.walk(one))
    head = "import math\n\n\n" if has_math and "import math" not in source else ""
    return head + "\n\n".join([source.rstrip("\n") + "\n", *(ast.unparse(one) + "\n" for one in kept)])


def _names(statement: ast.stmt) -> tuple[str, ...]:
    """What a statement of the module defines: a function or constants."""
    if isinstance(statement, ast.FunctionDef):
        return (statement.name,)
    if isinstance(statement, ast.Assign):
        return tuple(target.id for target in statement.targets if isinstance(target, ast.Name))
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return (statement.target.id,)
    return ()
