"""The allow-list itself: which statements, expressions, names and calls a program in normal form may contain."""

import ast
from collections.abc import Sequence

from heuresis.sandbox.screen import whole_calls
from heuresis.sandbox.screen.advice import remedy, word
from heuresis.sandbox.screen.allow import CONSTRUCTORS, AllowList
from heuresis.sandbox.screen.arrays import check_arrays, check_index
from heuresis.sandbox.screen.calls import check_calls
from heuresis.sandbox.screen.normalise import dotted, error_at
from heuresis.sandbox.screen.numerals import check_number, constant
from heuresis.sandbox.screen.whole_arrays import check_whole_arrays

_STATEMENTS = (
    ast.Assign, ast.AugAssign, ast.If, ast.For, ast.While, ast.Break, ast.Continue, ast.Pass, ast.Return
)  # fmt: skip
_EXPRESSIONS = (
    ast.Constant, ast.Name, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call, ast.Attribute,
    ast.Subscript,
)  # fmt: skip
_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.UAdd: "+", ast.USub: "-", ast.Not: "not", ast.And: "and", ast.Or: "or",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
_OF_MASKS = (ast.BitAnd, ast.BitOr, ast.BitXor, ast.Invert)
_ARITY = {"abs": (1, 1), "float": (1, 1), "min": (2, 64), "max": (2, 64), "math.pow": (2, 2)}
_ARITY |= {name: (count, count) for name, count in (CONSTRUCTORS | whole_calls.ARITY).items()}
_WITH_STEP = 3  # arguments of a range
_BUILT_IN = frozenset({"range", "theta", "int", "bool", "pow", "round"})


def check_rules(tree: ast.Module, allow: AllowList) -> None:
    """Check a module in normal form. Raises ScreenError at the first node that is not on the list."""
    functions: dict[str, ast.FunctionDef] = {}
    constants: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef):
            name = statement.name
        elif isinstance(statement, ast.Assign):
            name = _constant_name(statement)
        else:
            what = "async def" if isinstance(statement, ast.AsyncFunctionDef) else "this statement"
            raise error_at(statement, f"{what} is not allowed at module level: only functions and constants are")
        if name in functions or name in constants:
            raise error_at(statement, f"`{name}` is defined twice")
        _check_name(statement, name, _reserved(allow))
        if isinstance(statement, ast.FunctionDef):
            functions[name] = statement
        else:
            constants.add(name)
    for shape in allow.functions:
        if shape.required and shape.name not in functions:
            raise error_at(tree, f"the program must define `{shape.signature}`")
    for function in functions.values():
        _check_signature(function, allow)
        _Body(function, functions, constants, allow).check()
    check_calls(functions, allow)
    if allow.has_whole_arrays:
        check_whole_arrays(tree, allow)
    elif allow.has_arrays:
        check_arrays(tree, allow)


def _reserved(allow: AllowList) -> frozenset[str]:
    """Names that mean something already."""
    return _BUILT_IN | {c.partition(".")[0] for c in allow.calls} | {name for name, _ in allow.modules}


def _check_name(node: ast.AST, name: str, taken: frozenset[str]) -> None:
    if name.startswith("_"):
        raise error_at(node, f"the name `{name}` begins with an underscore: choose another name")
    if name in taken:
        raise error_at(node, f"the name `{name}` has a meaning already: choose another name")


def _constant_name(statement: ast.Assign) -> str:
    if len(statement.targets) != 1 or not isinstance(statement.targets[0], ast.Name):
        raise error_at(statement, "a module constant is one name and one number, such as `K = 2.0`")
    value = statement.value
    number = value.operand if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub | ast.UAdd) else value
    if not isinstance(number, ast.Constant):
        raise error_at(value, "a module constant must be a plain number: compute it inside a function")
    check_number(number)
    return statement.targets[0].id


