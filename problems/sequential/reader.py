"""Reads instance files of a problem whose author wrote no reader: JSON with the fields of `draw`."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from heuresis.problems.problem import InstanceError, InstanceSet, ProblemError
from heuresis.problems.reading import apart, json_rows, labels, name_of, shown
from heuresis.problems.sequential.instances import NAME, Data, SequentialInstance, fingerprint, kind_of
from heuresis.problems.texts import read_text

Build = Callable[[str, Mapping[str, Any], Mapping[str, str | int | float], str], SequentialInstance]
"""Makes an instance of its name, its fields, labels that go before the author's, and where it stands for messages."""


def read(paths: Sequence[Path], first: Data, build: Build) -> InstanceSet:
    """`{"instances": [{"name"?, ...}]}` with the fields of `first`; further scalars are labels.

    Raises InstanceError that names the file and the field.
    """
    if not paths:
        raise InstanceError("expected one or more instance files, got none")
    instances: list[SequentialInstance] = []
    notes: list[str] = []
    for path in paths:
        for i, row in enumerate(json_rows(read_text(path), path)):
            where = f"{path}: instances[{i}]"
            if not isinstance(row, dict):
                raise InstanceError(f"{where}: expected an object, got {shown(row)}")
            fields = {key: _field(row, key, like, where) for key, like in first.items()}
            own = labels(row, {NAME, *first}, where)
            try:
                instances.append(build(name_of(row, where, f"{path.name}[{i}]"), fields, own, where))
            except ProblemError as error:
                raise InstanceError(str(error)) from error
    name = ", ".join(path.name for path in paths)
    found = apart(instances, notes)
    return InstanceSet(name, found, fingerprint([instance.data for instance in found]), tuple(notes))


def _field(row: Mapping[str, Any], key: str, like: Any, where: str) -> Any:
    """One field, of the kind that the author's instances have there."""
    if key not in row:
        raise InstanceError(f"{where}: the field {key!r} is missing")
    expected = np.asarray(like)
    try:
        array = np.array(row[key])
    except ValueError as error:
        raise InstanceError(f"{where}.{key}: lists of different lengths, expected {kind_of(like)}") from error
    if array.size == 0 and array.ndim == expected.ndim:  # an empty list has the type of floats
        return array.astype(expected.dtype)
    if expected.dtype.kind == "i" and array.dtype.kind == "f" and np.array_equal(array, np.rint(array)):
        array = array.astype(np.int64)  # integers that are written as 18.0
    fits = {"f": "fiu", "i": "iu", "b": "b"}[expected.dtype.kind]
    if array.ndim != expected.ndim or array.dtype.kind not in fits:
        raise InstanceError(f"{where}.{key}: expected {kind_of(like)}, got {shown(row[key])}")
    return array.astype(expected.dtype)
