"""Whole arrays in programs: normal forms, and everything that is refused with its reason."""

import time
from dataclasses import replace

import pytest

from heuresis.sandbox.screen.allow import ARRAY_CALLS
from heuresis.sandbox.screen.screen import AllowList, FunctionShape, ScreenError, screen
from heuresis.sandbox.screen.whole_calls import ARITY, WHOLE_CALLS

CALLS = frozenset({"abs", "min", "max", "math.exp", "math.floor", *ARRAY_CALLS, *WHOLE_CALLS})
SHAPE = FunctionShape("priority", ("item", "bins"), arrays=("bins",), vector=True)
ALLOW = AllowList((SHAPE, FunctionShape("extra", ("bins",), required=False, arrays=("bins",))), CALLS)
NUMBERS = AllowList((replace(SHAPE, vector=False),), CALLS)
HEAD = "def priority(item, bins):\n    "

NORMAL = {
    "methods": ("return bins - bins.max() + (bins - 1).sum()", "return bins - np.max(bins) + np.sum(bins - 1)"),
    "shapes": ("return np.zeros(bins.shape) + np.ones(bins.size)", "return np.zeros(len(bins)) + np.ones(len(bins))"),
    "alike": (
        "return np.zeros_like(bins, dtype=float) + np.full_like(bins, item)",
        "return np.zeros(len(bins)) + np.full(len(bins), float(item))",
    ),
    "types": ("return (bins > 1).astype(np.float64)", "return (bins > 1) * 1.0"),
    "copies": ("x = np.array(bins, dtype=float)\n    return x", "x = np.copy(bins)\n    return x"),
    "other names": (
        "return np.absolute(numpy.amax(bins) - bins) ** np.fmin(bins, 2)",
        "return np.abs(np.max(bins) - bins) ** np.minimum(bins, 2)",
    ),
    "builtins": ("return bins / sum(bins) - max(bins)", "return bins / np.sum(bins) - max(bins)"),
    "infinity": ("return np.where(bins > 2, -np.inf, bins)", "return np.where(bins > 2, -1e309, bins)"),
    "masks": ("return ~((bins > 2) & (bins < 5)) * bins", "return ~((bins > 2) & (bins < 5)) * bins"),
    "slices": ("x = bins + 0\n    x[1:] -= x[:-1]\n    return x", "x = bins + 0\n    x[1:] -= x[:-1]\n    return x"),
    "numbers": ("return bins * np.exp(item) + math.exp(item)", "return bins * np.exp(item) + math.exp(item)"),
    "tuples": ("a, b = bins + 1, item\n    return a * b", "a, b = (bins + 1, item)\n    return a * b"),
}


@pytest.mark.parametrize("name", NORMAL)
def test_the_normal_form(name: str) -> None:
    body, expected = NORMAL[name]
    once = screen(HEAD + body, ALLOW)
    assert once == HEAD + expected
    assert screen(once, ALLOW) == once


REFUSED = {
    "return item": "must return an array, it returns a number",
    "return bins[0]": "must return an array",
    "if item > 1:\n        return bins\n    return item": "a number here and an array there",
    "bins[0] = 1\n    return bins": "`bins` is read-only: write to a copy",
    "bins[bins > 2] = 1\n    return bins": "read-only",
    "x = bins\n    return x": r"cannot have another name: write np\.copy\(bins\)",
    "x = bins[1:]\n    return x": r"cannot have another name: write np\.copy\(bins\[1:\]\)",
    "a = b = bins + 1\n    return a - b": "an assignment of its own",
    "x = 1.0\n    x = bins - 1\n    return x": "`x` is a number: choose another name for this array",
    "x = bins > 1\n    x = bins\n    return x": "cannot have another name",
    "x = bins > 1\n    x = bins - 1\n    return x": "`x` is a mask",
    "x = bins - 1\n    for x in range(3):\n        item += x\n    return bins": "`x` is an array",
    "item += bins\n    return bins": "`item` is a number",
    "x = bins > 1\n    x[0] = 5\n    return x": "is a mask and cannot be written to",
    "x = np.copy(bins)\n    x[0] = bins\n    return x": "must be a number, this is an array",
    "x = np.copy(bins)\n    x[0] += bins\n    return x": "must be a number, this is an array",
    "return bins if item > 1 else -bins": "use np.where",
    "return -bins if np.max(bins - 1) > 1 and np.max(bins - 2) > 1 else bins": "inside a condition",
    "x = item if item > 1 else np.max(bins - 1)\n    return bins - x": "cannot be computed inside a condition",
    "x = item > 1 and np.max(bins - 1)\n    return bins - x": "cannot be computed inside a condition",
    "while np.any(bins - 1 > item):\n        item += 1\n    return -bins": "cannot compute an array",
    "while bins > 1:\n        item += 1\n    return -bins": "the test of a `while`",
    "if bins > 1:\n        item = 2.0\n    return -bins": "the test of an `if` must be a number",
    "for i in range(bins):\n        item += 1\n    return -bins": "the argument of range",
    "return not bins": "use `~` with a mask",
    "return bins and item": "each part of `and`",
    "return 1 < bins < 5": "a chained comparison is for numbers",
    "return bins & 3": "join masks",
    "return ~bins": "`~` is for masks",
    "return -(bins > 1)": "a mask has no sign",
    "return (bins > 1) + (bins > 2)": "masks cannot be added",
    "return np.logical_and(bins, bins > 1)": "joins masks",
    "return bins * np.logical_and(item, 1)": "use `and`",
    "return np.exp(bins > 1)": "takes no mask",
    "return bins[bins]": "an array cannot be an index",
    "return bins[1.5]": "an index must be an integer",
    "return bins[1.5:]": "the bound of a slice must be an integer",
    "return bins[bins:]": "the bound of a slice must be a number",
    "return bins[::2]": "a slice with a step",
    "return bins[0, 1]": "an index is one integer",
    "return bins[1][0]": "only an array that has a name",
    "return item[0] + bins": "`item` is a number where an array is wanted",
    "return bins + len(item)": "takes an array, this is a number",
    "return bins + np.max(item)": "takes an array, this is a number",
    "return bins + np.max(bins, item)": "takes 1 argument, got 2",
    "return math.exp(bins)": "use `np.exp`",
    "return max(bins, item)": "use np.maximum",
    "return float(bins)": "arrays are of floats already",
    "return np.max(bins, axis=0) - bins": "positional arguments only",
    "return np.sum(bins, *bins)": "positional arguments only",
    "return np.zeros((3, 3))": "arrays have one dimension",
    "return np.zeros(1e9)": "must be an integer",
    "return np.zeros(bins)": "use its length or an element",
    "return np.arange(bins)": "use its length or an element",
    "return np.zeros(len(bins), dtype=int)": "positional arguments only",
    "return np.empty(len(bins))": "may not be called",
    "return np.argsort(bins)": "may not be called",
    "return np.where(bins)": "takes 3 arguments, got 1",
    "return np.tile(bins, 1000)": "may not be called",
    "return np.outer(bins, bins)": "may not be called",
    "return np.random.rand(3)": "only functions called by their name",
    "return np.load(bins)": "may not be called",
    "return np.frombuffer(bins)": "may not be called",
    "return np.ctypeslib.as_array(bins)": "only functions called by their name",
    "return bins.tofile(bins)": "may not be called",
    "return bins.ctypes": "is not allowed here",
    "return bins.T": "is not allowed here",
    "return bins.base": "is not allowed here",
    "return bins @ bins": "is not allowed",
    "return (lambda b: b)(bins)": "only functions called by their name",
    "return [b - item for b in bins]": "a comprehension is not allowed",
    "for b in bins:\n        item += b\n    return bins": r"must run over range\(...\)",
    "np = bins - 1\n    return np": "has a meaning already",
    "return np.exp": "is not allowed here",
    "return theta - bins": "can only be called",
}


