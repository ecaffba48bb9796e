"""Expressions as Python text: printing them as programs (`reader.py` reads them back)."""

from heuresis.evaluators.language.contract import Contract, Function
from heuresis.evaluators.language.expressions.indices import clips, index_names, linear, readable
from heuresis.evaluators.language.expressions.reader import SHARE, from_source
from heuresis.evaluators.language.expressions.tree import Expr, array_of, const

__all__ = ["format_constant", "from_source", "to_source", "to_text"]

_INFIX = {"+": (1, "+"), "-": (1, "-"), "*": (2, "*"), "/": (2, "/")}


def to_text(tree: Expr, function: Function | None = None) -> str:
    """The expression as Python, with as few parentheses as its meaning needs.

    `function` is the contract's; without it no array can be read.
    """
    return _text(tree, function)[0]


def _text(node: Expr, function: Function | None, *, index: bool = False) -> tuple[str, int]:
    """Text and binding strength: 0 conditional, 1 sum, 2 product, 3 unary minus, 4 atom.

    Whole numbers are integers in an index, where floats are refused, and floats elsewhere, as other constants are;
    0, the zero of an `if` without `else`, stands everywhere as it is.
    """
    if node.op == "whole":
        text = f"{node.value:.0f}" if index or node.value == 0 else format_constant(node.value)
        return text, 3 if node.value < 0 else 4
    if (name := array_of(node)) is not None:
        return _read(node, name, function), 4
    if node.op == "const":
        text = format_constant(node.value)
        return text, 3 if text.startswith("-") else 4
    if not node.args:
        return node.op, 4
    if node.op in _INFIX:
        level, symbol = _INFIX[node.op]
        other = node.args[1]
        if symbol in "+-":
            symbol, other = _signed(symbol, other)
        left, right = _text(node.args[0], function, index=index), _text(other, function, index=index)
        a = left[0] if left[1] >= level else f"({left[0]})"
        b = right[0] if right[1] > level else f"({right[0]})"
        return f"{a} {symbol} {b}", level
    if node.op == "neg":
        text, level = _text(node.args[0], function, index=index)
        return (f"-{text}" if level == 4 else f"-({text})"), 3
    if node.op == "if_less":
        a, b, c, d = (to_text(x, function) for x in node.args)
        return f"({c} if {a} < {b} else {d})", 4
    return f"{node.op}({', '.join(to_text(a, function) for a in node.args)})", 4


def _read(node: Expr, name: str, function: Function | None) -> str:
    """An element or share of an array; an index that may lie beyond the ends is held at them."""
    arrays = {} if function is None else {p.name: p for p in readable(function)}
    if function is None or name not in arrays:
        raise ValueError(f"the array `{name}` cannot be read")
    form = linear(node.args[0], index_names(function, arrays[name]))
    if form is None:
        raise ValueError(f"no index of `{name}`: {to_text(node.args[0], function)}")
    text = _text(node.args[0], function, index=True)[0]
    below, above = clips(form, arrays[name], function)
    if node.op.endswith("[:]"):
        return f"share({name}, {text})"  # the helper minds no end
    text = f"min({arrays[name].last}, {text})" if above else text
    text = f"max(0, {text})" if below else text
    return f"{name}[{text}]"


def format_constant(value: float) -> str:
    """Six significant digits, always a float literal."""
    text = f"{value:.6g}"
    return text if any(c in text for c in ".en") else text + ".0"


def to_source(tree: Expr, contract: Contract) -> str:
    """A program under the contract whose main function returns the expression; a long sum is written term by term."""
    terms = _terms(tree)
    main = contract.main
    helper = f"{SHARE}\n\n" if any(n.op.endswith("[:]") for n in tree.walk()) else ""
    if tree.size <= 25 or len(terms) == 1:
        return f"{helper}{main.signature}:\n    return {to_text(tree, main)}\n"
    lines = [f"    value = {to_text(terms[0][1], main)}"]
    lines += [f"    value {sign}= {to_text(term, main)}" for sign, term in terms[1:]]
    return helper + "\n".join([f"{main.signature}:", *lines, "    return value", ""])


def _terms(tree: Expr) -> list[tuple[str, Expr]]:
    """The summands of a sum from left to right, each with its sign."""
    if tree.op not in ("+", "-"):
        return [("+", tree)]
    left, right = tree.args
    return [*_terms(left), _signed(tree.op, right)]


def _signed(sign: str, term: Expr) -> tuple[str, Expr]:
    """Adding a product that begins with a negative constant is subtracting the opposite, to the last bit."""
    opposite = _opposite(term)
    return (sign, term) if opposite is None else ("-" if sign == "+" else "+", opposite)


def _opposite(term: Expr) -> Expr | None:
    """The negated term, where it is a negative constant or a product or quotient that begins with one."""
    if term.op == "const":
        return const(-term.value) if term.value < 0 else None
    if term.op in ("*", "/") and (first := _opposite(term.args[0])) is not None:
        return Expr(term.op, (first, term.args[1]))
    return None
