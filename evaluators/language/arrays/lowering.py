"""Arithmetic on whole arrays written out: a screened program as one of loops over elements.

What is computed element by element becomes one loop into a new array, whatever depends on no element before it; what
is not (sums, slices, masks as indices) calls a function of `functions.py`. So compiled programs, the reference
interpreter and exported files compute whole arrays by the same rules as single numbers (`docs/semantics.md`), and an
array is never read while it is written. Names made here begin with an underscore, as no name of a program does.
"""

import ast
import functools
from collections.abc import Sequence

from heuresis.evaluators.language.arrays.elements import call, combined
from heuresis.evaluators.language.contract import Contract
from heuresis.sandbox.parsing import parse
from heuresis.sandbox.screen.normalise import dotted
from heuresis.sandbox.screen.whole_arrays import Analysis, FunctionKinds
from heuresis.sandbox.screen.whole_calls import ELEMENTWISE, MAKERS, REDUCTIONS
from heuresis.sandbox.screen.whole_kinds import Kind, is_elementwise, is_view

_LOOP_NAMES = ("_t", "_s", "_n", "_i")


def lower(tree: ast.Module, contract: Contract) -> ast.Module:
    """The program without arithmetic on whole arrays; helper functions that are never called are left out.

    The tree must have passed the screen. Where the contract has no whole arrays it is returned as it is.
    """
    if not contract.has_whole_arrays:
        return tree
    analysis = Analysis(tree, contract.allow_list())
    found = analysis.functions()
    body: list[ast.stmt] = []
    for statement in tree.body:
        if not isinstance(statement, ast.FunctionDef):
            body.append(statement)
        elif statement.name in found:
            body.append(_Function(statement, found[statement.name], analysis).lowered())
    return ast.fix_missing_locations(ast.Module(body, []))