@pytest.mark.parametrize("body", REFUSED)
def test_what_is_refused_and_why(body: str) -> None:
    with pytest.raises(ScreenError, match=REFUSED[body]):
        screen(HEAD + body, ALLOW)


HELPERS = {
    "def f(a):\n    a[0] = 1\n    return a\n\n": "read-only",
    "def f(a):\n    a -= 1\n    return a\n\n": "may not change the array",
    "def f(a):\n    b = a\n    return b\n\n": "cannot have another name",
    "def f(a):\n    return g(a) + g(1.0)\n\ndef g(x):\n    return x + 1\n\n": r"called with \(number\) here and \(array\)",
}


@pytest.mark.parametrize("helper", HELPERS)
def test_helpers_cannot_change_what_they_are_handed(helper: str) -> None:
    with pytest.raises(ScreenError, match=HELPERS[helper]):
        screen(helper + HEAD + "return f(bins)", ALLOW)


def test_helpers_may_return_arrays_and_optional_functions_numbers() -> None:
    source = "def f(a, x):\n    return a[a > x]\n\ndef extra(bins):\n    return np.max(bins)\n\n"
    assert screen(source + HEAD + "return bins - np.sum(f(bins, item))", ALLOW)
    with pytest.raises(ScreenError, match="`extra` must return a number"):
        screen("def extra(bins):\n    return bins\n\n" + HEAD + "return -bins", ALLOW)


@pytest.mark.parametrize(
    "body", ["return np.max(bins)", "return (bins - item)[0]", "x = bins[1:]\n    return x[0]", "return bins * 2",
             "return sum(bins)", "return bins.max()", "return np.sum(bins > 2)"]
)  # fmt: skip
def test_contracts_that_want_numbers_have_no_whole_arrays(body: str) -> None:
    with pytest.raises(ScreenError):
        screen(HEAD + body, NUMBERS)
    assert screen(HEAD + "return bins[0] - len(bins)", NUMBERS)


def test_the_arrays_that_are_made_are_counted() -> None:
    source = HEAD + "x = -bins\n" + "    x = x * bins\n" * (ALLOW.max_whole - 1) + "    return x"
    assert screen(source, ALLOW)
    with pytest.raises(ScreenError, match=f"makes more than {ALLOW.max_whole} arrays"):
        screen(source.replace("return x", "return x - item"), ALLOW)
    assert screen(HEAD + f"return {' + '.join(['bins * 2'] * 18)}", ALLOW)


def test_nested_conditions_are_screened_in_no_time() -> None:
    """Kinds are found once for each node: twice at each level would take hours."""
    nested = "item"
    for _ in range(24):
        nested = f"(1 + ({nested} if item > np.max(bins) else 0))"
    began = time.process_time()
    assert screen(HEAD + f"return bins * {nested}", replace(ALLOW, max_depth=80))
    assert time.process_time() - began < 60.0


def test_every_call_has_a_number_of_arguments() -> None:
    assert set(ARITY) == set(WHOLE_CALLS)
