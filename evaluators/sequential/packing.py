"""Instances as arrays and back: what crosses into a worker."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats, Ints

AUTHOR, REFERENCE, STEPS = "author", "reference", "steps"
_DATA, _SHAPE = "data:", "shape:"


def pack(
    author: str, instances: Sequence[Mapping[str, Any]], reference: Floats, steps: Ints
) -> Mapping[str, NDArray[np.generic]]:
    """The payload of `simulator.Sequential`.

    It holds the bytes of `author` (`/path/file.py:Class` or `package.module:Class`), `reference` (float64, a bound of
    each instance's value or NaN), `steps` (int64, how many decisions it takes, roughly), and for each field of the
    instances all numbers one after the other (`data:…`) and the shapes (`shape:…`, int64[instances, dimensions]).
    """
    payload: dict[str, NDArray[np.generic]] = {
        AUTHOR: np.frombuffer(author.encode(), np.uint8),
        REFERENCE: reference,
        STEPS: steps,
    }
    for key in instances[0]:
        arrays = [np.asarray(instance[key]) for instance in instances]
        payload[_DATA + key] = np.concatenate([array.ravel() for array in arrays])
        payload[_SHAPE + key] = np.array([array.shape for array in arrays], dtype=np.int64).reshape(len(arrays), -1)
    return payload


def unpack(payload: Mapping[str, NDArray[np.generic]]) -> tuple[Mapping[str, Any], ...]:
    """The instances of a payload: read-only arrays, plain numbers."""
    size = len(payload[REFERENCE])
    fields = [key.removeprefix(_DATA) for key in payload if key.startswith(_DATA)]
    found: list[dict[str, Any]] = [{} for _ in range(size)]
    for field in fields:
        shapes = np.asarray(payload[_SHAPE + field], dtype=np.int64)
        ends = np.cumsum(shapes.prod(axis=1))
        for instance, shape, numbers in zip(found, shapes, np.split(payload[_DATA + field], ends[:-1]), strict=True):
            array = numbers.reshape(shape)
            array.setflags(write=False)
            instance[field] = array if array.ndim else array[()].item()
    return tuple(MappingProxyType(instance) for instance in found)
