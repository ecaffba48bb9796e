"""What the screen lets pass, in which form, and what it refuses, with the place and the reason."""

import ast
import random
import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heuresis.sandbox.screen.allow import ARRAY_CALLS
from heuresis.sandbox.screen.screen import AllowList, FunctionShape, ScreenError, screen

CALLS = frozenset({"abs", "min", "max", "float", "math.exp", "math.log", "math.sqrt", "math.pow", "math.atan"})
ALLOW = AllowList((FunctionShape("priority", ("p", "d", "t")), FunctionShape("extra", ("x",), required=False)), CALLS)

HEAD = "def priority(p, d, t):\n    "
"""Line 1; a body follows in line 2 from column 5."""

ACCEPTED = {
    "minimal": (HEAD + "return d\n", HEAD + "return d"),
    "docstrings": ('"""Module."""\n' + HEAD + '"""Doc."""\n    "more"\n    return d\n', HEAD + "return d"),
    "comments": ("# a\n" + HEAD + "return d  # b\n", HEAD + "return d"),
    "annotations": ("def priority(p: float, d: 'float', t: np.float64) -> float:\n    return d", HEAD + "return d"),
    "annotated local": (HEAD + "x: float\n    x: float = 1.0\n    return x", HEAD + "x = 1.0\n    return x"),
    "annotated constant": ("K: float = 2.0\n" + HEAD + "return K * p", "K = 2.0\n\n" + HEAD + "return K * p"),
    "signed constants": ("K = -2\nL = +1.5\n" + HEAD + "return K + L", "K = -2\nL = +1.5\n\n" + HEAD + "return K + L"),
    "imports": (
        "from __future__ import annotations\nimport math\nimport numpy as np\n" + HEAD + "return math.exp(np.log(p))",
        HEAD + "return math.exp(math.log(p))",
    ),
    "imported names": (
        "from math import exp, log as ln, pi\nfrom numpy import maximum\n" + HEAD + "return exp(ln(p)) + maximum(pi, d)",
        HEAD + "return math.exp(math.log(p)) + max(3.141592653589793, d)",
    ),
    "numpy": (
        HEAD + "return np.maximum(p, d) + numpy.minimum(np.abs(t), np.sqrt(p)) + np.power(p, 2) + np.float64(d)",
        HEAD + "return max(p, d) + min(abs(t), math.sqrt(p)) + math.pow(p, 2) + float(d)",
    ),
    "constants of math": (HEAD + "return min(math.inf, np.pi, math.e)", HEAD + "return min(1e309, 3.141592653589793, 2.718281828459045)"),
    "pow": (HEAD + "return pow(p, 2)", HEAD + "return p ** 2"),
    "helper": (
        "def slack(d, t):\n    return d - t\n\n" + HEAD + "return slack(d, t)",
        "def slack(d, t):\n    return d - t\n\n" + HEAD + "return slack(d, t)",
    ),
    "helpers after their use": (
        HEAD + "return a(d)\n\ndef a(x):\n    return b(x)\n\ndef b(x):\n    return x",
        HEAD + "return a(d)\n\ndef a(x):\n    return b(x)\n\ndef b(x):\n    return x",
    ),
    "optional function": (HEAD + "return d\n\ndef extra(x):\n    return x", HEAD + "return d\n\ndef extra(x):\n    return x"),
    "tuples": (HEAD + "a, b = p, d\n    a, b = b, a\n    return a - b", HEAD + "a, b = (p, d)\n    a, b = (b, a)\n    return a - b"),
    "chained": (HEAD + "a = b = 0.0\n    return a + b", HEAD + "a = b = 0.0\n    return a + b"),
    "parameters may change": (HEAD + "d -= t\n    p = max(p, 1)\n    return d / p", HEAD + "d -= t\n    p = max(p, 1)\n    return d / p"),
    "branches": (
        HEAD + "if d > t and (not p == 1):\n        x = 1\n    elif d <= t or p != 2:\n        x = 2\n    else:\n        x = 3\n    return x",
        None,
    ),
    "else if": (HEAD + "if p:\n        return 1\n    else:\n        if d:\n            return 2\n        return 3", None),
    "loops": (
        HEAD + "s = 0.0\n    for i in range(1, 10, 2):\n        if i > p:\n            break\n        s += i\n    while s < d:\n        s *= 2.0\n        if s > t:\n            continue\n        pass\n    return s",
        None,
    ),
    "endless loop that returns": (HEAD + "while True:\n        p += 1\n        if p > d:\n            return p", None),
    "endless loop that breaks": (HEAD + "while True:\n        x = p\n        break\n    return x", None),
    "dead code": (HEAD + "return d\n    return t", HEAD + "return d\n    return t"),
    "ternary": (HEAD + "return p if 0 < d <= t else -d", HEAD + "return p if 0 < d <= t else -d"),
    "arithmetic": (HEAD + "return -p + d // t % 3 - (p - d) ** 2 / +t", HEAD + "return -p + d // t % 3 - (p - d) ** 2 / +t"),
    "big powers of floats": (HEAD + "return p ** 100 + 2.0 ** 900", HEAD + "return p ** 100 + 2.0 ** 900"),
    "powers of integers": (HEAD + "return 2 ** 62 + 1 ** 900 + p", HEAD + "return 2 ** 62 + 1 ** 900 + p"),
    "largest integer": (HEAD + "return 9223372036854775807", HEAD + "return 9223372036854775807"),
    "hexadecimal": (HEAD + "return 0x10 + 1_000", HEAD + "return 16 + 1000"),
    "names of builtins": (HEAD + "sum = p + d\n    return sum", HEAD + "sum = p + d\n    return sum"),
    "one line": ("def priority(p, d, t): return d", HEAD + "return d"),
    "carriage returns": ("def priority(p, d, t):\r\n    return d\r\n", HEAD + "return d"),
    "no import needed": (HEAD + "return math.exp(p)", HEAD + "return math.exp(p)"),
    "declaration alone": (HEAD + "if p > 1:\n        x: float\n    return d", HEAD + "if p > 1:\n        pass\n    return d"),
}  # fmt: skip

