"""How long programs take to compile, by size and shape, from small ones to the caps of the syntax screen.

    python benchmarks/compile_time.py [--repeat 3] [--shape NAME]...

Prints processor seconds, which hardly depend on what else the machine does. The last row of each shape is the largest
program of that shape that the screen lets pass; `worst` is what the caps allow.
"""

import argparse
import ast
import time
from collections.abc import Callable, Iterator

from heuresis.evaluators.language.compile import compile_program
from heuresis.evaluators.language.contract import Contract, Function, Kind, Parameter, Unit
from heuresis.sandbox.screen.screen import ScreenError, screen

CONTRACT = Contract(
    (
        Function(
            "score",
            (
                Parameter("x", Unit.ONE, "a number", varies=True),
                Parameter("y", Unit.ONE, "another", varies=False),
                Parameter("k", Unit.COUNT, "a whole number", varies=False, kind=Kind.INT64),
                Parameter("a", Unit.ONE, "an array", varies=False, kind=Kind.FLOAT64_ARRAY),
            ),
            "a value",
        ),
    )
)
ALLOW = CONTRACT.allow_list()
HEAD = "def score(x, y, k, a):\n    z = x\n"


def straight(n: int) -> str:
    """Assignments, one after the other."""
    return HEAD + "".join(f"    z = z * {i}.5 - y\n" for i in range(n)) + "    return z\n"


def long_sum(n: int) -> str:
    """Different variables, all added up at the end."""
    lines = "".join(f"    v{i} = x * {i}.5 + y\n    z += v{i}\n" for i in range(n))
    return HEAD + lines + "    return z\n"


def functions(n: int) -> str:
    """Calls of `math`."""
    return HEAD + "".join(f"    z = math.exp(z) + math.sin({i}.5)\n" for i in range(n)) + "    return z\n"


def extremes(n: int) -> str:
    """`min` and `max` of many arguments."""
    many = ", ".join(f"x + {i}.5" for i in range(n))
    return HEAD + f"    return max(z, {many})\n"


def branches(n: int) -> str:
    """One `if` after the other."""
    return HEAD + "".join(f"    if x > {i}.5:\n        z += y\n" for i in range(n)) + "    return z\n"


def two_ways(n: int) -> str:
    """`if` and `else`, one after the other."""
    each = "".join(f"    if x > {i}.5:\n        z += y\n    else:\n        z -= 1.0\n" for i in range(n))
    return HEAD + each + "    return z\n"


def chain(n: int) -> str:
    """A long `elif` chain that returns."""
    parts = "".join(f"    {'el' if i else ''}if x > {i}.5:\n        return y * {i}.25\n" for i in range(n))
    return HEAD + parts + "    return z\n"


def conditions(n: int) -> str:
    """Conditional expressions and `and`, `or`."""
    each = "".join(f"    z += {i}.5 if x > y and z < {i} or k == {i} else y\n" for i in range(n))
    return HEAD + each + "    return z\n"


def truths(n: int) -> str:
    """`and` and `or` of numbers, each a branch."""
    return HEAD + "".join("    z = x and z or y and k or z\n" for _ in range(n)) + "    return z\n"


def comparisons(n: int) -> str:
    """Chained comparisons, each a branch."""
    return HEAD + "".join("    z += x < y <= z < k < x\n" for _ in range(n)) + "    return z\n"


def whole_numbers(n: int) -> str:
    """Division of whole numbers, rounding and powers."""
    lines = "".join(f"    j = j // k % {i + 2}\n    z += math.floor(z) ** j + z ** 7\n" for i in range(n))
    return HEAD + "    j = k\n" + lines + "    return z\n"


def loops(n: int) -> str:
    """Short loops, one after the other."""
    return HEAD + "".join("    for i in range(k):\n        z = z * 0.5 + i\n" for _ in range(n)) + "    return z\n"


def fixed_loops(n: int) -> str:
    """Loops of constant length, which LLVM unrolls."""
    return HEAD + "".join("    for i in range(7):\n        z = z * 0.5 + i\n" for _ in range(n)) + "    return z\n"


def nested(n: int) -> str:
    """Three loops inside each other, with a branch, again and again."""
    one = (
        "    for i in range(k):\n        for j in range(i):\n            for l in range(5):\n"
        "                if x > l:\n                    z += y\n"
    )
    return HEAD + one * n + "    return z\n"


def searches(n: int) -> str:
    """`while` loops with `break`."""
    one = "    while z > y:\n        z -= 1.0\n        if z == x:\n            break\n"
    return HEAD + one * n + "    return z\n"


def reads(n: int) -> str:
    """Elements of an array."""
    return HEAD + "".join(f"    z += a[k + {i}] * a[{i}]\n" for i in range(n)) + "    return z\n"


def makes(n: int) -> str:
    """Arrays of one's own."""
    lines = "".join(f"    b{i} = np.zeros(k)\n    b{i}[0] = x\n    z += b{i}[{i}]\n" for i in range(n))
    return HEAD + lines + "    return z\n"


