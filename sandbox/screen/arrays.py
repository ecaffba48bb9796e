"""Arrays in a program: read-only parameters, and local ones that a constructor makes.

Within a function a name is an array everywhere or nowhere. An array has one name, so that no write can reach another's:
it is neither copied to another name nor returned, and only its elements are numbers. A helper function may read the
arrays that it is handed; which of its parameters are arrays follows from what it does with them.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence

from heuresis.sandbox.screen.allow import CONSTRUCTORS, AllowList, ScreenError
from heuresis.sandbox.screen.normalise import dotted, error_at
from heuresis.sandbox.screen.numerals import constant

_Functions = Mapping[str, ast.FunctionDef]


def check_arrays(tree: ast.Module, allow: AllowList) -> None:
    """Check every function of a module that passed the rules. Raises ScreenError at the first misuse of an array."""
    functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
    parameters = _array_parameters(functions, allow)
    errors = [error for name in functions for error in _Uses(functions[name], functions, parameters, allow).errors()]
    if errors:
        raise min(errors, key=lambda error: (error.line, error.column))


def pairs(statement: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Each single target of an assignment with the value that it gets."""
    for target in statement.targets:
        if isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
            yield from zip(target.elts, statement.value.elts, strict=True)
        else:
            yield target, statement.value


def _makes_array(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func) in CONSTRUCTORS


def _array_parameters(functions: _Functions, allow: AllowList) -> Mapping[str, set[str]]:
    """The parameters of each function that are arrays: those of a contract are declared, those of helpers inferred."""
    found = {name: set(allow.shapes[name].arrays) if name in allow.shapes else set[str]() for name in functions}
    grows = True
    while grows:  # a helper may hand its parameter on to another
        grows = False
        for name, function in functions.items():
            own = {a.arg for a in function.args.args}
            read = {n.id for n in _array_places(function, functions, found) if isinstance(n, ast.Name)} & own
            if name not in allow.shapes and not read <= found[name]:
                found[name] |= read
                grows = True
    return found


def _array_places(root: ast.AST, functions: _Functions, parameters: Mapping[str, set[str]]) -> Iterator[ast.expr]:
    """What stands where an array is wanted."""
    for node in ast.walk(root):
        if isinstance(node, ast.Subscript):
            yield node.value
        elif isinstance(node, ast.Call) and dotted(node.func) == "len":
            yield node.args[0]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions:
            helper = functions[node.func.id]
            for argument, parameter in zip(node.args, helper.args.args, strict=True):
                if parameter.arg in parameters[helper.name]:
                    yield argument