REJECTED = {
    # text and parsing
    "empty": ("", 1, 1, "the program must define `def priority(p, d, t)`"),
    "not ascii": (HEAD + "return d\u2212t", 2, 13, "only printable ASCII is allowed, got the character U+2212"),
    "look-alike": ("def pri\u043erity(p, d, t):\n    return d", 1, 8, "U+043E"),
    "too long": ("# " + "x" * 8000, 1, 1, "the program is 8002 bytes long, at most 8000"),
    "escape sequence": (HEAD + "return d # \x1b[2J", 2, 16, "only printable ASCII is allowed, got the character U+001B"),
    "syntax": (HEAD + "return (d", 2, 12, "syntax error"),
    "carriage return alone": (HEAD + "t = p # t\r    return d", 2, 14, "U+000D"),
    "form feed": (HEAD + "return d\f", 2, 13, "U+000C"),
    "null byte": (HEAD + "return d\0", 2, 13, "U+0000"),
    "indentation": ("  return 1", 1, None, "syntax error: unexpected indent"),
    "deep parentheses": (HEAD + "return " + "(" * 150 + "d" + ")" * 150 + "+" + "-" * 30 + "d", 2, None, "levels of nesting"),
    "parser stack": (HEAD + "return " + "-" * 7000 + "d", None, None, ""),
    "deep parser": (HEAD + "return " + "(" * 250 + "d" + ")" * 250, None, None, ""),
    "huge number": (HEAD + "return " + "9" * 5000, 2, None, "Exceeds the limit"),
    "unparsed too long": ("\n".join([HEAD + "return d"] + [f"def f{i}(a):\n return a" for i in range(300)])[:7980], None, None, "more than 800"),
    # caps
    "nodes": (HEAD + "\n    ".join(["x = p + d * t"] * 120) + "\n    return x", None, None, "more than 800 expressions and statements"),
    "depth": (HEAD + "return " + " + ".join(["p"] * 40), 2, None, "levels of nesting: use intermediate variables"),
    "branches": (HEAD + "x = 0\n    " + "\n    ".join(["if p: x = 1"] * 65) + "\n    return x", None, None, "more than 64 branches"),
    "nested loops": (HEAD + "for a in range(2):\n     for b in range(2):\n      for c in range(2):\n       for e in range(2):\n        pass\n    return d", 5, 8, "more than 3 nested loops"),
    "loops": (HEAD + "x = 0\n    " + "\n    ".join(["for i in range(2): x = i"] * 13) + "\n    return x", None, None, "more than 12 loops: merge some"),
    "operands": (HEAD + "return " + " and ".join(["p"] * 50), 2, None, "more than 48 conditions joined by `and`, `or` and comparisons"),
    "chained comparisons": (HEAD + "return " + " < ".join(["p"] * 51), 2, None, "more than 48 conditions joined"),
    "many helpers": ("".join(f"def h{i}(a):\n    return a\n" for i in range(17)) + HEAD + "return d", 33, 1, "more than 16 helper functions: merge some"),
    "many calls": ("def h(a):\n    return a\n" + HEAD + "x = 0\n    " + "\n    ".join(["x += h(p)"] * 33) + "\n    return x", 3, 1, "called more than 32 times, counted along every path from `priority`"),
    "doubling calls": ("def a(x):\n    return b(x) + b(x)\ndef b(x):\n    return c(x) + c(x)\ndef c(x):\n    return e(x) + e(x)\ndef e(x):\n    return x\n" + HEAD + "return a(p) + a(d) + a(t)", 9, 1, "called more than 32 times"),
    # module level
    "wrong parameters": ("def priority(p, t, d):\n    return d", 1, 1, "expected `def priority(p, d, t)`, got the parameters (p, t, d)"),
    "wrong optional": (HEAD + "return d\n\ndef extra(y):\n    return y", 4, 1, "expected `def extra(x)`"),
    "no required": ("def extra(x):\n    return x", 1, 1, "the program must define `def priority(p, d, t)`"),
    "statement": ("print(1)\n" + HEAD + "return d", 1, 1, "this statement is not allowed at module level"),
    "main guard": (HEAD + "return d\nif __name__ == '__main__':\n    pass", 3, 1, "this statement is not allowed at module level"),
    "class": ("class A: pass", 1, 1, "this statement is not allowed at module level"),
    "async": ("async def priority(p, d, t):\n    return d", 1, 1, "async def is not allowed"),
    "computed constant": ("K = 1 / 3\n" + HEAD + "return K", 1, 5, "a module constant must be a plain number"),
    "list constant": ("K = [1]\n" + HEAD + "return d", 1, 5, "a module constant must be a plain number"),
    "string constant": ("K = 'x'\n" + HEAD + "return d", 1, 5, "a string is not allowed"),
    "tuple constant": ("a, b = 1, 2\n" + HEAD + "return d", 1, 1, "a module constant is one name and one number"),
    "constant twice": ("K = 1\nK = 2\n" + HEAD + "return d", 2, 1, "`K` is defined twice"),
    "function twice": (HEAD + "return d\n" + HEAD + "return t", 3, 1, "`priority` is defined twice"),
    "constant hides call": ("max = 1\n" + HEAD + "return d", 1, 1, "the name `max` has a meaning already"),
    "helper hides module": ("def math(x):\n    return x\n" + HEAD + "return d", 1, 1, "the name `math` has a meaning already"),
    "constant hides parameter": ("t = 1\n" + HEAD + "return d", 2, 1, "`t` is a parameter"),
    "import os": ("import os\n" + HEAD + "return d", 1, 1, "this import is not allowed; allowed are `import math`, `import numpy as np`"),
    "import as": ("import math as m\n" + HEAD + "return d", 1, 1, "this import is not allowed"),
    "import submodule": ("import numpy.random\n" + HEAD + "return d", 1, 1, "this import is not allowed"),
    "import star": ("from math import *\n" + HEAD + "return d", 1, 1, "this import is not allowed"),
    "import from os": ("from os import system\n" + HEAD + "return d", 1, 1, "this import is not allowed"),
    "relative import": ("from . import math\n" + HEAD + "return d", 1, 1, "this import is not allowed"),
    "future": ("from __future__ import division\n" + HEAD + "return d", 1, 1, "this import is not allowed"),
    "import hidden": ("from math import exp\n" + HEAD + "exp = 1\n    return exp", 3, 5, "`exp` hides the imported `math.exp`"),
    "import of a parameter": ("from math import e as d\n" + HEAD + "return d", 2, 17, "`d` hides the imported `math.e`"),
    "import of what is not allowed": ("from math import gamma\n" + HEAD + "return gamma(d)", 3, 12, "`math.gamma` may not be called"),
    # signatures
    "decorator": ("@njit\n" + HEAD + "return d", 1, 2, "decorators are not allowed"),
    "default": ("def priority(p, d, t=1):\n    return d", 1, 22, "default values of parameters are not allowed"),
    "star": ("def priority(*p):\n    return d", 1, 1, "may only have plain parameters"),
    "keywords": ("def priority(p, d, t, **k):\n    return d", 1, 1, "may only have plain parameters"),
    "keyword only": ("def priority(p, d, *, t):\n    return d", 1, 1, "may only have plain parameters"),
    "positional only": ("def priority(p, d, t, /):\n    return d", 1, 1, "may only have plain parameters"),
    "annotation": ("def priority(p: list, d, t):\n    return d", 1, 17, "only float, int and bool are allowed as annotations"),
    "annotation that runs": ("def priority(p, d, t) -> print(1):\n    return d", 1, 26, "only float, int and bool"),
    "local annotation": (HEAD + "x: print(1) = 2\n    return d", 2, 5, "this annotation is not allowed"),
    "helper parameter twice": ("def h(a, b):\n    return a\n" + HEAD + "return h(p)", 4, 12, "`h` takes 2 arguments, got 1"),
    "helper parameter hides call": ("def h(max):\n    return max\n" + HEAD + "return h(p)", 1, 7, "the name `max` has a meaning"),
    # statements
    "nested def": (HEAD + "def f(): pass\n    return d", 2, 5, "a function inside another is not allowed"),
    "lambda": (HEAD + "f = lambda: d\n    return d", 2, 9, "lambda is not allowed"),
    "try": (HEAD + "try:\n        pass\n    except: pass\n    return d", 2, 5, "try is not allowed"),
    "with": (HEAD + "with d: pass\n    return d", 2, 5, "with is not allowed"),
    "global": (HEAD + "global K\n    return d", 2, 5, "global is not allowed"),
    "nonlocal": (HEAD + "nonlocal K\n    return d", 2, 5, "nonlocal is not allowed"),
    "del": (HEAD + "del p\n    return d", 2, 5, "del is not allowed"),
    "assert": (HEAD + "assert p\n    return d", 2, 5, "assert is not allowed"),
    "raise": (HEAD + "raise p", 2, 5, "raise is not allowed"),
    "inner import": (HEAD + "import math\n    return d", 2, 5, "an import inside a function is not allowed"),
    "expression": (HEAD + "max(p, d)\n    return d", 2, 5, "an expression whose value is not used is not allowed"),
    "ellipsis": (HEAD + "...\n    return d", 2, 5, "an expression whose value is not used is not allowed"),
    "match": (HEAD + "match p:\n        case 1: pass\n    return d", 2, 5, "match is not allowed"),
    "loop else": (HEAD + "for i in range(3):\n        pass\n    else:\n        pass\n    return d", 5, 9, "`else` after a loop"),
    "for over parameter": (HEAD + "for i in p:\n        pass\n    return d", 2, 14, "a `for` loop must run over range"),
    "for over list": (HEAD + "for i in [1]:\n        pass\n    return d", 2, 14, "a `for` loop must run over range"),
    "step of 0": (HEAD + "for i in range(1, 5, 0):\n        pass\n    return d", 2, 26, "the step of a range must not be 0"),
    "empty range": (HEAD + "for i in range():\n        pass\n    return d", 2, 14, "range takes 1 to 3 arguments, got 0"),
    "range outside for": (HEAD + "return range(3)", 2, 12, "`range` may not be called"),
    "bare return": (HEAD + "return", 2, 5, "`return` needs a value"),
    "break outside": (HEAD + "break\n    return d", 2, 5, "belong inside a loop"),
    "store attribute": (HEAD + "math.pi = 3\n    return d", 2, 5, "only a plain name can be assigned to"),
    "store item": (HEAD + "p[0] = 3\n    return d", 2, 5, "only a plain name can be assigned to, got indexing"),
    "starred": (HEAD + "a, *b = p, d\n    return d", 2, 8, "only a plain name can be assigned to"),
    "uneven tuple": (HEAD + "a, b = p\n    return d", 2, 5, "both sides of this assignment need"),
    "tuple in a chain": (HEAD + "(a,) = c = (p,)\n    return d", 2, 5, "both sides of this assignment need"),
    "tuple": (HEAD + "a = p, d\n    return d", 2, 9, "a tuple is not allowed"),
    # expressions
    "string": (HEAD + "return 'x'", 2, 12, "a string is not allowed"),
    "none": (HEAD + "return None", 2, 12, "None is not allowed"),
    "complex": (HEAD + "return 1j", 2, 12, "a complex number is not allowed"),
    "f-string": (HEAD + "return f'{p}'", 2, 12, "an f-string is not allowed"),
    "list": (HEAD + "return [p]", 2, 12, "a list is not allowed"),
    "dict": (HEAD + "return {}", 2, 12, "a dict is not allowed"),
    "set": (HEAD + "return {p}", 2, 12, "a set is not allowed"),
    "comprehension": (HEAD + "return max([x for x in p])", 2, None, "`max` takes at least 2 arguments, got 1"),
    "generator": (HEAD + "return max(1, (x for x in p))", 2, 19, "a comprehension is not allowed"),
    "subscript": (HEAD + "return p[0]", 2, 12, "indexing with [] is not allowed"),
    "attribute": (HEAD + "return p.real", 2, 12, "the attribute `p.real` is not allowed"),
    "dunder": (HEAD + "return p.__class__", 2, 12, "the attribute `p.__class__` is not allowed"),
    "dunder walk": (HEAD + "return ().__class__.__bases__", 2, 12, "the attribute is not allowed"),
    "module as value": (HEAD + "x = math\n    return d", 2, 9, "`math` can only be called"),
    "function as value": (HEAD + "x = max\n    return d", 2, 9, "`max` can only be called"),
    "itself as value": (HEAD + "x = priority\n    return d", 2, 9, "`priority` can only be called"),
    "walrus": (HEAD + "return (x := p)", 2, 13, "`:=` is not allowed"),
    "yield": (HEAD + "yield p", 2, 5, "an expression whose value is not used"),
    "await": (HEAD + "return (yield)", 2, 13, "yield is not allowed"),
    "shift": (HEAD + "return 1 << 2", 2, 12, "the operator `<<` is not allowed"),
    "matmul": (HEAD + "return p @ d", 2, 12, "the operator `@` is not allowed"),
    "invert": (HEAD + "return ~p", 2, 12, "the operator `~` is not allowed"),
    "is": (HEAD + "return p is d", 2, 12, "the operator `is` is not allowed"),
    "in": (HEAD + "return p in d", 2, 12, "the operator `in` is not allowed"),
    "augmented": (HEAD + "p |= d\n    return p", 2, 5, "the operator `|` is not allowed"),
    "integer beyond int64": (HEAD + "return 9223372036854775808", 2, 12, "an integer beyond 64 bits"),
    "constant beyond int64": ("K = -9223372036854775808\n" + HEAD + "return d", 1, 6, "an integer beyond 64 bits"),
    "power bomb": (HEAD + "return 9 ** 9 ** 9", 2, 17 - 5, "leaves 64 bits"),
    "power bomb in steps": (HEAD + "return (9 ** 9) ** 9", 2, None, "leaves 64 bits"),
    "negative power bomb": (HEAD + "return (-9) ** (9 * 9)", 2, 12, "leaves 64 bits"),
    "power bomb of truth": (HEAD + "return d + 0 * (9 + (not 0)) ** (9 ** 9)", 2, 20, "leaves 64 bits"),
    "sum with truth": (HEAD + "return d * ((not 0) + 9223372036854775807)", 2, 17, "leaves 64 bits"),
    "sum with a power of 1": (HEAD + "return 1 ** 5 + 9223372036854775807", 2, 12, "leaves 64 bits"),
    "division by false": (HEAD + "return 7 // (not 1)", 2, 12, "division by the literal 0"),
    "power that is complex": (HEAD + "return ((-8) ** 0.5 // 2) ** 2 + d", 2, 13, "not a real number"),
    "size of a complex": (HEAD + "return abs((-8) ** 0.5) + d", 2, 16, "not a real number"),
    "step that is 0": (HEAD + "for i in range(0, 5, 1 - 1):\n        d += 1\n    return d", 2, 26, "must not be 0"),
    "product": (HEAD + "return 9223372036854775807 * 2", 2, 12, "leaves 64 bits"),
    "literal division by zero": (HEAD + "return 1 // 0", 2, 12, "division by the literal 0"),
    # calls
    "eval": (HEAD + "return eval(p)", 2, 12, "`eval` may not be called; allowed are abs, float, math.atan, math.exp"),
    "int": (HEAD + "return int(p)", 2, 12, "`int` may not be called"),
    "not allowed in math": (HEAD + "return math.gamma(p)", 2, 12, "`math.gamma` may not be called"),
    "not allowed in numpy": (HEAD + "return np.fromfile(p)", 2, 12, "`np.fromfile` may not be called"),
    "deep attribute": (HEAD + "return np.random.rand(p)", 2, 12, "only functions called by their name"),
    "called call": (HEAD + "return max(p, d)(t)", 2, 12, "only functions called by their name"),
    "called lambda": (HEAD + "return (lambda: 1)()", 2, 12, "only functions called by their name"),
    "method": (HEAD + "return p.conjugate()", 2, 12, "`p.conjugate` may not be called"),
    "keyword argument": (HEAD + "return max(p, d, key=abs)", 2, 12, "`max` takes positional arguments only"),
    "starred argument": (HEAD + "return max(*p)", 2, 12, "`max` takes positional arguments only"),
    "double starred argument": (HEAD + "return max(p, d, **t)", 2, 12, "`max` takes positional arguments only"),
    "too few": (HEAD + "return abs()", 2, 12, "`abs` takes 1 argument, got 0"),
    "too many": (HEAD + "return math.log(p, 2)", 2, 12, "`math.log` takes 1 argument, got 2"),
    "recursion": (HEAD + "return f(p)\n\ndef f(a):\n    return f(a)", 4, 1, "`f` calls itself"),
    "mutual recursion": (HEAD + "return f(p)\n\ndef f(a):\n    return g(a)\n\ndef g(a):\n    return f(a)", 4, 1, "`f` calls itself"),
    "calls the contract": (HEAD + "return extra(p)\n\ndef extra(x):\n    return x", 2, 12, "`extra` cannot be called by the program"),
    # names
    "underscore": (HEAD + "_x = 1\n    return d", 2, 5, "the name `_x` begins with an underscore"),
    "dunder name": (HEAD + "return __builtins__", 2, 12, "the name `__builtins__` is not defined"),
    "underscore helper": ("def _f(x):\n    return x\n" + HEAD + "return d", 1, 1, "begins with an underscore"),
    "theta": (HEAD + "theta = 1\n    return d", 2, 5, "the name `theta` has a meaning already"),
    "theta read": (HEAD + "return theta", 2, 12, "`theta` can only be called"),
    "hidden call": (HEAD + "max = 1\n    return d", 2, 5, "the name `max` has a meaning already"),
    "hidden constant": ("K = 1\n" + HEAD + "K = 2\n    return d", 3, 5, "the name `K` has a meaning already"),
    "hidden helper": ("def h(x):\n    return x\n" + HEAD + "h = 2\n    return d", 4, 5, "the name `h` has a meaning already"),
    "loop variable": (HEAD + "for max in range(3):\n        pass\n    return d", 2, 9, "the name `max` has a meaning already"),
    "undefined": (HEAD + "return slack", 2, 12, "the name `slack` is not defined"),
    "undefined call": (HEAD + "return slack(d)", 2, 12, "`slack` may not be called"),
    # flow
    "read before": (HEAD + "y = x\n    x = 1\n    return y", 2, 9, "`x` may be read before it is assigned"),
    "one branch": (HEAD + "if p > 1:\n        x = 1\n    return x", 4, 12, "`x` may be read before it is assigned"),
    "loop body": (HEAD + "for i in range(3):\n        x = i\n    return x", 4, 12, "`x` may be read before it is assigned"),
    "loop variable after": (HEAD + "for i in range(3):\n        pass\n    return i", 4, 12, "`i` may be read before"),
    "augmented first": (HEAD + "x += 1\n    return x", 2, 5, "`x` may be read before it is assigned"),
    "break before": (HEAD + "while True:\n        if p > 1:\n            break\n        x = 1\n    return x", 6, 12, "`x` may be read"),
    "no return": (HEAD + "x = 1", 1, 1, "`priority` can reach its end without returning a value"),
    "return in one branch": (HEAD + "if p > 1:\n        return 1", 1, 1, "`priority` can reach its end without"),
    "only a docstring": (HEAD + "'text'", 1, 1, "`priority` can reach its end without returning a value"),
    "endless": (HEAD + "while p:\n        return 1", 1, 1, "`priority` can reach its end without returning a value"),
}  # fmt: skip


