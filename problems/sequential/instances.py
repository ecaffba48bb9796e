"""Instances of an author's problem: mappings of arrays and numbers, checked once, read-only from then on."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heuresis.problems.problem import ProblemError

Data = Mapping[str, Any]
"""What `simulate` sees: by name read-only arrays of float64, int64 or bool, and plain numbers."""

NAME = "name"
"""The key under which a file names an instance; no field of `draw` can have it."""


@dataclass(frozen=True, slots=True, eq=False)
class SequentialInstance:
    """One instance. `reference` is what `bound` says of it; `steps` how many decisions a random play of it makes."""

    name: str
    data: Data
    labels: Mapping[str, str | int | float]
    reference: float | None
    steps: int


def canonical(data: object, where: str) -> Data:
    """The fields of an instance as everything else sees them. Raises ProblemError that names the field."""
    if not isinstance(data, Mapping) or not data:
        raise ProblemError(f"{where}: expected a mapping of names to arrays and numbers, got {data!r:.80}")
    return MappingProxyType({_key(key, where): _field(value, f"{where}, field {key!r}") for key, value in data.items()})


def _key(key: object, where: str) -> str:
    if not isinstance(key, str) or not key or key == NAME:
        raise ProblemError(f"{where}: expected texts other than {NAME!r} as names of fields, got {key!r:.60}")
    return key


def _field(value: object, where: str) -> NDArray[np.generic] | float | int | bool:
    try:
        array = np.array(value)  # a copy: what the author keeps of it changes nothing here
    except ValueError as error:
        raise ProblemError(
            f"{where}: lists of different lengths; fill them up, or make one list of all and another of where "
            f"each begins"
        ) from error
    if array.dtype.kind not in "biuf":
        raise ProblemError(f"{where}: expected numbers or an array of numbers, got {value!r:.60}")
    kind: type[np.generic] = np.bool_ if array.dtype.kind == "b" else np.int64
    array = array.astype(np.float64 if array.dtype.kind == "f" else kind)
    if not np.isfinite(array).all():
        raise ProblemError(f"{where}: expected finite numbers, got NaN or infinity; a very large number does instead")
    if array.ndim == 0:
        number: float | int | bool = array.item()
        return number
    array.setflags(write=False)
    return array


def check_alike(data: Data, first: Data, where: str) -> None:
    """Raise ProblemError where an instance has other fields than the first one, or of another kind."""
    if set(data) != set(first):
        odd = ", ".join(sorted(set(data) ^ set(first)))
        raise ProblemError(
            f"{where}: every instance has the same fields, the first one has {list(first)}; not so: {odd}"
        )
    for key, value in data.items():
        if kind_of(value) != kind_of(first[key]):
            raise ProblemError(
                f"{where}, field {key!r}: expected {kind_of(first[key])} as before, got {kind_of(value)}"
            )


def kind_of(value: object) -> str:
    """Type and dimensions of a field in words."""
    array = np.asarray(value)
    return f"{array.dtype}, {array.ndim} dimension{'' if array.ndim == 1 else 's'}" if array.ndim else str(array.dtype)


def size_of(data: Data) -> Mapping[str, int]:
    """The default labels: `n`, the length of the first array; none where there is no array."""
    lengths = [len(value) for value in data.values() if isinstance(value, np.ndarray)]
    return {"n": lengths[0]} if lengths else {}


def fingerprint(datas: Sequence[Data]) -> str:
    """SHA-256 (hex) of the content in order; names do not count, nor does the order of fields."""
    digest = hashlib.sha256(b"sequential\x00")
    for data in datas:
        for key in sorted(data):
            array = np.asarray(data[key])
            digest.update(f"{key}\x00{array.dtype.kind}{array.shape}\x00".encode())
            digest.update(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()
