"""Programs that compute with whole arrays: what each name is, and which uses are refused.

Within a function a name is a number, an array or a mask everywhere, and an array has one name, so that no write can
reach another's: it gets a new name only as a copy. Each helper function is called with the same kinds everywhere.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from heuresis.sandbox.screen.allow import AllowList
from heuresis.sandbox.screen.arrays import check_index, pairs
from heuresis.sandbox.screen.normalise import error_at
from heuresis.sandbox.screen.whole_kinds import Kind, Kinds, is_elementwise, is_view


@dataclass(frozen=True, slots=True)
class FunctionKinds:
    """The kinds of one function's names and of what it returns."""

    names: Mapping[str, Kind]
    result: Kind


def check_whole_arrays(tree: ast.Module, allow: AllowList) -> None:
    """Check every function that is called, of a module that passed the rules. Raises ScreenError."""
    Analysis(tree, allow).functions()


class Analysis:
    """Follows the kinds from the contract's functions through the helper functions that they call."""

    def __init__(self, tree: ast.Module, allow: AllowList) -> None:
        self._definitions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
        self._allow = allow
        self._given: dict[str, tuple[Kind, ...]] = {}
        self._found: dict[str, FunctionKinds] = {}
        self._made = 0

    def functions(self) -> Mapping[str, FunctionKinds]:
        """The kinds in each function that is reached. Raises ScreenError."""
        for name, shape in self._allow.shapes.items():
            if name not in self._definitions:
                continue
            definition = self._definitions[name]
            kinds = tuple(Kind.ARRAY if p in shape.arrays else Kind.NUMBER for p in shape.parameters)
            result = self._function(definition, kinds).result
            if shape.vector and result is Kind.NUMBER:
                raise error_at(definition, f"`{name}` must return an array, it returns a number")
            if not shape.vector and result is not Kind.NUMBER:
                raise error_at(definition, f"`{name}` must return a number, it returns an array")
        return self._found

    def kinds(self, names: Mapping[str, Kind]) -> Kinds:
        """What finds the kinds of expressions over these names."""
        return Kinds(names, self._helper, frozenset(self._definitions))

    def _helper(self, node: ast.Call, kinds: Sequence[Kind]) -> Kind:
        definition = self._definitions[ast.unparse(node.func)]
        known = self._given.get(definition.name)
        if known is not None and known != tuple(kinds):
            reason = f"`{definition.name}` is called with ({', '.join(kinds)}) here and ({', '.join(known)}) before"
            raise error_at(node, f"{reason}: write a second helper function")
        return self._function(definition, tuple(kinds)).result

    def _function(self, definition: ast.FunctionDef, kinds: tuple[Kind, ...]) -> FunctionKinds:
        if definition.name not in self._found:
            self._given[definition.name] = kinds
            found = _Body(self, definition, kinds, self._allow).found()
            self._found[definition.name] = found
            self._count(definition, self.kinds(found.names))
        return self._found[definition.name]

    def _count(self, definition: ast.FunctionDef, kinds: Kinds) -> None:
        """Count the arrays that are made; operations inside an operation make one array together."""
        most, inner = self._allow.max_whole, set[int]()
        for node in ast.walk(definition):  # what is further out comes first
            parts = isinstance(node, ast.Call | ast.BinOp | ast.UnaryOp | ast.Compare | ast.Subscript)
            if not parts or not isinstance(node, ast.expr) or kinds.of(node) is Kind.NUMBER:
                continue
            if is_elementwise(node):
                inner |= {id(part) for part in ast.iter_child_nodes(node) if is_elementwise(part)}
            if id(node) not in inner:
                self._made += 1
                if self._made > most:
                    raise error_at(node, f"the program makes more than {most} arrays, one for each step: simplify it")