ARRAYS = AllowList(
    (FunctionShape("score", ("x", "a", "b"), arrays=("a", "b")), FunctionShape("extra", ("y",), required=False)),
    CALLS | {"math.floor", *ARRAY_CALLS},
)
FUNCTION = "def score(x, a, b):\n    "

ACCEPTED_ARRAYS = {
    "element": (FUNCTION + "return a[0] + b[-1]", None),
    "length": (FUNCTION + "return x / len(a)", None),
    "loop": (FUNCTION + "s = 0.0\n    for i in range(len(a)):\n        s += a[i] * b[i - 1]\n    return s", None),
    "element of an element": (FUNCTION + "return a[math.floor(b[0])]", None),
    "local arrays": (
        FUNCTION + "w, v = (np.zeros(3), np.ones(len(a)))\n    u = np.full(2, 0.5)\n    w[0] = x\n    w[-1] += 2\n    w[1] **= 2\n    return w[0] + v[1] * u[0]",
        None,
    ),
    "swap": (FUNCTION + "w = np.zeros(2)\n    w[0], w[1] = (w[1], x)\n    return w[0]", None),
    "one of two constructors": (
        FUNCTION + "if x > 0:\n        w = np.zeros(3)\n    else:\n        w = np.ones(4)\n    w[0] = 1\n    return w[2]",
        None,
    ),
    "made again in a loop": (FUNCTION + "s = 0.0\n    for i in range(3):\n        w = np.zeros(2)\n        w[i] = s\n        s += w[0]\n    return s", None),
    "helpers read": (
        "def last(u):\n    return u[-1]\n\ndef both(u, v, i):\n    return last(u) + v[i]\n\n" + FUNCTION + "w = np.zeros(1)\n    return both(a, w, 0) + both(w, b, 1)",
        None,
    ),
    "helper makes": ("def h(n):\n    w = np.ones(n)\n    w[0] = 2.0\n    return w[0]\n\n" + FUNCTION + "return h(len(a))", None),
    "full of integers": (FUNCTION + "w = np.full(2, 1)\n    return w[0]", FUNCTION + "w = np.full(2, 1.0)\n    return w[0]"),
    "full of truth": (FUNCTION + "w = np.full(2, True)\n    return w[0]", FUNCTION + "w = np.full(2, 1.0)\n    return w[0]"),
    "full of anything": (FUNCTION + "w = np.full(2, len(a))\n    return w[0]", FUNCTION + "w = np.full(2, float(len(a)))\n    return w[0]"),
    "type": (FUNCTION + "w = np.zeros(3, dtype=np.float64)\n    v = numpy.ones(2, float)\n    return w[0] + v[1]", FUNCTION + "w = np.zeros(3)\n    v = np.ones(2)\n    return w[0] + v[1]"),
    "size": (FUNCTION + "w = np.zeros(a.size)\n    return b.shape[0] + len(w)", FUNCTION + "w = np.zeros(len(a))\n    return len(b) + len(w)"),
    "annotations": ("def score(x: float, a: np.ndarray, b: 'np.ndarray') -> float:\n    w: np.ndarray = np.zeros(2)\n    return w[0]", FUNCTION + "w = np.zeros(2)\n    return w[0]"),
    "imported constructor": ("from numpy import zeros, full\n" + FUNCTION + "w = zeros(2)\n    v = full(1, x)\n    return w[0] + v[0]", FUNCTION + "w = np.zeros(2)\n    v = np.full(1, float(x))\n    return w[0] + v[0]"),
    "scalar function beside it": (FUNCTION + "return x\n\ndef extra(y):\n    return y", FUNCTION + "return x\n\ndef extra(y):\n    return y"),
}  # fmt: skip