def fills(n: int) -> str:
    """Loops over arrays that write another one."""
    one = "    for i in range(len(a)):\n        b[i] += a[i] * z\n        z = max(z, b[i - 1])\n"
    return HEAD + "    b = np.full(len(a), x)\n" + one * n + "    return z\n"


def helpers(n: int) -> str:
    """Helper functions, each called once."""
    each = "".join(f"def h{i}(u):\n    return u * {i}.5\n" for i in range(n))
    return each + HEAD + "".join(f"    z += h{i}(x)\n" for i in range(n)) + "    return z\n"


def calls(n: int) -> str:
    """One helper function, called again and again."""
    helper = "def h(u, v):\n    if u > v:\n        return math.exp(u) - v\n    return u * v\n"
    return helper + HEAD + "    z += h(z, x)\n" * n + "    return z\n"


def kinds(n: int) -> str:
    """One helper function, called with other kinds of numbers each time, so that it is compiled each time."""
    helper = "def h(p, q, r, s):\n    return p + q * r - s\n"
    choices = ("x", "k", "x > y")
    lines = "".join(f"    z += h({', '.join(f'({choices[i // 3**j % 3]})' for j in range(4))})\n" for i in range(n))
    return helper + HEAD + lines + "    return z\n"


def doubling(n: int) -> str:
    """Helper functions that call the next one with two kinds of numbers."""
    each = "".join(f"def h{i}(p, q):\n    return h{i + 1}(p, q) + h{i + 1}(q, p + 0.5)\n" for i in range(n))
    last = f"def h{n}(p, q):\n    return math.exp(p) * q\n"
    return each + last + HEAD + "    return z + h0(x, k) + h0(k, k) + h0(x > y, k)\n"


def permuting(n: int) -> str:
    """Helper functions that call the next one with its arguments in another order, for ever more kinds."""
    each = "".join(
        f"def h{i}(p, q, r, s):\n    return h{i + 1}(q, r, s, p) + h{i + 1}(q, p, r, s + 0.5)\n" for i in range(n)
    )
    last = f"def h{n}(p, q, r, s):\n    return p + q * r - s\n"
    return each + last + HEAD + "    return z + h0(k, x > y, k, k) + h0(k, x, k, x > y)\n"


def mixed(n: int) -> str:
    """All of it: loops with conditions over arrays, branches, helpers called with several kinds."""
    helper = "def h(p, q, r):\n    if p > q:\n        return math.exp(p) - r\n    return p * q // 3\n"
    choices = ("x", "k", "x > y")
    loop = (
        "    for i in range(len(a)):\n        if a[i] > x and b[i] < {n} < z:\n            b[i] += a[i - 1]\n"
        "    z += h(({p}), ({q}), ({r})) ** {n}\n"
    )
    lines = "".join(
        loop.format(n=i + 1, p=choices[i % 3], q=choices[i // 3 % 3], r=choices[i // 9 % 3]) for i in range(n)
    )
    return helper + HEAD + "    b = np.full(len(a), x)\n" + lines + "    return z\n"


SHAPES: tuple[Callable[[int], str], ...] = (
    straight, long_sum, functions, extremes, branches, two_ways, chain, conditions, truths, comparisons, whole_numbers,
    loops, fixed_loops, nested, searches, reads, makes, fills, helpers, calls, kinds, doubling, permuting,
    mixed,
)  # fmt: skip


def sizes(shape: Callable[[int], str]) -> Iterator[tuple[int, str]]:
    """Growing programs of a shape; the last one is the largest that passes the screen."""
    largest = 0
    while fits(shape(largest + 1)):
        largest += 1
    for n in sorted({max(1, largest // 16), max(1, largest // 4), largest}):
        yield n, screen(shape(n), ALLOW)


def fits(source: str) -> bool:
    """Whether the screen lets a program pass."""
    try:
        screen(source, ALLOW)
    except ScreenError:
        return False
    return True


def seconds(source: str) -> float:
    """Processor seconds that compiling takes."""
    begin = time.process_time()
    compile_program(source, CONTRACT)
    return time.process_time() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3, help="the median of that many is printed")
    parser.add_argument("--shape", action="append", choices=[s.__name__ for s in SHAPES], help="only these shapes")
    options = parser.parse_args()
    seconds(straight(3))  # what Numba loads at its first use
    worst = 0.0
    print(f"{'shape':12}{'n':>5}{'bytes':>8}{'nodes':>7}{'branches':>10}{'CPU s':>8}")
    for shape in SHAPES:
        if options.shape and shape.__name__ not in options.shape:
            continue
        for n, source in sizes(shape):
            tree = list(ast.walk(ast.parse(source)))
            nodes = sum(isinstance(node, ast.expr | ast.stmt) for node in tree)
            forks = sum(isinstance(node, ast.If | ast.IfExp | ast.While) for node in tree)
            took = sorted(seconds(source) for _ in range(options.repeat))[options.repeat // 2]
            worst = max(worst, took)
            print(f"{shape.__name__:12}{n:5}{len(source):8}{nodes:7}{forks:10}{took:8.2f}", flush=True)
    print(f"worst: {worst:.2f} s")


if __name__ == "__main__":
    main()