class _Uses:
    """All that one function does with its arrays."""

    def __init__(
        self,
        function: ast.FunctionDef,
        functions: _Functions,
        parameters: Mapping[str, set[str]],
        allow: AllowList,
    ) -> None:
        self._function, self._allow = function, allow
        self._given = parameters[function.name]
        self._parameters = {a.arg for a in function.args.args}
        self._assigned = [p for n in ast.walk(function) if isinstance(n, ast.Assign) for p in pairs(n)]
        self._made = {t.id for t, v in self._assigned if isinstance(t, ast.Name) and _makes_array(v)}
        self._arrays = self._given | self._made
        self._places = list(_array_places(function, functions, parameters))

    def errors(self) -> Iterator[ScreenError]:
        """Every misuse, in no particular order."""
        for node in ast.walk(self._function):
            if isinstance(node, ast.Assign):
                yield from self._of_assignment(node)
            elif isinstance(node, ast.For) and self._is_array(node.target):
                yield error_at(node, f"{self._named(node.target)} is an array: choose another name to count with")
            elif isinstance(node, ast.AugAssign) and self._is_array(node.target):
                yield error_at(
                    node, f"{self._named(node.target)} is an array: change its elements one by one in a loop"
                )
            elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
                yield from self._of_write(node)
        for place in self._places:
            if not self._is_array(place):
                yield error_at(place, f"{self._named(place)} is a number where the name of an array is wanted")
        yield from self._of_values()

    def _of_assignment(self, statement: ast.Assign) -> Iterator[ScreenError]:
        for target, value in pairs(statement):
            if not isinstance(target, ast.Name):
                continue
            if self._is_array(value):
                remedy = "make a second one with np.zeros(n) and copy the elements in a loop"
                yield error_at(value, f"the array {self._named(value)} cannot have another name: {remedy}")
            elif target.id in self._parameters & self._arrays:
                yield error_at(
                    target, f"`{target.id}` is a parameter and cannot become another array: choose a new name"
                )
            elif target.id in self._made and not _makes_array(value):
                yield error_at(target, f"`{target.id}` is an array: choose another name for this number")
        if len(statement.targets) > 1 and _makes_array(statement.value):
            yield error_at(statement, "each array needs a constructor of its own: write one assignment for each name")

    def _of_write(self, target: ast.Subscript) -> Iterator[ScreenError]:
        name = self._named(target.value)
        if not self._is_array(target.value) or not isinstance(target.value, ast.Name):
            return  # reported with the other places
        if target.value.id in self._made - self._parameters:
            return
        if self._function.name in self._allow.shapes:
            remedy = f"make an array of your own, such as `x = np.zeros(len({target.value.id}))`, and write to that"
            yield error_at(target, f"{name} is read-only: {remedy}")
        else:
            remedy = "write to an array in the function that makes it"
            yield error_at(target, f"a helper function may not write to the array {name} that it is handed: {remedy}")

    def _of_values(self) -> Iterator[ScreenError]:
        """Arrays where a number is wanted, and constructors that are not assigned."""
        fits = {id(place) for place in self._places}
        fits |= {id(value) for target, value in self._assigned if isinstance(target, ast.Name)}
        returned = {id(n.value) for n in ast.walk(self._function) if isinstance(n, ast.Return)}
        for node in ast.walk(self._function):
            if not isinstance(node, ast.expr) or id(node) in fits:
                continue
            if _makes_array(node):
                yield error_at(node, "a new array needs a name before it is used, as in `x = np.zeros(n)`")
            elif self._is_array(node) and isinstance(getattr(node, "ctx", None), ast.Load):
                name = self._named(node)
                if id(node) in returned:
                    yield error_at(node, f"the array {name} cannot be returned: return a number")
                else:
                    remedy = f"use an element ({name[:-1]}[i]`) or its length (`len({name[1:-1]})`), or loop over it"
                    yield error_at(node, f"{name} is an array where a number is wanted: {remedy}")

    def _is_array(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id in self._arrays

    @staticmethod
    def _named(node: ast.expr) -> str:
        return f"`{ast.unparse(node)}`" if isinstance(node, ast.Name) else "this"


def check_index(node: ast.expr, what: str, allow: AllowList) -> None:
    """Refuse an index or a length that can only be a float or a truth value. Raises ScreenError."""
    kind = _certain_kind(node)
    if kind is None:
        return
    divides = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
    remedy = "use `//` instead of `/`" if divides else "use math.floor(...)" if "math.floor" in allow.calls else ""
    if kind == "a truth value":
        remedy = "test one element at a time with `if`"
    raise error_at(node, f"{what} must be an integer, this is {kind}{': ' if remedy else ''}{remedy}")


def _certain_kind(node: ast.expr) -> str | None:
    """`a float` or `a truth value` where the expression can be nothing else."""
    if (number := constant(node)) is not None:
        return "a truth value" if isinstance(number, bool) else "a float" if isinstance(number, float) else None
    if isinstance(node, ast.Compare) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)):
        return "a truth value"
    parts: Sequence[ast.expr] = ()
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, ast.Div):
            return "a float"
        parts = [node.left, node.right]
    elif isinstance(node, ast.UnaryOp):
        parts = [node.operand]
    elif isinstance(node, ast.IfExp):
        parts = [node.body, node.orelse]
    elif isinstance(node, ast.Call):
        name = dotted(node.func) or ""
        if name == "float" or (name.startswith("math.") and name not in ("math.floor", "math.ceil")):
            return "a float"
        parts = node.args if name in ("abs", "min", "max") else ()
    return "a float" if any(_certain_kind(part) == "a float" for part in parts) else None