REJECTED_ARRAYS = {
    # writing to what one was handed
    "write": (FUNCTION + "a[0] = 1\n    return x", 2, 5, "`a` is read-only: make an array of your own, such as `x = np.zeros(len(a))`"),
    "augmented write": (FUNCTION + "a[0] += 1\n    return x", 2, 5, "`a` is read-only"),
    "write in a tuple": (FUNCTION + "y, a[0] = 1, 2\n    return y", 2, 8, "`a` is read-only"),
    "write by a helper": ("def h(u):\n    u[0] = 1\n    return 1\n" + FUNCTION + "return h(a)", 2, 5, "a helper function may not write to the array `u` that it is handed"),
    "write by a helper of a helper": ("def h(u):\n    return g(u)\ndef g(v):\n    v[0] = 1\n    return 1\n" + FUNCTION + "return h(a)", 4, 5, "a helper function may not write to the array `v`"),
    "write to one's own by a helper": ("def h(u):\n    u[0] = 1\n    return 1\n" + FUNCTION + "w = np.zeros(3)\n    return h(w)", 2, 5, "write to an array in the function that makes it"),
    # second names for an array
    "alias": (FUNCTION + "w = a\n    w[0] = 1\n    return x", 2, 9, "the array `a` cannot have another name"),
    "alias of one's own": (FUNCTION + "w = np.zeros(3)\n    v = w\n    return v[0]", 3, 9, "the array `w` cannot have another name"),
    "alias on one path": (FUNCTION + "w = np.zeros(3)\n    if x > 1:\n        w = a\n    w[0] = 1\n    return x", 4, 13, "the array `a` cannot have another name"),
    "alias in a tuple": (FUNCTION + "w, v = np.zeros(1), np.ones(1)\n    w, v = v, w\n    return w[0]", 3, 12, "the array `v` cannot have another name"),
    "two names at once": (FUNCTION + "w = v = np.zeros(3)\n    return w[0]", 2, 5, "each array needs a constructor of its own"),
    "conditional alias": (FUNCTION + "w = a if x > 1 else b\n    return x", 2, 9, "`a` is an array where a number is wanted"),
    "parameter made again": (FUNCTION + "a = np.zeros(3)\n    a[0] = 1\n    return a[0]", 2, 5, "`a` is a parameter and cannot become another array"),
    "number parameter made an array": (FUNCTION + "x = np.zeros(3)\n    return x[0]", 2, 5, "`x` is a parameter and cannot become another array"),
    "helper's parameter made again": ("def h(u):\n    u = np.zeros(3)\n    u[0] = 1\n    return u[0]\n" + FUNCTION + "return h(a)", 2, 5, "`u` is a parameter and cannot become another array"),
    "array that becomes a number": (FUNCTION + "w = np.zeros(3)\n    w = 1\n    return w", 3, 5, "`w` is an array: choose another name for this number"),
    "number that becomes an array": (FUNCTION + "w = 1\n    w = np.zeros(3)\n    return w[0]", 2, 5, "`w` is an array: choose another name for this number"),
    "array to count with": (FUNCTION + "w = np.zeros(3)\n    for w in range(3):\n        pass\n    return x", 3, 5, "`w` is an array: choose another name to count with"),
    # arrays as numbers
    "returned": (FUNCTION + "return a", 2, 12, "the array `a` cannot be returned: return a number"),
    "returned from a helper": ("def h(n):\n    w = np.zeros(n)\n    return w\n" + FUNCTION + "return h(3)", 3, 12, "the array `w` cannot be returned"),
    "arithmetic": (FUNCTION + "return 2 * a", 2, 16, "`a` is an array where a number is wanted: use an element (`a[i]`) or its length (`len(a)`), or loop"),
    "augmented": (FUNCTION + "w = np.zeros(3)\n    w += 1\n    return w[0]", 3, 5, "`w` is an array: change its elements one by one"),
    "added to a number": (FUNCTION + "x += a\n    return x", 2, 10, "`a` is an array where a number is wanted"),
    "condition": (FUNCTION + "if a:\n        return 1\n    return x", 2, 8, "`a` is an array where a number is wanted"),
    "comparison": (FUNCTION + "return a > 1", 2, 12, "`a` is an array where a number is wanted"),
    "argument": (FUNCTION + "return math.exp(a)", 2, 21, "`a` is an array where a number is wanted"),
    "stored": (FUNCTION + "w = np.zeros(3)\n    w[0] = a\n    return w[0]", 3, 12, "`a` is an array where a number is wanted"),
    "value of full": (FUNCTION + "w = np.full(3, a)\n    return w[0]", 2, 20, "`a` is an array where a number is wanted"),
    "mask": (FUNCTION + "w = np.zeros(3)\n    return a[w]", 3, 14, "`w` is an array where a number is wanted"),
    "number for a helper's array": ("def h(u):\n    return u[0]\n" + FUNCTION + "return h(x)", 4, 14, "`x` is a number where the name of an array is wanted"),
    "sum for a helper's array": ("def h(u):\n    return u[0]\n" + FUNCTION + "return h(x + 1)", 4, 14, "this is a number where the name of an array is wanted"),
    "array for a helper's number": ("def h(u):\n    return u + 1\n" + FUNCTION + "return h(a)", 4, 14, "`a` is an array where a number is wanted"),
    "length of a number": (FUNCTION + "return len(x)", 2, 16, "`x` is a number where the name of an array is wanted"),
    "element of a number": (FUNCTION + "return x[0]", 2, 12, "`x` is a number where the name of an array is wanted"),
    "element of a constant": ("K = 2.0\n" + FUNCTION + "return K[0]", 3, 12, "`K` is a number where the name of an array is wanted"),
    "write to a number": (FUNCTION + "y = 1\n    y[0] = 2\n    return y", 3, 5, "`y` is a number where the name of an array is wanted"),
    # indices
    "slice": (FUNCTION + "return a[1:]", 2, 12, "slices are not allowed: read one element at a time"),
    "slice written": (FUNCTION + "w = np.zeros(3)\n    w[:] = 1\n    return w[0]", 3, 5, "slices are not allowed"),
    "two indices": (FUNCTION + "return a[0, 1]", 2, 12, "arrays have one dimension: an index is one integer"),
    "ellipsis index": (FUNCTION + "return a[...]", 2, 14, "`...` is not allowed"),
    "none index": (FUNCTION + "return a[None]", 2, 14, "None is not allowed"),
    "float index": (FUNCTION + "return a[1.0]", 2, 14, "an index must be an integer, this is a float: use math.floor(...)"),
    "quotient": (FUNCTION + "return a[len(a) / 2]", 2, 14, "an index must be an integer, this is a float: use `//` instead of `/`"),
    "root": (FUNCTION + "return a[math.sqrt(x)]", 2, 14, "an index must be an integer, this is a float: use math.floor(...)"),
    "float on one side": (FUNCTION + "return a[0 if x > 1 else 0.5]", 2, 14, "an index must be an integer, this is a float"),
    "truth as index": (FUNCTION + "return a[x > 1]", 2, 14, "an index must be an integer, this is a truth value: test one element at a time"),
    "mask as index": (FUNCTION + "return a[a > 1]", 2, 14, "an index must be an integer, this is a truth value"),
    "index of no name": (FUNCTION + "return np.zeros(3)[0]", 2, 12, "only an array that has a name can be indexed"),
    "index twice": (FUNCTION + "return a[0][0]", 2, 12, "only an array that has a name can be indexed"),
    "unread index": (FUNCTION + "w = np.zeros(3)\n    w[i] = 1\n    i = 2\n    return w[i]", 3, 7, "`i` may be read before it is assigned"),
    "write before": (FUNCTION + "w[0] = 1\n    w = np.zeros(3)\n    return w[0]", 2, 5, "`w` may be read before it is assigned"),
    "made on one path": (FUNCTION + "if x > 1:\n        w = np.zeros(3)\n    return w[0]", 4, 12, "`w` may be read before it is assigned"),
    # constructors
    "empty": (FUNCTION + "w = np.empty(3)\n    return w[0]", 2, 9, "`np.empty` may not be called: make an array with np.zeros(n)"),
    "list": (FUNCTION + "w = [0.0] * 3\n    return w[0]", 2, 9, "a list is not allowed: make an array with np.zeros(n)"),
    "comprehension": (FUNCTION + "w = [0.0 for i in range(3)]\n    return w[0]", 2, 9, "a comprehension is not allowed: make an array with np.zeros(n)"),
    "array of a list": (FUNCTION + "w = np.array([1.0])\n    return w[0]", 2, 9, "`np.array` may not be called: make an array with np.zeros(n)"),
    "two dimensions": (FUNCTION + "w = np.zeros((2, 2))\n    return w[0]", 2, 18, "arrays have one dimension: write `np.zeros` with its length"),
    "float length": (FUNCTION + "w = np.zeros(len(a) / 2)\n    return w[0]", 2, 18, "the length of an array must be an integer, this is a float: use `//`"),
    "other type": (FUNCTION + "w = np.zeros(3, dtype=np.int32)\n    return w[0]", 2, 9, "`np.zeros` takes positional arguments only"),
    "no value": (FUNCTION + "w = np.full(3)\n    return w[0]", 2, 9, "`np.full` takes 2 arguments, got 1"),
    "huge value": (FUNCTION + f"w = np.full(3, {10**400})\n    return w[0]", 2, 20, "an integer beyond 64 bits"),
    "not assigned": (FUNCTION + "return len(np.zeros(3))", 2, 16, "this is a number where the name of an array is wanted"),
    "returned at once": (FUNCTION + "return np.zeros(3)", 2, 12, "a new array needs a name before it is used"),
    "handed on at once": ("def h(u):\n    return u[0]\n" + FUNCTION + "return h(np.zeros(3))", 4, 14, "this is a number where the name"),
    "constructor in a sum": (FUNCTION + "w = np.zeros(3) + 1\n    return w", 2, 9, "a new array needs a name before it is used"),
    # what people write
    "sum": (FUNCTION + "return np.sum(a)", 2, 12, "`np.sum` may not be called: loop over the elements"),
    "method": (FUNCTION + "return a.sum()", 2, 12, "`a.sum` may not be called: loop over the elements"),
    "copy": (FUNCTION + "w = a.copy()\n    return w[0]", 2, 9, "`a.copy` may not be called: loop over the elements"),
    "largest": (FUNCTION + "return max(a)", 2, 12, "`max` takes at least 2 arguments, got 1: loop over the elements"),
    "iteration": (FUNCTION + "for y in a:\n        pass\n    return x", 2, 14, "a `for` loop must run over range(...): write `for i in range(len(a))`"),
    "enumerate": (FUNCTION + "for i, y in enumerate(a):\n        pass\n    return x", 2, 17, "a `for` loop must run over range(...)"),
    "int": (FUNCTION + "return a[int(x)]", 2, 14, "`int` may not be called: use math.floor"),
    "shape": (FUNCTION + "return a.shape", 2, 12, "the attribute `a.shape` is not allowed here: use `len(a)`"),
    "other attribute": (FUNCTION + "return a.flags", 2, 12, "the attribute `a.flags` is not allowed here"),
    "memory": (FUNCTION + "return a.ctypes.data", 2, 12, "the attribute is not allowed here"),
    "membership": (FUNCTION + "return x in a", 2, 12, "the operator `in` is not allowed"),
    "deletion": (FUNCTION + "del a[0]\n    return x", 2, 5, "del is not allowed"),
    "loop target": (FUNCTION + "w = np.zeros(3)\n    for w[0] in range(3):\n        pass\n    return x", 3, 9, "only a plain name can be assigned to"),
    "hidden length": (FUNCTION + "len = 1\n    return len", 2, 5, "the name `len` has a meaning already"),
    "annotation": ("def score(x, a: list, b):\n    return x", 1, 17, "only float, int, bool and np.ndarray are allowed as annotations"),
}  # fmt: skip