def _check_signature(function: ast.FunctionDef, allow: AllowList) -> None:
    arguments = function.args
    kinds = "float, int, bool and np.ndarray" if allow.has_arrays else "float, int and bool"
    annotations = f"only {kinds} are allowed as annotations"
    if function.decorator_list:
        raise error_at(function.decorator_list[0], "decorators are not allowed")
    if getattr(function, "type_params", None):
        raise error_at(function, "type parameters are not allowed")
    if function.returns is not None:
        raise error_at(function.returns, annotations)
    if arguments.posonlyargs or arguments.kwonlyargs or arguments.vararg or arguments.kwarg:
        raise error_at(function, f"`{function.name}` may only have plain parameters, without `*` and `/`")
    if arguments.defaults:
        raise error_at(arguments.defaults[0], "default values of parameters are not allowed")
    for argument in arguments.args:
        if argument.annotation is not None:
            raise error_at(argument.annotation, annotations)
    shape = allow.shapes.get(function.name)
    names = tuple(a.arg for a in arguments.args)
    if shape is not None and names != shape.parameters:
        raise error_at(function, f"expected `{shape.signature}`, got the parameters ({', '.join(names)})")
    if len(set(names)) != len(names):
        raise error_at(function, f"`{function.name}` has two parameters of the same name")