class _Function:
    """Writes out one function. What a statement needs beforehand collects in `_before`."""

    def __init__(self, definition: ast.FunctionDef, found: FunctionKinds, analysis: Analysis) -> None:
        self._definition, self._kinds = definition, analysis.kinds(found.names)
        self._before: list[ast.stmt] = []
        self._made = dict.fromkeys(_LOOP_NAMES, 0)

    def lowered(self) -> ast.FunctionDef:
        """The function."""
        old = self._definition
        return ast.copy_location(ast.FunctionDef(old.name, old.args, self._block(old.body), []), old)

    def _block(self, statements: Sequence[ast.stmt]) -> list[ast.stmt]:
        done: list[ast.stmt] = []
        for statement in statements:
            outer, self._before = self._before, []
            last = self._statement(statement)
            done += [_placed(s, statement) for s in (*self._before, last)]
            self._before = outer
        return done

    def _statement(self, node: ast.stmt) -> ast.stmt:
        if isinstance(node, ast.Assign):
            return self._assign(node)
        if isinstance(node, ast.AugAssign):
            return self._augmented(node)
        if isinstance(node, ast.Return) and node.value is not None:
            copy = self._is_array(node.value) and is_view(node.value) and not self._is_local(node.value)
            value = self._value(node.value)
            return ast.Return(call("_copy", value) if copy else value)
        if isinstance(node, ast.If):
            test = self._value(node.test)
            return ast.If(test, self._block(node.body), self._block(node.orelse))
        if isinstance(node, ast.While):
            return ast.While(self._value(node.test), self._block(node.body), [])
        if isinstance(node, ast.For):
            return ast.For(node.target, self._value(node.iter), self._block(node.body), [])
        return node

    def _assign(self, node: ast.Assign) -> ast.stmt:
        target = node.targets[0]
        if len(node.targets) == 1 and isinstance(target, ast.Subscript) and self._is_array(target):
            return self._store(target, node.value)
        value: ast.expr = (
            ast.Tuple([self._value(v) for v in node.value.elts], ast.Load())
            if isinstance(node.value, ast.Tuple)
            else self._value(node.value)
        )
        return ast.Assign([self._target(t) for t in node.targets], value)

    def _target(self, target: ast.expr) -> ast.expr:
        if isinstance(target, ast.Tuple):
            return ast.Tuple([self._target(t) for t in target.elts], ast.Store())
        return target if isinstance(target, ast.Name) else self._element_of(target)

    def _element_of(self, target: ast.expr) -> ast.Subscript:
        if not isinstance(target, ast.Subscript):
            raise TypeError(f"no screened program assigns to {type(target).__name__}")
        return ast.Subscript(target.value, self._value(target.slice), ast.Store())

    def _augmented(self, node: ast.AugAssign) -> ast.stmt:
        target = node.target
        read = parse(ast.unparse(target), mode="eval").body
        whole = ast.BinOp(read, node.op, node.value)
        if isinstance(target, ast.Subscript) and self._is_array(read):
            return self._store(target, whole)
        if isinstance(target, ast.Name) and self._is_array(target):
            return ast.Assign([target], self._value(whole))
        stored = target if isinstance(target, ast.Name) else self._element_of(target)
        return ast.AugAssign(stored, node.op, self._value(node.value))

    def _store(self, target: ast.Subscript, value: ast.expr) -> ast.stmt:
        """A write to a slice or to what a mask chooses; the value is complete before anything is written."""
        many = self._is_array(value)
        new, verb = self._value(value), "_put" if many else "_fill"
        array = ast.Name(ast.unparse(target.value), ast.Load())
        if isinstance(target.slice, ast.Slice):
            written = call(f"{verb}_slice", array, *self._bounds(array, target.slice), new)
        else:
            written = call(f"{verb}_mask", array, self._value(target.slice), new)
        return ast.Assign([ast.Name(array.id, ast.Store())], written)

    def _value(self, node: ast.expr) -> ast.expr:
        """A number, or an array that needs no loop; loops go before the statement."""
        if self._is_array(node) and is_elementwise(node):
            return self._loop(node)
        if isinstance(node, ast.Subscript):
            return self._part(node)
        if isinstance(node, ast.Call):
            return self._called(node)
        return combined(node, self._value, Kind.NUMBER)

    def _called(self, node: ast.Call) -> ast.expr:
        name = dotted(node.func) or ""
        arguments = [self._value(a) for a in node.args]
        if name == "np.std":
            return call("math.sqrt", call("_var", *arguments))
        if name == "np.median":
            return call("_median", call("_sort", *arguments))
        if name in MAKERS or name in REDUCTIONS or name == "np.dot":
            return call("_" + name.removeprefix("np."), *arguments)
        if name in ("min", "max") and len(arguments) == 1:
            return call(f"_{name}", *arguments)
        if name in ELEMENTWISE:
            return combined(node, self._value, Kind.NUMBER)
        return ast.Call(node.func, arguments, [])

    def _part(self, node: ast.Subscript) -> ast.expr:
        if isinstance(node.slice, ast.Slice):
            return call("_slice", node.value, *self._bounds(node.value, node.slice))
        if self._is_array(node.slice):
            return call("_compress", node.value, self._value(node.slice))
        return ast.Subscript(node.value, self._value(node.slice), ast.Load())

    def _bounds(self, array: ast.expr, node: ast.Slice) -> list[ast.expr]:
        low = ast.Constant(0) if node.lower is None else self._value(node.lower)
        return [low, call("len", array) if node.upper is None else self._value(node.upper)]

    def _loop(self, node: ast.expr) -> ast.expr:
        """A new array, computed element by element before the statement."""
        index = ast.Name(self._fresh("_i"), ast.Load())
        arrays: list[str] = []
        element: ast.expr
        length: ast.expr
        if isinstance(node, ast.Call) and dotted(node.func) == "np.arange":
            element, length = _name(index.id), self._value(node.args[0])
        else:
            element = self._element(node, index, arrays)
            lengths = [call("len", _name(array)) for array in dict.fromkeys(arrays)]
            length = functools.reduce(lambda one, other: call("_same", one, other), lengths)
        size, made = self._fresh("_n"), self._fresh("_t")
        stored = ast.Assign([ast.Subscript(_name(made), index, ast.Store())], element)
        self._set(size, length)
        self._set(made, call("np.zeros", _name(size)))
        self._before.append(ast.For(_stored(index.id), call("range", _name(size)), [stored], []))
        return _name(made)

    def _element(self, node: ast.expr, index: ast.expr, arrays: list[str]) -> ast.expr:
        """One element of an array, or a number that is the same for all."""
        kind = self._kinds.of(node)
        if kind is Kind.NUMBER:
            return self._named(node)
        if is_elementwise(node) and not (isinstance(node, ast.Call) and dotted(node.func) == "np.arange"):
            return combined(node, lambda part: self._element(part, index, arrays), kind)
        array = self._value(node)
        name = array.id if isinstance(array, ast.Name) else self._fresh("_t")
        if not isinstance(array, ast.Name):
            self._set(name, array)
        arrays.append(name)
        element = ast.Subscript(_name(name), index, ast.Load())
        return ast.Compare(element, [ast.NotEq()], [ast.Constant(0.0)]) if kind is Kind.MASK else element

    def _named(self, node: ast.expr) -> ast.expr:
        """A number, computed once where it is more than a name or a literal."""
        plain = node.operand if isinstance(node, ast.UnaryOp) else node
        if isinstance(plain, ast.Name | ast.Constant):
            return node
        name = self._fresh("_s")
        self._set(name, self._value(node))
        return _name(name)

    def _set(self, name: str, value: ast.expr) -> None:
        self._before.append(ast.Assign([_stored(name)], value))

    def _fresh(self, stem: str) -> str:
        self._made[stem] += 1
        return f"{stem}{self._made[stem]}"

    def _is_array(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Slice):
            return False
        return self._kinds.of(node) is not Kind.NUMBER

    def _is_local(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and all(node.id != a.arg for a in self._definition.args.args)


def _placed(new: ast.stmt, old: ast.stmt) -> ast.stmt:
    """Everything made for a statement stands at its place, for messages of the compiler."""
    for node in ast.walk(new):
        if isinstance(node, ast.expr | ast.stmt) and not hasattr(node, "lineno"):
            ast.copy_location(node, old)
    return new


def _name(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _stored(name: str) -> ast.Name:
    return ast.Name(name, ast.Store())