@pytest.mark.parametrize("name", ACCEPTED_ARRAYS)
def test_accepted_arrays(name: str) -> None:
    source, expected = ACCEPTED_ARRAYS[name]
    checked = screen(source, ARRAYS)
    assert checked == (source if expected is None else expected)
    assert screen(checked, ARRAYS) == checked


@pytest.mark.parametrize("name", REJECTED_ARRAYS)
def test_rejected_arrays(name: str) -> None:
    source, line, column, reason = REJECTED_ARRAYS[name]
    with pytest.raises(ScreenError) as caught:
        screen(source, ARRAYS)
    error = caught.value
    assert reason in error.reason
    assert (line, column) == (error.line, error.column)


@pytest.mark.parametrize("name", ACCEPTED_ARRAYS)
def test_programs_with_arrays_are_refused_where_the_contract_has_none(name: str) -> None:
    shapes = tuple(replace(shape, arrays=()) for shape in ARRAYS.functions)
    scalar = AllowList(shapes, CALLS | {"math.floor"})
    source, expected = ACCEPTED_ARRAYS[name]
    if "extra" in source:
        assert screen(source, scalar) == expected
        return
    with pytest.raises(ScreenError):
        screen(source, scalar)


def test_words_for_arrays_are_ordinary_names_where_the_contract_has_none() -> None:
    source = HEAD + "len = p\n    return len"
    assert screen(source, ALLOW) == source