class _Body:
    """Finds the kinds of one function's names, in the order of its statements."""

    def __init__(
        self, analysis: Analysis, definition: ast.FunctionDef, kinds: Sequence[Kind], allow: AllowList
    ) -> None:
        self._definition, self._allow = definition, allow
        self._parameters = {a.arg for a in definition.args.args}
        self._names = dict(zip((a.arg for a in definition.args.args), kinds, strict=True))
        self._at = analysis.kinds(self._names)
        self._returned: set[Kind] = set()

    def found(self) -> FunctionKinds:
        """The kinds; raises ScreenError."""
        self._block(self._definition.body)
        if len(self._returned) > 1 and Kind.NUMBER in self._returned:
            raise error_at(self._definition, f"`{self._definition.name}` returns a number here and an array there")
        result = self._returned.pop() if len(self._returned) == 1 else Kind.ARRAY
        return FunctionKinds(self._names, result)

    def _block(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            self._statement(statement)

    def _statement(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.Assign):
            self._assign(statement)
        elif isinstance(statement, ast.AugAssign):
            self._augmented(statement)
        elif isinstance(statement, ast.Return) and statement.value is not None:
            self._returned.add(self._of(statement.value))
        elif isinstance(statement, ast.If):
            self._number(statement.test, "the test of an `if`", "use np.where, or a mask as in `a[mask] = 0`")
            self._block(statement.body)
            self._block(statement.orelse)
        elif isinstance(statement, ast.While):
            self._number(statement.test, "the test of a `while`", "test one element")
            for node in self._at.computed(statement.test):
                raise error_at(node, "the test of a `while` cannot compute an array: do that inside the loop")
            self._block(statement.body)
        elif isinstance(statement, ast.For):
            if isinstance(statement.iter, ast.Call):
                for argument in statement.iter.args:
                    self._number(argument, "the argument of range", "use `len(a)`")
            self._bind(statement.target, Kind.NUMBER)
            self._block(statement.body)

    def _assign(self, statement: ast.Assign) -> None:
        for target, value in pairs(statement):
            kind = self._of(value)
            if isinstance(target, ast.Subscript):
                self._store(target, kind)
                continue
            if kind is not Kind.NUMBER:
                if is_view(value):
                    text = ast.unparse(value)
                    raise error_at(value, f"the array `{text}` cannot have another name: write np.copy({text})")
                if len(statement.targets) > 1:
                    raise error_at(statement, "each array needs an assignment of its own")
            self._bind(target, kind)

    def _bind(self, target: ast.expr, kind: Kind) -> None:
        name = ast.unparse(target)
        known = self._names.setdefault(name, kind)
        if known is not kind:
            raise error_at(
                target, f"`{name}` is a{'n' * (known is Kind.ARRAY)} {known}: choose another name for this {kind}"
            )

    def _augmented(self, statement: ast.AugAssign) -> None:
        value = self._of(statement.value)
        if isinstance(statement.target, ast.Subscript):
            kind = self._of(statement.target)
            self._at.binary(statement, statement.op, kind, value)
            self._store(statement.target, value)
            return
        name = ast.unparse(statement.target)
        kind = self._at.binary(statement, statement.op, self._names[name], value)
        if kind is not Kind.NUMBER and name in self._parameters and self._definition.name not in self._allow.shapes:
            raise error_at(statement, f"a helper function may not change the array `{name}` that it is handed")
        self._bind(statement.target, kind)

    def _store(self, target: ast.Subscript, value: Kind) -> None:
        """A write to an element, a slice, or what a mask chooses."""
        place, name = self._of(target), ast.unparse(target.value)
        if self._at.of(target.value) is Kind.MASK:
            raise error_at(target, f"`{name}` is a mask and cannot be written to: make a new one with `&`, `|` and `~`")
        if name in self._parameters:
            raise error_at(target, f"`{name}` is read-only: write to a copy, such as `x = np.copy({name})`")
        if place is Kind.NUMBER and value is not Kind.NUMBER:
            raise error_at(target, f"an element of `{name}` must be a number, this is an array")

    def _of(self, node: ast.expr) -> Kind:
        kind = self._at.of(node)
        for part in ast.walk(node):
            if isinstance(part, ast.Subscript):
                if isinstance(part.slice, ast.Slice):
                    for bound in filter(None, (part.slice.lower, part.slice.upper)):
                        check_index(bound, "the bound of a slice", self._allow)
                elif self._at.of(part.slice) is Kind.NUMBER:
                    check_index(part.slice, "an index", self._allow)
        return kind

    def _number(self, node: ast.expr, what: str, remedy: str) -> None:
        self._of(node)
        self._at.number(node, what, remedy)
