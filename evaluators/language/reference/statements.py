"""Statements of a screened program, rewritten like its expressions; kinds are followed along all paths.

Where paths meet and a name is an integer on one and a float on another, a conversion is written down: compiled code has
one there too. A loop's test is taken to see the kinds of every round; Numba compiles it twice and may see an integer
the first time (`docs/semantics.md`).
"""

import ast
from collections.abc import Sequence

from heuresis.evaluators.language.reference.expressions import Expressions, Helper, Untranslatable, call
from heuresis.evaluators.language.reference.kinds import WHOLE, Env, Kind, join, meet, risen
from heuresis.sandbox.screen.numerals import constant


class _Loop:
    """A loop around the statement at hand: the kinds at its head, and where it is left or begins another round."""

    def __init__(self, head: Env) -> None:
        self.head = head
        self.breaks: list[Env | None] = []
        self.rounds: list[Env | None] = []


class Body:
    """Rewrites one version of a function; `result` is the kind that it must return, None for what it returns.

    `refused` gets what is a float or a truth value where an integer is wanted, when all kinds are known.
    """

    def __init__(
        self,
        function: ast.FunctionDef,
        helpers: frozenset[str],
        helper: Helper,
        result: Kind | None,
        refused: list[str],
    ) -> None:
        self._function, self._helpers, self._helper, self._result = function, helpers, helper, result
        self._refused = refused
        stored = [n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        loops = [n for n in ast.walk(function) if isinstance(n, ast.For) and _starts_small(n.iter)]
        counted = [n.target.id for n in loops if isinstance(n.target, ast.Name)]
        self._counters = frozenset(name for name in counted if stored.count(name) == counted.count(name))
        self._loops: list[_Loop] = []
        self._returned: list[Kind] = []

    def rewritten(self, env: Env) -> tuple[Kind, list[ast.stmt]]:
        """The kind of the result and the statements; all results get one kind."""
        if self._result is None:
            self._block(self._function.body, env)
            self._result = join(*self._returned) if self._returned else Kind.FLOAT
        self._refused.clear()
        body, _ = self._block(self._function.body, env)
        return self._result, body

    def _block(self, statements: Sequence[ast.stmt], env: Env | None) -> tuple[list[ast.stmt], Env | None]:
        """Statements rewritten, and the kinds after them; what is never reached is left out."""
        done: list[ast.stmt] = []
        for statement in statements:
            if env is None:
                break
            more, env = self._statement(statement, env)
            done += more
        return done or [ast.Pass()], env

    def _statement(self, statement: ast.stmt, env: Env) -> tuple[list[ast.stmt], Env | None]:
        if isinstance(statement, ast.Assign):
            return self._assign(statement, env)
        if isinstance(statement, ast.AugAssign):
            return self._augmented(statement, env)
        if isinstance(statement, ast.Return) and statement.value is not None:
            value = self._at(env).value(statement.value)
            self._returned.append(value.kind)
            return [ast.Return(value.as_(self._result or value.kind))], None
        if isinstance(statement, ast.If):
            test = self._at(env).value(statement.test).node
            then, then_env = self._block(statement.body, env)
            other, other_env = self._block(statement.orelse, env) if statement.orelse else ([], env)
            after = meet(then_env, other_env)
            return [ast.If(test, then, other), *_conversions(after, then_env, other_env)], after
        if isinstance(statement, ast.For | ast.While):
            return self._loop(statement, env)
        if isinstance(statement, ast.Break):
            self._loops[-1].breaks.append(env)
            return [ast.Break()], None
        if isinstance(statement, ast.Continue):
            loop = self._loops[-1]
            loop.rounds.append(env)
            return [*_conversions(loop.head, env), ast.Continue()], None
        if isinstance(statement, ast.Pass):
            return [], env
        raise Untranslatable(f"{type(statement).__name__} has no translation to plain Python")

    def _assign(self, statement: ast.Assign, env: Env) -> tuple[list[ast.stmt], Env]:
        new, at = dict(env), self._at(env)
        values = [at.value(v) for v in _parts(statement.value)]
        nodes = [v.node for v in values]
        targets: list[ast.expr] = []
        for target in statement.targets:
            made: list[ast.expr] = []
            for i, part in enumerate(_parts(target)):
                made.append(self._stored(part, at))
                if not isinstance(part, ast.Subscript):
                    new[_name(part)] = values[i].kind
                elif values[i].kind in WHOLE:  # arrays that can be written to hold floats
                    nodes[i] = values[i].as_(Kind.FLOAT)
                    if len(statement.targets) > 1:
                        raise Untranslatable("an integer assigned to an element and to something else at once")
            targets.append(ast.Tuple(made, ast.Store()) if isinstance(target, ast.Tuple) else made[0])
        value = ast.Tuple(nodes, ast.Load()) if isinstance(statement.value, ast.Tuple) else nodes[0]
        return [ast.Assign(targets, value)], new

    def _augmented(self, statement: ast.AugAssign, env: Env) -> tuple[list[ast.stmt], Env]:
        """`x += y` as `x = x + y` where the operation is rewritten."""
        at, target = self._at(env), statement.target
        element = isinstance(target, ast.Subscript)
        value = at.value(statement.value)
        whole = at.binary(statement.op, at.value(target), value, None)
        stored, new = self._stored(target, at), env if element else {**env, _name(target): whole.kind}
        if isinstance(statement.op, ast.Add | ast.Sub | ast.Mult) and whole.kind is Kind.FLOAT:
            return [ast.AugAssign(stored, statement.op, value.node)], new
        return [ast.Assign([stored], whole.as_(Kind.FLOAT) if element else whole.node)], new

    def _loop(self, statement: ast.For | ast.While, env: Env) -> tuple[list[ast.stmt], Env | None]:
        """The body again and again until no round finds another kind; then it is written down."""
        head, before = env, len(self._refused)
        while True:
            del self._refused[before:]
            loop = _Loop(head)
            self._loops.append(loop)
            made, end = self._round(statement, loop)
            self._loops.pop()
            joined = meet(env, end, *loop.rounds)
            if joined is None or joined == head:
                break
            head = joined
        endless = isinstance(statement, ast.While) and bool(constant(statement.test))
        ends = [*([] if endless else [head]), *loop.breaks]
        after = meet(*ends)
        return [*_conversions(head, env), made, *_conversions(after, *ends)], after

    def _round(self, statement: ast.For | ast.While, loop: _Loop) -> tuple[ast.stmt, Env | None]:
        at = self._at(loop.head)
        if isinstance(statement, ast.While):
            test = at.value(statement.test).node
            body, end = self._block(statement.body, loop.head)
            return ast.While(test, [*body, *_conversions(loop.head, end)], []), end
        target = _name(statement.target)
        if not isinstance(statement.iter, ast.Call):
            raise Untranslatable("a loop over something else than range(...)")
        bounds = [at.whole(a, "an argument of range") for a in statement.iter.args]
        numbers = call("range" if _near(bounds) else "_range", *bounds)
        body, end = self._block(statement.body, {**loop.head, target: Kind.INT})
        return ast.For(ast.Name(target, ast.Store()), numbers, [*body, *_conversions(loop.head, end)], []), end

    def _stored(self, target: ast.expr, at: Expressions) -> ast.Name | ast.Subscript:
        if isinstance(target, ast.Subscript):
            return ast.Subscript(at.value(target.value).node, at.whole(target.slice, "an index"), ast.Store())
        return ast.Name(_name(target), ast.Store())

    def _at(self, env: Env) -> Expressions:
        return Expressions(env, self._helper, self._helpers, self._counters, self._refused)


def _conversions(after: Env | None, *before: Env | None) -> list[ast.stmt]:
    """`x = float(x)` for each name that is an integer on one of the ways here and a float from here on."""
    names = sorted({name for env in before for name in risen(env, after)})
    return [ast.Assign([ast.Name(name, ast.Store())], call("float", ast.Name(name, ast.Load()))) for name in names]


def _parts(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]


def _name(target: ast.expr) -> str:
    if not isinstance(target, ast.Name):
        raise Untranslatable(f"{type(target).__name__} cannot be assigned to")
    return target.id


def _near(bounds: Sequence[ast.expr]) -> bool:
    """Whether it is plain that 64 bits hold how far the bounds of a range are apart."""
    numbers = [bound.value if isinstance(bound, ast.Constant) else None for bound in bounds]
    from_literal = isinstance(numbers[0], int) and numbers[0] >= 0
    rises = len(bounds) < 3 or (isinstance(numbers[2], int) and numbers[2] > 0)
    return len(bounds) == 1 or (from_literal and rises)


def _starts_small(iterated: ast.expr) -> bool:
    """Whether a range starts at a literal: counting far from there takes longer than any run."""
    if not isinstance(iterated, ast.Call) or len(iterated.args) > 2:
        return False
    return len(iterated.args) == 1 or isinstance(iterated.args[0], ast.Constant)