@pytest.mark.parametrize("name", ACCEPTED)
def test_contracts_with_arrays_take_everything_that_others_take(name: str) -> None:
    allow = replace(ALLOW, functions=(*ALLOW.functions, FunctionShape("other", ("a",), required=False, arrays=("a",))))
    allow = replace(allow, calls=CALLS | set(ARRAY_CALLS))
    source, _ = ACCEPTED[name]
    assert screen(source, allow) == screen(source, ALLOW)


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(name: str) -> None:
    source, expected = ACCEPTED[name]
    checked = screen(source, ALLOW)
    assert checked == (source if expected is None else expected)
    assert screen(checked, ALLOW) == checked


@pytest.mark.parametrize("name", REJECTED)
def test_rejected(name: str) -> None:
    source, line, column, reason = REJECTED[name]
    with pytest.raises(ScreenError) as caught:
        screen(source, ALLOW)
    error = caught.value
    assert reason in error.reason
    assert line in (None, error.line)
    assert column in (None, error.column)
    assert str(error) == f"line {error.line}, column {error.column}: {error.reason}"


def test_caps_come_from_the_allow_list() -> None:
    source = HEAD + "return d"
    assert screen(source, AllowList(ALLOW.functions, CALLS, max_bytes=len(source)))
    with pytest.raises(ScreenError, match=f"at most {len(source) - 1} are allowed"):
        screen(source, AllowList(ALLOW.functions, CALLS, max_bytes=len(source) - 1))
    with pytest.raises(ScreenError, match="more than 2 expressions"):
        screen(source, AllowList(ALLOW.functions, CALLS, max_nodes=2))


