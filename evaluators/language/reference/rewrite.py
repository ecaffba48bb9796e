"""A screened program rewritten so that plain Python computes what the compiled program computes (`expressions.py`)."""

import ast
import builtins
import inspect
from collections.abc import Callable

from heuresis.evaluators.language.arrays import functions
from heuresis.evaluators.language.arrays.lowering import lower
from heuresis.evaluators.language.contract import Contract
from heuresis.evaluators.language.reference import arithmetic
from heuresis.evaluators.language.reference.expressions import Untranslatable, kind_of_number
from heuresis.evaluators.language.reference.kinds import Env, Kind, declared, returned
from heuresis.evaluators.language.reference.statements import Body
from heuresis.sandbox.parsing import parse
from heuresis.sandbox.screen.allow import ScreenError
from heuresis.sandbox.screen.numerals import constant

__all__ = ["Untranslatable", "helper_source", "helpers_of", "rewrite"]

MAX_VERSIONS = 200
"""Versions of all helpers together; compiling so many would take longer than any program may."""

_NEEDS = {"_floordiv": ("_div",), "_pow": ("_power",), "_power": ("_int64",), "_zeros": ("_full",), "_ones": ("_full",)}


def rewrite(source: str, contract: Contract, reserved: frozenset[str] = frozenset()) -> ast.Module:
    """The program of screened source, with the contract's defaults for optional functions it does not define.

    Module-level names that are `reserved`, or builtins of Python, get a trailing underscore. A helper that is called
    with integers here and floats there becomes two; one that is never called is left out. Raises Untranslatable.
    """
    tree = parse(source)
    defined = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
    for function in contract.functions:
        if function.name not in defined and function.default is not None:
            body = "\n".join("    " + line for line in function.default.splitlines())
            tree.body += parse(f"{function.signature}:\n{body}\n").body
    try:
        rewritten = _Program(lower(tree, contract), contract).rewritten()
    except ScreenError as error:  # of source that was not screened, such as one with tuned literals
        raise Untranslatable(str(error)) from error
    _rename(rewritten, contract, reserved | frozenset(dir(builtins)))
    return ast.fix_missing_locations(rewritten)


def helpers_of(tree: ast.Module) -> dict[str, Callable[..., float]]:
    """The helpers that a rewritten program uses, directly or through others, in the order of their definition."""
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id.startswith("_")}
    while more := {need for name in used for need in _NEEDS.get(name, ())} - used:
        used |= more
    known = vars(arithmetic) | vars(functions)
    return {name: f for name, f in known.items() if name in used and inspect.isfunction(f)}


def helper_source(helper: Callable[..., float]) -> str:
    """The text of a helper, as it stands in `arithmetic.py` or `language/arrays/functions.py`."""
    return inspect.getsource(helper).rstrip()


def _rename(tree: ast.Module, contract: Contract, taken: frozenset[str]) -> None:
    fixed = {f.name for f in contract.functions}
    mine = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
    mine |= {t.id for s in tree.body if isinstance(s, ast.Assign) for t in s.targets if isinstance(t, ast.Name)}
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} | mine
    used |= {a.arg for a in ast.walk(tree) if isinstance(a, ast.arg)}
    new: dict[str, str] = {}
    for name in sorted((mine & taken) - fixed):
        fresh = name + "_"
        while fresh in used | taken:
            fresh += "_"
        used.add(fresh)
        new[name] = fresh
    # The screen lets no local hide a module-level name, so that a name means the same everywhere.
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in new:
            node.id = new[node.id]
        elif isinstance(node, ast.FunctionDef) and node.name in new:
            node.name = new[node.name]


class _Program:
    """All functions of one program, each in the versions that are called."""

    def __init__(self, tree: ast.Module, contract: Contract) -> None:
        self._tree, self._contract = tree, {f.name: f for f in contract.functions}
        self.functions = {f.name: f for f in tree.body if isinstance(f, ast.FunctionDef)}
        self._versions: dict[tuple[str, tuple[Kind, ...]], tuple[str, Kind]] = {}
        self._made: dict[str, tuple[str, ast.FunctionDef]] = {}  # by the version's name: the original's, the function
        self._refused: dict[str, list[str]] = {}  # by the version's name: what does not compile of it
        self._names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} | set(self.functions)
        self.constants: Env = {
            target.id: kind_of_number(number)
            for statement in tree.body
            if isinstance(statement, ast.Assign) and (number := constant(statement.value)) is not None
            for target in statement.targets
            if isinstance(target, ast.Name)
        }

    def rewritten(self) -> ast.Module:
        """The module: constants and functions in the order of the source."""
        for function in self._contract.values():
            self.version(function.name, tuple(declared(p.kind) for p in function.parameters))
        wanted = self._reached()
        for reason in (reason for name in self._made if name in wanted for reason in self._refused[name]):
            raise Untranslatable(reason)
        body: list[ast.stmt] = []
        for statement in self._tree.body:
            if isinstance(statement, ast.FunctionDef):
                body += [f for name, (of, f) in self._made.items() if of == statement.name and name in wanted]
            else:
                body.append(statement)
        return ast.Module(body, [])

    def version(self, name: str, kinds: tuple[Kind, ...]) -> tuple[str, Kind]:
        """The name and the kind of the result of a function called with values of these kinds."""
        if (name, kinds) not in self._versions:
            if len(self._versions) > MAX_VERSIONS:
                raise Untranslatable(f"its helpers are called in more than {MAX_VERSIONS} combinations of kinds")
            original = self.functions[name]
            own = self._fresh(name) if name in self._made else name
            parameters = [a.arg for a in original.args.args]
            env = {**self.constants, **dict(zip(parameters, kinds, strict=True))}
            result = returned(self._contract[name]) if name in self._contract else None
            self._refused[own] = refused = list[str]()
            kind, body = Body(original, frozenset(self.functions), self.version, result, refused).rewritten(env)
            arguments = ast.arguments([], [ast.arg(p) for p in parameters], None, [], [], None, [])
            self._made[own] = name, ast.FunctionDef(own, arguments, body, [])
            self._versions[name, kinds] = own, kind
        return self._versions[name, kinds]

    def _fresh(self, name: str) -> str:
        number = 2
        while f"{name}_{number}" in self._names:
            number += 1
        self._names.add(f"{name}_{number}")
        return f"{name}_{number}"

    def _reached(self) -> set[str]:
        """The versions that the contract's functions call: on the way to the kinds of a loop others were made."""
        reached, frontier = set[str](), set(self._contract)
        while frontier:
            reached |= frontier
            trees = [self._made[name][1] for name in frontier]
            called = {n.id for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Name)}
            frontier = (called & set(self._made)) - reached
        return reached
