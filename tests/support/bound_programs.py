"""Random programs about lengths, indices and bounds: integers most of the time, else floats, truth values, extremes."""

from random import Random

CLAMPED = "max(-9.0, min(9.0, {}))"
"""Near enough to be an index; NaN stays NaN and is an error where it is rounded."""

FLOATS = (
    "item", "item / 2", "len(bins) / 1.0", "math.inf", "-math.inf", "math.inf - math.inf", "2.0", "-1.5", "0.0 * item",
    "9223372036854775808.0", "-9223372036854775808.0", "1e300", "bins[0]", "float(len(bins))", "f", "back(f)",
)  # fmt: skip
TRUTHS = ("item > 1", "not item", "item > 1 and item < 9", "t", "back(t)", "(item > 0) == (item > 1)")
INTEGERS = (
    "0", "1", "2", "3", "-1", "-2", "-7", "100", "len(bins)", "-len(bins)", "len(bins) - 1", "len(bins) // 2", "n", "k", "i",
    "9223372036854775807", "-9223372036854775807", "-9223372036854775807 - 1", "4611686018427387904", "-(2 ** 62)",
    "9223372036854775807 - n", "n * 4611686018427387904", "9223372036854775807 + n", "n - 9223372036854775807 - 2",
    "(item > 1) + 1", "-(item > 1)", "1 if item > 1 else 3", "abs(k)", "min(n, 2)", "max(k, 0)", "n // 0 + 1" , "n % 3",
    f"math.floor({CLAMPED.format('item')})", "math.floor(item)", "math.ceil(item)", "math.floor(math.inf)",
    "math.floor(item * 1e300 * 1e300)", "math.ceil(-9223372036854775808.0)", "math.floor(9223372036854775807.0)",
    "back(n)", "back(len(bins))", "shifted(n)", "shifted(k)", "n % -1", "k // -1", "n * n", "2 ** n", "2 ** (k * 20000)", "3 ** k", "(-2) ** 63 // -1", "k ** -1", "len(bins) - 9223372036854775807 - 2", "(n - 9223372036854775807) // -1",
)  # fmt: skip
LITERALS = (
    "0",
    "1",
    "2",
    "3",
    "5",
    "-1",
    "9",
    "63",
    "True",
    "False",
    "0.5",
    "2.0",
    "-0.0",
    "9223372036854775807",
    "65537",
)
"""What expressions of literals are made of, which Python computes before anything is compiled."""

WHOLE_INTEGERS = ("np.argmax(bins)", "np.argmin(bins)", "np.count_nonzero(bins > 1)", "len(bins[1:])")
WHOLE_TRUTHS = ("np.any(bins > 1)", "np.all(bins > 1)")
EITHER = ("len(bins) or 0.5", "0.5 if item > 1 else 1", "u", "v", "max(n, item)", "n + item", "shifted(item)", "w")
"""Floats because of one of the ways to them; `u`, `v` and `w` depend on the program."""

HELPERS = """def back(x):
    return x

def shifted(x):
    y = 1
    if x > 2:
        y = x
    return y + 1

def at(a, x):
    return a[x]

"""
WHOLE_HELPERS = """def part(a, x, y):
    return a[x:y]

def room(x):
    b = np.zeros(x)
    return b + 1

"""
START = [
    "n = len(bins) - 1", "k = len(bins)", "i = 0", "f = 1.5", "t = item > 2", "s = 0.0",
    "u = 1", "if item > 3:", "    u = {u}", "v = 2", "for j in range(2):", "    s += v", "    v = {v}",
    "w = item > 1", "for j in range(2):", "    s += w", "    w = {w}",
]  # fmt: skip


def folded(random: Random, depth: int = 2) -> str:
    """An expression of literals."""
    if depth == 0 or random.random() < 0.2:
        return random.choice(LITERALS)
    if random.random() < 0.4:
        return f"({random.choice(('not ', 'not ', '-', '+'))}{folded(random, depth - 1)})"
    operator = random.choice(("+", "+", "-", "*", "//", "%", "**", "/"))
    return f"({folded(random, depth - 1)} {operator} {folded(random, depth - 1)})"