def test_the_normal_form_is_capped_too() -> None:
    """One space of indentation becomes four, so that a program may outgrow the cap on its way."""
    source = "def priority(p, d, t):\n" + " p=d\n" * 5 + " return d"
    with pytest.raises(ScreenError, match="bytes in normal form"):
        screen(source, AllowList(ALLOW.functions, CALLS, max_bytes=len(source)))


def test_sixty_four_branches_in_one_chain_pass() -> None:
    chain = "if p < 0:\n        return 0\n    " + "".join(
        f"elif p < {i}:\n        return {i}\n    " for i in range(1, 64)
    )
    assert screen(HEAD + chain + "return d", ALLOW).count("elif") == 63


def settles(source: str, allow: AllowList = ALLOW) -> None:
    """Screening ends in a program that is screened to itself, or in ScreenError."""
    try:
        checked = screen(source, allow)
    except ScreenError as refusal:
        error = refusal
    else:
        error = None
    if error is not None:
        assert min(error.line, error.column) >= 1
        return
    assert checked.isascii()
    assert screen(checked, allow) == checked
    names = {n.attr for n in ast.walk(ast.parse(checked)) if isinstance(n, ast.Attribute)}
    assert names <= {call.partition(".")[2] for call in allow.calls}


@given(st.text(max_size=200) | st.text(string.printable, max_size=400))
def test_random_text_settles(text: str) -> None:
    settles(text)


