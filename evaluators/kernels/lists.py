"""Lists that belong to a record: the record says where they are, so that compiled functions are handed one pointer.

A function that is handed ten arrays, or a tuple of them, copies some eighty numbers for each call, which takes a third
of the time of a simulation. Whoever makes a record keeps its arrays alive (`Server`, `World`).
"""

from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array
from numpy.typing import NDArray

LIST = np.dtype([("address", np.int64), ("rows", np.int64), ("width", np.int64)], align=True)
"""A field of a record that is a list: where it is, and how many elements or rows it has, of how many columns."""

_WORD = ir.IntType(64)
_KINDS: dict[str, tuple[np.dtype[Any], int]] = {}


def attach(record: Any, **arrays: NDArray[Any]) -> None:
    """Write into a record where its lists are, which the caller keeps alive.

    Raises TypeError where an array is not contiguous or not what the `reader` of that name gives.
    """
    for name, array in arrays.items():
        dtype, dimensions = _KINDS[name]
        if array.dtype != dtype or array.ndim != dimensions or not array.flags.c_contiguous:
            raise TypeError(
                f"{name}: expected a contiguous array of {dimensions} dimension(s) and type {dtype}, got "
                f"{array.ndim} of {array.dtype} with strides {array.strides}"
            )
        rows, width = array.shape if dimensions == 2 else (len(array), 1)
        record[name] = (array.__array_interface__["data"][0], rows, width)


def reader(name: str, dtype: Any, dimensions: int = 1) -> Any:
    """A function for compiled code: the list of that name of a record, as an array without an owner."""
    _KINDS[name] = (np.dtype(dtype), dimensions)
    item_type = numba.from_dtype(np.dtype(dtype))
    kind = item_type[::1] if dimensions == 1 else item_type[:, ::1]

    @intrinsic
    def read(_typing: Any, record: Any) -> Any:
        if not isinstance(record, types.Record) or name not in record.fields:
            return None
        place = record.typeof(name)

        def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
            def word(field: str) -> Any:
                at = record.offset(name) + place.offset(field)
                return builder.load(cgutils.get_record_member(builder, values[0], at, _WORD))

            view = context.make_array(kind)(context, builder)
            item = context.get_abi_sizeof(context.get_data_type(kind.dtype))
            size, rows, width = _WORD(item), word("rows"), word("width")
            two = dimensions == 2
            populate_array(
                view,
                data=builder.inttoptr(word("address"), view.data.type),
                shape=[rows, width] if two else [rows],
                strides=[builder.mul(width, size), size] if two else [size],
                itemsize=size,
                meminfo=None,
            )
            return view._getvalue()  # noqa: SLF001 - Numba has no other way to read a structure

        return kind(record), generate

    return read