def number(random: Random, whole: bool) -> str:
    """Something to count with."""
    place = random.random()
    if place < 0.12:
        return random.choice(("{0}", "n + {0}", "{0} * n", "n ** {0}", "{0} ** n", "n // {0}", "n % {0}", "back({0})",
                              "min(n, {0})", "{0} // n")).format(folded(random))  # fmt: skip
    if place < 0.82:
        return random.choice(INTEGERS + (WHOLE_INTEGERS if whole else ()))
    if place < 0.89:
        return random.choice(FLOATS)
    return random.choice((*EITHER, *TRUTHS, *(WHOLE_TRUTHS if whole else ())))


def _scalar_use(random: Random, whole: bool) -> list[str]:
    one, two = number(random, whole), number(random, whole)
    return random.choice((
        [f"s += bins[{one}]"],
        [f"s += at(bins, {one})"],
        [f"x[{one}] = item", f"s += x[{two}]"],
        [f"x[{one}] += 2"],
        [f"y = np.{random.choice(('zeros', 'ones'))}({one})", "s += len(y)"],
        [f"y = np.full({one}, item)", "s += len(y)"],
        [f"for i in range({one}):", "    s += i", "    if i > 5:", "        break"],
        [f"for i in range({one}, {two}):", "    s += i + 1", "    if s > 50:", "        break"],
        [f"for i in range({one}, {two}, {number(random, whole)}):", "    n += 1", "    if n > 5:", "        break"],
        [f"n = {one}"], [f"k = {one}"], [f"s += {one}"],
    ))  # fmt: skip


def _whole_use(random: Random) -> list[str]:
    one, two = number(random, whole=True), number(random, whole=True)
    low, high = random.choice(((one, two), (one, ""), ("", one)))
    return random.choice((
        [f"x[{low}:{high}] = item"],
        [f"x[{low}:{high}] += 1"],
        [f"x[{low}:{high}] = bins[{low}:{high}] * 2"],
        [f"x[{low}:{high}] -= x[{number(random, whole=True)}:{high}]"],
        [f"s += np.sum(bins[{low}:{high}])"],
        [f"s += len(part(bins, {one}, {two}))"],
        [f"y = np.arange({one})", "s += len(y)"],
        [f"s += len(room({one}))"],
        [f"x = x + np.ones({one})"],
        ["x = np.floor(x / (bins - item)) + np.ceil(x / 3)"],
        [f"x = np.where(bins > {random.choice(('item', '2', '4'))}, bins, {random.choice(('item', '0.0 * item', 'math.inf - math.inf'))})", f"x = {random.choice(('np.sort(x)', 'x + np.median(x)', '1 / np.sort(0 * x)'))}"],
        [f"x = x + np.{random.choice(('add', 'multiply', 'power', 'subtract', 'mod'))}({folded(random)}, {folded(random)})"],
        [f"s += np.square({folded(random)})"],
    ))  # fmt: skip


def program(seed: int, *, whole: bool) -> str:
    """A program under `rule(item, bins)`, which returns an array where `whole`; made of the number alone."""
    random = Random(seed)
    values = [number(random, whole) if random.random() < 0.3 else random.choice(("1", "2", "0")) for _ in "uvw"]
    lines = [line.format(**dict(zip("uvw", values, strict=True))) for line in START]
    lines += ["x = np.copy(bins)" if whole else "x = np.zeros(3)"]
    for _ in range(random.randint(1, 4)):
        uses = _whole_use(random) if whole and random.random() < 0.6 else _scalar_use(random, whole)
        if random.random() < 0.2:
            uses = [f"if item > {random.choice((0, 2))}:", *("    " + line for line in uses)]
        lines += uses
    lines += ["return x + s" if whole else "return s + x[0] + n"]
    text = "".join(f"    {line}\n" for line in lines)
    return HELPERS + (WHOLE_HELPERS if whole else "") + f"def rule(item, bins):\n{text}"