class _Body:
    """Checks one function: each node by its type, each name by what it stands for."""

    def __init__(
        self,
        function: ast.FunctionDef,
        functions: dict[str, ast.FunctionDef],
        constants: set[str],
        allow: AllowList,
    ) -> None:
        self._function, self._functions, self._allow = function, functions, allow
        self._taken = frozenset(functions) | constants | _reserved(allow)
        stored = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        self._readable = stored | {a.arg for a in function.args.args} | constants

    def check(self) -> None:
        """Raises ScreenError."""
        shape = self._allow.shapes.get(self._function.name)
        for argument in self._function.args.args:
            if shape is None:  # the contract's own parameter names are its own affair
                _check_name(argument, argument.arg, self._taken)
            elif argument.arg in self._functions or argument.arg in self._taken - _reserved(self._allow):
                raise error_at(self._function, f"`{argument.arg}` is a parameter: give the constant another name")
        self._statements(self._function.body)

    def _statements(self, block: Sequence[ast.stmt]) -> None:
        for statement in block:
            if not isinstance(statement, _STATEMENTS):
                raise error_at(statement, f"{word(statement)} is not allowed")
            if isinstance(statement, ast.Assign):
                self._assign(statement)
            elif isinstance(statement, ast.AugAssign):
                self._target(statement.target, elements=True)
                self._operator(statement, statement.op)
                self._expression(statement.value)
            elif isinstance(statement, ast.Return):
                if statement.value is None:
                    raise error_at(statement, "`return` needs a value")
                self._expression(statement.value)
            elif isinstance(statement, ast.If):
                self._expression(statement.test)
                self._statements(statement.body)
                self._statements(statement.orelse)
            elif isinstance(statement, ast.For | ast.While):
                self._loop(statement)

    def _assign(self, statement: ast.Assign) -> None:
        values = [statement.value]
        if isinstance(statement.targets[0], ast.Tuple) and isinstance(statement.value, ast.Tuple):
            values = statement.value.elts
        for target in statement.targets:
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            unpacks = isinstance(target, ast.Tuple)
            if (
                len(names) != len(values)
                or unpacks != isinstance(statement.targets[0], ast.Tuple)
                or (unpacks and not isinstance(statement.value, ast.Tuple))
            ):
                raise error_at(statement, "both sides of this assignment need the same number of elements")
            for name in names:
                self._target(name, elements=True)
        for value in values:
            self._expression(value)

    def _loop(self, statement: ast.For | ast.While) -> None:
        if statement.orelse:
            raise error_at(statement.orelse[0], "`else` after a loop is not allowed")
        if isinstance(statement, ast.While):
            self._expression(statement.test)
        else:
            call = statement.iter
            if not isinstance(call, ast.Call) or dotted(call.func) != "range" or call.keywords:
                example = ": write `for i in range(len(a))`" if self._allow.has_arrays else ""
                raise error_at(call, f"a `for` loop must run over range(...){example}")
            if not 1 <= len(call.args) <= 3:
                raise error_at(call, f"range takes 1 to 3 arguments, got {len(call.args)}")
            self._target(statement.target)
            for argument in call.args:
                self._expression(argument)
            if len(call.args) == _WITH_STEP and constant(call.args[2]) == 0:
                raise error_at(call.args[2], "the step of a range must not be 0")
        self._statements(statement.body)

    def _target(self, target: ast.expr, *, elements: bool = False) -> None:
        if elements and isinstance(target, ast.Subscript) and self._allow.has_arrays:
            self._element(target)
            return
        if not isinstance(target, ast.Name):
            raise error_at(target, f"only a plain name can be assigned to, got {word(target)}")
        _check_name(target, target.id, self._taken)

    def _operator(self, node: ast.AST, operator: ast.AST) -> None:
        if self._allow.has_whole_arrays and isinstance(operator, _OF_MASKS):
            return
        if type(operator) not in _OPERATORS:
            raise error_at(node, f"the operator {word(operator)} is not allowed")

    def _expression(self, node: ast.expr) -> None:
        if not isinstance(node, _EXPRESSIONS) or (isinstance(node, ast.Subscript) and not self._allow.has_arrays):
            listing = self._allow.has_arrays and isinstance(node, ast.List | ast.ListComp)
            raise error_at(node, f"{word(node)} is not allowed{remedy('list', self._allow) if listing else ''}")
        if isinstance(node, ast.Constant):
            check_number(node)
        elif isinstance(node, ast.Name):
            self._read(node)
        elif isinstance(node, ast.Attribute):
            name = dotted(node)
            advice = remedy(name or "", self._allow)
            raise error_at(node, f"the attribute {f'`{name}` ' if name else ''}is not allowed here{advice}")
        elif isinstance(node, ast.Call):
            self._call(node)
        elif isinstance(node, ast.Subscript):
            self._element(node)
        else:
            self._composed(node)

    def _composed(self, node: ast.expr) -> None:
        operators = [getattr(node, "op", None), *getattr(node, "ops", ())]
        for operator in operators:
            if operator is not None:
                self._operator(node, operator)
        constant(node)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._expression(child)

    def _element(self, node: ast.Subscript) -> None:
        """An element `a[i]` of an array."""
        if not isinstance(node.value, ast.Name):
            raise error_at(node.value, "only an array that has a name can be indexed with []")
        if isinstance(node.slice, ast.Slice) and self._allow.has_whole_arrays:
            self._read(node.value)
            self._slice(node.slice)
            return
        if isinstance(node.slice, ast.Slice):
            raise error_at(node, "slices are not allowed: read one element at a time, in a loop over range(...)")
        if isinstance(node.slice, ast.Tuple):
            raise error_at(node, "arrays have one dimension: an index is one integer")
        self._read(node.value)
        self._expression(node.slice)
        if not self._allow.has_whole_arrays:
            check_index(node.slice, "an index", self._allow)

    def _slice(self, node: ast.Slice) -> None:
        """The bounds of a slice `a[i:j]`."""
        if node.step is not None:
            raise error_at(node.step, "a slice with a step is not allowed: read one element at a time, in a loop")
        for bound in (node.lower, node.upper):
            if bound is not None:
                self._expression(bound)

    def _read(self, node: ast.Name) -> None:
        if node.id in self._readable:
            return
        if node.id in self._functions or node.id in self._taken:
            raise error_at(node, f"`{node.id}` can only be called")
        raise error_at(node, f"the name `{node.id}` is not defined: it is no parameter, local or module constant")

    def _call(self, node: ast.Call) -> None:
        name = dotted(node.func)
        if name is None:
            raise error_at(node, "only functions called by their name are allowed")
        helper = self._functions.get(name)
        if helper is not None and name in self._allow.shapes:
            raise error_at(node, f"`{name}` cannot be called by the program: move the shared part into a helper")
        if helper is None and name not in self._allow.calls:
            allowed = ", ".join(sorted(self._allow.calls))
            reason = f"`{name}` may not be called{remedy(name, self._allow)}"
            raise error_at(node, f"{reason}; allowed are {allowed} and the program's own helpers")
        if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
            raise error_at(node, f"`{name}` takes positional arguments only")
        constant(node)
        count = len(helper.args.args) if helper is not None else 1
        least, most = (count, count) if helper is not None else _ARITY.get(name, (1, 1))
        if name in ("min", "max") and self._allow.has_whole_arrays:
            least = 1  # of an array
        known = name in _ARITY or not name.startswith("np.")
        if known and not least <= len(node.args) <= most:
            few = len(node.args) < least
            wanted = str(least) if least == most else f"at least {least}" if few else f"at most {most}"
            loop = remedy(name, self._allow) if len(node.args) == 1 else ""
            raise error_at(node, f"`{name}` takes {wanted} argument{'s' * (wanted != '1')}, got {len(node.args)}{loop}")
        if name in CONSTRUCTORS:
            if isinstance(node.args[0], ast.Tuple | ast.List):
                raise error_at(node.args[0], f"arrays have one dimension: write `{name}` with its length, a number")
            check_index(node.args[0], "the length of an array", self._allow)
        for argument in node.args:
            self._expression(argument)
