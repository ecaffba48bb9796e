"""Random screened programs of three floats: branches, loops, helpers, integers and floats that change into each other."""

from hypothesis import strategies as st

ARITHMETIC = ("+", "-", "*", "/", "//", "%")
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
FUNCTIONS = ("abs", "math.sqrt", "math.log", "math.exp", "math.tanh", "math.fabs", "float")
WITHIN = "max(-1e15, min(1e15, {}))"
"""What 64 bits cannot hold has no certain floor (`docs/semantics.md`)."""
NAMES = ("x", "y", "n", "m")
LITERALS = ("0", "1", "2", "3", "7", "-2", "0.0", "0.5", "3.0", "-1.5", "1e10", "4611686018427387904", "K", "C")
HEAD = "K = 3\nC = 0.25\n"
START = ["x = a", "y = 0.5", "n = 2", f"m = math.floor({WITHIN.format('b')})"]
HELPERS = """def pick(u, v):
    w = 1
    if u < v:
        w = u
    return w + v

def fold(u):
    s = 0
    for j in range(3):
        s += u // (j + 1) + j
    return s

"""


@st.composite
def expressions(draw: st.DrawFn, names: tuple[str, ...], depth: int = 3) -> str:
    """An expression of these names."""
    part = expressions(names, depth - 1)
    kind = draw(
        st.sampled_from(
            [
                "atom",
                "atom",
                "binary",
                "binary",
                "binary",
                "call",
                "round",
                "extreme",
                "choice",
                "power",
                "compare",
                "helper",
            ]
        )
    )
    if depth == 0 or kind == "atom":
        return draw(st.sampled_from((*names, *names, *LITERALS)))
    if kind == "binary":
        return f"({draw(part)} {draw(st.sampled_from(ARITHMETIC))} {draw(part)})"
    if kind == "call":
        return f"{draw(st.sampled_from(FUNCTIONS))}({draw(part)})"
    if kind == "round":
        return f"{draw(st.sampled_from(('math.floor', 'math.ceil')))}({WITHIN.format(draw(part))})"
    if kind == "extreme":
        return f"{draw(st.sampled_from(('min', 'max')))}({draw(part)}, {draw(part)})"
    if kind == "choice":
        return f"({draw(part)} if {draw(conditions(names))} else {draw(part)})"
    if kind == "power":
        return f"({draw(part)}) ** {draw(st.sampled_from(('2', '3', '-1', '0.5', 'n', '-2')))}"
    if kind == "helper":
        return draw(st.sampled_from((f"pick({draw(part)}, {draw(part)})", f"fold({draw(part)})")))
    return f"({draw(conditions(names))})"


@st.composite
def conditions(draw: st.DrawFn, names: tuple[str, ...]) -> str:
    """Something to branch on."""
    part = expressions(names, 1)
    return f"{draw(part)} {draw(st.sampled_from(COMPARISONS))} {draw(part)}"


@st.composite
def blocks(draw: st.DrawFn, depth: int, loop: bool, names: tuple[str, ...]) -> list[str]:
    """One to three statements; `loop` says whether a loop is around them."""
    return [line for _ in range(draw(st.integers(1, 3))) for line in draw(statements(depth, loop, names))]


@st.composite
def statements(draw: st.DrawFn, depth: int, loop: bool, names: tuple[str, ...]) -> list[str]:
    """One statement, as lines."""
    kinds = ["assign", "assign", "augmented", "pair"]
    if depth:
        kinds += ["if", "if", "for", "while"]
    if loop:
        kinds += ["leave"]
    kind = draw(st.sampled_from(kinds))
    name = draw(st.sampled_from(NAMES))
    if kind == "assign":
        return [f"{name} = {draw(expressions(names))}"]
    if kind == "augmented":
        return [f"{name} {draw(st.sampled_from(ARITHMETIC))}= {draw(expressions(names, 2))}"]
    if kind == "pair":
        return [f"{name}, z = {draw(expressions(names, 2))}, {draw(expressions(names, 1))}"]
    if kind == "leave":
        return [f"if {draw(conditions(names))}:", f"    {draw(st.sampled_from(('break', 'continue')))}"]
    if kind == "if":
        lines = [f"if {draw(conditions(names))}:", *indented(draw(blocks(depth - 1, loop, names)))]
        if draw(st.booleans()):
            lines += ["else:", *indented(draw(blocks(depth - 1, loop, names)))]
        return lines
    counter = f"i{depth}"
    body = indented(draw(blocks(depth - 1, True, (*names, counter))))
    if kind == "for":
        return [f"for {counter} in range({draw(st.integers(0, 4))}):", *body]
    return [f"{counter} = 0", f"while {counter} < {draw(st.integers(0, 4))}:", f"    {counter} += 1", *body]


def indented(lines: list[str]) -> list[str]:
    """The lines of a block."""
    return ["    " + line for line in lines]


@st.composite
def programs(draw: st.DrawFn) -> str:
    """A program `rule(a, b, c)`."""
    names = ("a", "b", "c", *NAMES)
    body = [*START, *draw(blocks(2, False, names)), f"return {draw(expressions(names))} + {draw(expressions(names))}"]
    return HEAD + HELPERS + "\n".join(["def rule(a, b, c):", *indented(body)]) + "\n"