PIECES = [
    *(source for source, _ in ACCEPTED.values()), *(r[0] for r in REJECTED.values() if len(r[0]) < 300),
]  # fmt: skip
TOKENS = [
    "(", ")", "[", "]", ":", ",", "=", "\n", "\n    ", "\n        ", " ", "d", "p", "x", "1", "0.5", "9", "**", "<<", "-",
    "return ", "if ", "else:", "for i in range(3):", "while ", "lambda ", "def ", "import ", "math.", "np.", "__class__",
    "exp", "'", '"""', "\\", "#", "\t", "\0", "\x0c", "\u00e9", "*", "@", ".", "not ", "{", "}", ";", "global ", "await ",
]  # fmt: skip


ARRAY_PIECES = [
    *(source for source, _ in ACCEPTED_ARRAYS.values()), *(r[0] for r in REJECTED_ARRAYS.values() if len(r[0]) < 300),
]  # fmt: skip
ARRAY_TOKENS = [
    "a",
    "w",
    "[0]",
    "[i]",
    "[x]",
    "len(a)",
    "np.zeros(3)",
    "w[0] = ",
    ".shape",
    ".size",
    "np.full(2, x)",
    "h(",
]


def mutated(source: str, pieces: list[str], tokens: list[str], rng: random.Random, edits: int) -> str:
    for _ in range(edits):
        start = rng.randrange(len(source) + 1)
        end = min(len(source), start + rng.choice([0, 0, 1, 3, 10]))
        middle = rng.choice([rng.choice(tokens), rng.choice(pieces)[:60], source[start:end] * 2])
        source = source[:start] + middle + source[end:]
    return source


@given(st.sampled_from(PIECES), st.integers(), st.integers(1, 6))
def test_mutated_programs_settle(source: str, seed: int, edits: int) -> None:
    settles(mutated(source, PIECES, TOKENS, random.Random(seed), edits))


@given(st.sampled_from(ARRAY_PIECES), st.integers(), st.integers(1, 4))
def test_mutated_programs_with_arrays_settle(source: str, seed: int, edits: int) -> None:
    settles(mutated(source, ARRAY_PIECES, [*TOKENS, *ARRAY_TOKENS], random.Random(seed), edits), ARRAYS)


EXPRESSIONS = st.recursive(
    st.sampled_from(["p", "d", "t", "1", "2.5", "0"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "<", "==", "and", "or"]), inner).map(lambda x: f"({' '.join(x)})"),
        inner.map(lambda x: f"-{x}"),
        inner.map(lambda x: f"(not {x})"),
        st.tuples(st.sampled_from(["max", "min", "np.maximum", "math.pow"]), inner, inner).map(
            lambda x: f"{x[0]}({x[1]}, {x[2]})"
        ),
        st.tuples(st.sampled_from(["abs", "math.exp", "np.sqrt"]), inner).map(lambda x: f"{x[0]}({x[1]})"),
        st.tuples(inner, inner, inner).map(lambda x: f"({x[0]} if {x[1]} else {x[2]})"),
    ),
    max_leaves=12,
)  # fmt: skip


@given(EXPRESSIONS)
def test_expressions_of_the_grammar_pass(expression: str) -> None:
    settles(HEAD + f"return {expression}")
    tree = ast.parse(expression, mode="eval")
    integers_only = not any(
        isinstance(n, ast.Name) or isinstance(getattr(n, "value", 0), float) for n in ast.walk(tree)
    )
    if not integers_only and "**" not in expression and "//" not in expression and "%" not in expression:
        assert screen(HEAD + f"return {expression}", ALLOW)
