"""Which expressions of a screened program are integers: only those need the arithmetic of 64 bits.

Numba gives a variable one type over a loop (float64 where it is ever a float), helpers one version per call. Here a
variable is a float where any assignment to it is, and a helper's parameter is what all its calls agree on, else `ANY`.
"""

import ast
from enum import StrEnum

from heuresis.evaluators.contract import Contract
from heuresis.evaluators.contract import Kind as Declared


class Kind(StrEnum):
    """The kind of a value; truth values count as integers."""

    FLOAT = "float"
    INT = "int"
    ANY = "any"  # an integer on some calls of a helper and a float on others


_TO_INT = {"math.floor", "math.ceil"}
_MIXED = {"abs", "min", "max"}


def join(*kinds: Kind) -> Kind:
    """The kind of a value that is one of several: a float where any is."""
    if Kind.FLOAT in kinds:
        return Kind.FLOAT
    return Kind.ANY if Kind.ANY in kinds else Kind.INT


class Kinds:
    """The kinds of all variables, parameters and results of one program."""

    def __init__(self, tree: ast.Module, contract: Contract) -> None:
        self._functions = {f.name: f for f in tree.body if isinstance(f, ast.FunctionDef)}
        self._constants = {
            target.id: self._of_constant(statement.value)
            for statement in tree.body
            if isinstance(statement, ast.Assign)
            for target in statement.targets
            if isinstance(target, ast.Name)
        }
        self._variables: dict[tuple[str, str], Kind] = {}
        self._calls: dict[tuple[str, str], set[Kind]] = {}
        self._results: dict[str, Kind] = {}
        self._contract = {f.name for f in contract.functions}
        for wanted in contract.functions:
            for parameter in wanted.parameters:
                kind = Kind.INT if parameter.kind is Declared.INT64 else Kind.FLOAT
                self._variables[wanted.name, parameter.name] = kind
        # Kinds only ever rise from INT to ANY to FLOAT, so that this ends.
        before: object = None
        while before != (self._variables, self._results):
            before = (dict(self._variables), dict(self._results))
            for function in self._functions.values():
                self._visit(function)
            self._settle_parameters()

    @property
    def contracted(self) -> set[str]:
        """Names of the contract's functions, which return floats."""
        return self._contract

    def _of_constant(self, node: ast.expr) -> Kind:
        value = node.operand if isinstance(node, ast.UnaryOp) else node
        return Kind.FLOAT if isinstance(value, ast.Constant) and isinstance(value.value, float) else Kind.INT

    def variable(self, function: str, name: str) -> Kind:
        """The kind of a name inside a function."""
        return self._variables.get((function, name), self._constants.get(name, Kind.INT))

    def of(self, node: ast.expr, function: str) -> Kind:
        """The kind of an expression inside a function."""
        if isinstance(node, ast.Constant):
            return self._of_constant(node)
        if isinstance(node, ast.Name):
            return self.variable(function, node.id)
        if isinstance(node, ast.UnaryOp):
            return Kind.INT if isinstance(node.op, ast.Not) else self.of(node.operand, function)
        if isinstance(node, ast.BinOp):
            if isinstance(node.op, ast.Div):
                return Kind.FLOAT
            return join(self.of(node.left, function), self.of(node.right, function))
        if isinstance(node, ast.BoolOp):
            return join(*(self.of(value, function) for value in node.values))
        if isinstance(node, ast.IfExp):
            return join(self.of(node.body, function), self.of(node.orelse, function))
        if isinstance(node, ast.Call):
            return self._of_call(node, function)
        return Kind.INT  # a comparison

    def _of_call(self, node: ast.Call, function: str) -> Kind:
        name = ast.unparse(node.func)
        if name in self._functions:
            return Kind.FLOAT if name in self._contract else self._results.get(name, Kind.INT)
        if name in _MIXED:
            return join(*(self.of(argument, function) for argument in node.args))
        return Kind.INT if name in _TO_INT else Kind.FLOAT

    def _visit(self, function: ast.FunctionDef) -> None:
        for node in ast.walk(function):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    pairs = [(target, node.value)]
                    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                        pairs = list(zip(target.elts, node.value.elts, strict=True))
                    for name, value in pairs:
                        self._assign(function.name, name, self.of(value, function.name))
            elif isinstance(node, ast.AugAssign):
                whole = ast.BinOp(ast.Name(ast.unparse(node.target), ast.Load()), node.op, node.value)
                self._assign(function.name, node.target, self.of(whole, function.name))
            elif isinstance(node, ast.For):
                self._assign(function.name, node.target, Kind.INT)
            elif isinstance(node, ast.Return) and node.value is not None:
                known = self._results.get(function.name, Kind.INT)
                self._results[function.name] = join(known, self.of(node.value, function.name))
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in self._functions:
                names = [a.arg for a in self._functions[node.func.id].args.args]
                for parameter, argument in zip(names, node.args, strict=True):
                    self._calls.setdefault((node.func.id, parameter), set()).add(self.of(argument, function.name))

    def _assign(self, function: str, target: ast.expr, kind: Kind) -> None:
        if isinstance(target, ast.Name):
            known = self._variables.get((function, target.id), Kind.INT)
            self._variables[function, target.id] = join(known, kind)

    def _settle_parameters(self) -> None:
        for key, kinds in self._calls.items():
            seen = kinds.pop() if len(kinds) == 1 else Kind.ANY
            kinds.clear()
            known = self._variables.get(key, Kind.INT)
            self._variables[key] = seen if known is Kind.INT else known if seen is known else join(known, Kind.ANY)
