"""Programs that compute with whole arrays, as the literature writes them, and the plain NumPy that they stand for."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from heuresis.evaluators.bin_packing.single_bins.contract import CONTRACT

HEAD = CONTRACT.main.signature + ":\n    "
"""Line 1; a body follows in line 2 from column 5."""

POINTWISE = {
    "best fit": HEAD + "return -(bins - item)",
    "tuned powers": HEAD + "return bins ** 2 / (1.0 + item ** 3) - np.sqrt(bins) * np.log(item)",
    "clipped": HEAD + "return np.clip(bins - item, 2, 9) + np.minimum(bins, 5.0) % 3 - np.maximum(item, bins) // 2",
    "choice": HEAD + "return np.where((bins - item < 3) | (bins > 9), -bins, np.where(bins == item, np.inf, 1.0))",
    "functions": HEAD + "x = bins / 10\n    return np.exp(-x) + np.tanh(x) - np.abs(np.sin(x) - np.cos(x)) + np.sign(x - 1)",
    "names of operators": HEAD
    + "return np.add(bins, 1) * np.subtract(bins, item) + np.divide(bins, np.multiply(item, 2)) - np.power(bins, 2)",
    "negative power": HEAD + "return (bins - item + 1) ** -2",
    "infinite": HEAD + "return bins / (bins - item)",
    "masks": HEAD
    + "tight = bins - item < 4\n    odd = bins % 2 == 1\n    x = np.copy(bins)\n    x[tight & odd] = -1.0\n"
    + "    x[~tight & ~odd] *= 2\n    x[tight ^ odd] = item - bins[tight ^ odd]\n    return x + 3 * tight",
    "logical": HEAD + "m = np.logical_or(bins > 7, np.logical_not(bins > 3))\n    return np.where(m, bins, item)",
    "zeros like": HEAD + "x = np.zeros_like(bins)\n    x -= (bins - item) ** 2\n    x[bins > 8] += 100\n    return x",
    "full": HEAD + "x = np.full(len(bins), 2.5)\n    x[bins < 2 * item] = 7\n    return x",
    "truth values": HEAD + "return (bins > item + 2).astype(float)",
    "a mask": HEAD + "return bins > item + 2",
    "helper": "def gap(b, s):\n    return b - s\n\n\n" + HEAD + "return -gap(bins, item)",
    "parameters may get new values": HEAD + "bins = bins * 2\n    item *= 3\n    bins -= item\n    return bins",
}  # fmt: skip
SEES_MORE = {
    "all alike": HEAD + "return np.ones(bins.shape) * len(bins)",
    "relative": HEAD + "return (bins - bins.max()) / (1 + np.std(bins)) - bins.mean() + np.median(bins)",
    "first one": HEAD + "x = -bins\n    x[0] = 50\n    x[-1] -= bins[0]\n    return x",
    "differences": HEAD + "x = bins ** 2\n    x[1:] -= x[:-1]\n    return x",
    "slices": HEAD + "x = np.zeros(len(bins))\n    x[1:] = bins[:-1]\n    x[:1] = 4\n    x[-2:] += 0.5\n    return x",
    "sums": HEAD + "return np.cumsum(bins) - sum(bins) / bins.size + np.prod(bins / 10) + np.dot(bins, bins)",
    "order": HEAD + "return np.sort(bins) + bins.argmin() - np.argmax(bins) + np.arange(len(bins)) * 0.25",
    "counts": HEAD + "return bins * np.count_nonzero(bins > item) + np.any(bins < 3) - np.all(bins > 2) * np.var(bins)",
    "loop": HEAD + "x = np.zeros(len(bins))\n    for i in range(len(bins)):\n        x[i] = abs(bins[i] - 2 * item)\n    return x",
    "loop with arrays": HEAD
    + "x = np.ones(len(bins))\n    for k in range(3):\n        x = x * bins - k\n        if np.max(x) > 50:\n"
    + "            x /= np.max(x)\n    return x",
    "swap": HEAD + "a, b = bins + 1, bins - 1\n    c = a * b\n    c[bins == np.min(bins)] = np.sum(a[bins > item])\n    return c",
    "one largest": HEAD
    + "score = 1000 * np.ones(bins.shape)\n    score -= bins * (bins - item)\n    index = np.argmin(bins)\n"
    + "    score[index] *= item\n    score[index] -= (bins[index] - item) ** 4\n    return score",
    "helper of arrays": "def scaled(a, m):\n    b = a / 2\n    b[m] = 0\n    return b\n\n\ndef same(a):\n    return a\n\n\n"
    + HEAD + "return scaled(same(bins[:]), bins > np.mean(bins))",
}  # fmt: skip
PROGRAMS = POINTWISE | SEES_MORE


def numpy_of(source: str) -> Callable[[float, Any], Any]:
    """The program run by Python with NumPy, as it stands."""
    namespace: dict[str, Any] = {"np": np, "math": math}
    exec(source, namespace)

    def priority(item: float, bins: Any) -> Any:
        with np.errstate(all="ignore"):
            return np.asarray(namespace["priority"](item, bins.copy()), dtype=np.float64)

    return priority
