"""What crosses process borders: frames from the trusted side, replies and records from the untrusted one.

Controller to zygote (trusted): a length, a JSON head, raw arrays. Zygote to controller: a fixed header and opaque
bytes. Child to controller, through the zygote which does not look inside: one record, a fixed header with arrays of
declared type and shape. Nothing that comes back is ever unpickled, parsed as JSON or evaluated.
"""

import json
import math
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from heuresis.sandbox.layers import Layer
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.outcome import Outcome, Status
from heuresis.sandbox.screen.screen import AllowList, FunctionShape
from heuresis.sandbox.task import Array, Task

_FRAME = struct.Struct("<4sI")  # magic, bytes of the JSON head
_REPLY = struct.Struct("<4sBxxxidqQ")  # magic, verdict, wait status, seconds, bytes of growth, bytes that follow
_RECORD = struct.Struct("<8sBBHIdd")  # magic, status, arrays, 0, message bytes, compile seconds, run seconds
_ARRAY = struct.Struct("<BBHI8Q")  # dtype code, dimensions, 0, 0, shape padded with zeros
_FRAME_MAGIC, _REPLY_MAGIC, _RECORD_MAGIC = b"hzF1", b"hzR1", b"hzREC001"
_MAX_ARRAYS, _MAX_DIMENSIONS = 64, 8
_MAX_SECONDS = 1e7
_DTYPES = tuple(np.dtype(t) for t in ("u1", "i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f4", "<f8", "?"))
_REPORTABLE = (Status.OK, Status.REJECTED, Status.COMPILE_ERROR, Status.RUNTIME_ERROR, Status.MEMORY)


class WireError(ValueError):
    """Bytes that are not what the protocol says."""


class Verdict(IntEnum):
    """What a zygote says about itself or about the child it ran."""

    READY = 1
    FAILED = 2  # the engine could not be loaded or warmed; the text follows
    ENDED = 3  # the child ended by itself; its bytes follow
    TIMEOUT = 4  # killed at the deadline
    OVERFLOW = 5  # killed for writing more than a record may hold


@dataclass(frozen=True, slots=True)
class Setup:
    """What a zygote is told once."""

    engine: str
    options: Mapping[str, str]
    allow: AllowList
    payload: Mapping[str, Array]
    without: frozenset[Layer] = frozenset()


@dataclass(frozen=True, slots=True)
class Reply:
    """What a zygote answers. `growth` is the child's peak resident memory beyond the zygote's, in bytes."""

    verdict: Verdict
    body: bytes = b""
    wait_status: int = 0
    seconds: float = 0.0
    growth: int = 0


def sanitise(text: str, cap: int) -> str:
    """Printable ASCII and newlines only, everything else a question mark, at most `cap` characters."""
    clean = "".join(c if " " <= c <= "~" or c == "\n" else (" " if c == "\t" else "?") for c in text[: cap + 1])
    return clean if len(clean) <= cap else clean[: max(cap - 3, 0)] + "..."[:cap]


# Controller to zygote


def send_setup(channel: socket.socket, setup: Setup) -> None:
    """Tell a fresh zygote its engine, allow-list and payload."""
    head = {
        "engine": setup.engine,
        "options": dict(setup.options),
        "allow": {**asdict(setup.allow), "calls": sorted(setup.allow.calls)},
        "names": list(setup.payload),
        "without": sorted(setup.without),
    }
    _send(channel, head, tuple(setup.payload.values()))


def receive_setup(channel: socket.socket) -> Setup | None:
    """Read what `send_setup` sent; None at end of file."""
    frame = _receive(channel)
    if frame is None:
        return None
    head, arrays = frame
    allow = dict(head["allow"])
    allow["functions"] = tuple(
        FunctionShape(f["name"], tuple(f["parameters"]), f["required"], tuple(f["arrays"]), f["vector"])
        for f in allow["functions"]
    )
    allow["calls"] = frozenset(allow["calls"])
    allow["modules"] = tuple((name, module) for name, module in allow["modules"])
    payload = dict(zip(head["names"], arrays, strict=True))
    without = frozenset(Layer(name) for name in head["without"])
    return Setup(head["engine"], head["options"], AllowList(**allow), payload, without)


def send_task(channel: socket.socket, task: Task, limits: Limits) -> None:
    """Hand one task to a zygote."""
    _send(channel, {"kind": task.kind, "source": task.source, "limits": asdict(limits)}, task.arrays)


def receive_task(channel: socket.socket) -> tuple[Task, Limits] | None:
    """Read what `send_task` sent; None at end of file."""
    frame = _receive(channel)
    if frame is None:
        return None
    head, arrays = frame
    limits = Limits(**head["limits"])
    return Task(head["kind"], head["source"], tuple(arrays), limits), limits


def _send(channel: socket.socket, head: Mapping[str, Any], arrays: Sequence[Array]) -> None:
    plain = [_plain(a) for a in arrays]
    text = json.dumps({**head, "arrays": [(a.dtype.str, a.shape) for a in plain]}).encode("ascii")
    channel.sendall(_FRAME.pack(_FRAME_MAGIC, len(text)) + text)
    for array in plain:
        if array.size:
            channel.sendall(_bytes_of(array))


def _receive(channel: socket.socket) -> tuple[dict[str, Any], list[Array]] | None:
    first = channel.recv(1)
    if not first:
        return None
    magic, size = _FRAME.unpack(first + _exactly(channel, _FRAME.size - 1))
    if magic != _FRAME_MAGIC:
        raise WireError(f"expected a frame, got {magic!r}")
    head: dict[str, Any] = json.loads(bytes(_exactly(channel, size)))
    arrays: list[Array] = []
    for dtype, shape in head["arrays"]:
        array = np.empty(shape, dtype)
        if array.size:
            _fill(channel, _bytes_of(array))
        arrays.append(array)
    return head, arrays


def _plain(array: Array) -> Array:
    """The array in C order with little-endian numbers; ValueError where its type may not cross a border."""
    array = np.asarray(array)
    little = array.dtype.newbyteorder("<")
    if little not in _DTYPES:
        raise ValueError(f"arrays must be bool, integer or floating (at most 64 bits), got dtype {array.dtype}")
    return np.ascontiguousarray(array, little).reshape(array.shape)


def _bytes_of(array: Array) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


# Zygote to controller


def send_reply(channel: socket.socket, reply: Reply) -> None:
    """Answer the controller."""
    head = (reply.verdict, reply.wait_status, reply.seconds, reply.growth, len(reply.body))
    channel.sendall(_REPLY.pack(_REPLY_MAGIC, *head))
    if reply.body:
        channel.sendall(reply.body)


def receive_reply(channel: socket.socket, cap: int, deadline: float) -> Reply:
    """Read one reply of at most `cap` bytes until `deadline` (of `time.monotonic`).

    Raises WireError where it is malformed or too long, TimeoutError at the deadline, EOFError or OSError where the
    zygote is gone.
    """
    head = _exactly(channel, _REPLY.size, deadline)
    magic, verdict, wait_status, seconds, growth, size = _REPLY.unpack(head)
    if magic != _REPLY_MAGIC or verdict not in Verdict.__members__.values():
        raise WireError("malformed reply of a zygote")
    if size > cap:
        raise WireError(f"a zygote announced {size} bytes, at most {cap} are read")
    body = bytes(_exactly(channel, size, deadline))
    return Reply(Verdict(verdict), body, wait_status, seconds if math.isfinite(seconds) else 0.0, growth)


def _exactly(channel: socket.socket, size: int, deadline: float | None = None) -> bytearray:
    data = bytearray(size)
    _fill(channel, memoryview(data), deadline)
    return data


def _fill(channel: socket.socket, view: memoryview, deadline: float | None = None) -> None:
    while view:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("no answer before the deadline")
            channel.settimeout(left)
        got = channel.recv_into(view)
        if not got:
            raise EOFError("the other side closed the connection")
        view = view[got:]


# Child to controller


def record_cap(limits: Limits) -> int:
    """The most bytes one record can have under these limits."""
    return _RECORD.size + _MAX_ARRAYS * _ARRAY.size + limits.message_bytes + limits.result_bytes


def encode_record(outcome: Outcome, limits: Limits) -> list[bytes | memoryview]:
    """The child's record in pieces, to be written one after the other.

    Raises ValueError where the arrays are too many, of a wrong type or larger than `limits.result_bytes` together.
    """
    arrays = [_plain(a) for a in outcome.arrays]
    total = sum(a.nbytes for a in arrays)
    if len(arrays) > _MAX_ARRAYS or any(a.ndim > _MAX_DIMENSIONS for a in arrays):
        raise ValueError(f"at most {_MAX_ARRAYS} arrays of {_MAX_DIMENSIONS} dimensions can be returned")
    if total > limits.result_bytes:
        raise ValueError(f"the results take {total} bytes, the limit is {limits.result_bytes}")
    message = sanitise(outcome.message, limits.message_bytes).encode("ascii")
    status = _REPORTABLE.index(outcome.status)
    head = [
        _RECORD.pack(_RECORD_MAGIC, status, len(arrays), 0, len(message), outcome.compile_seconds, outcome.run_seconds)
    ]
    for array in arrays:
        shape = array.shape + (0,) * (_MAX_DIMENSIONS - array.ndim)
        head.append(_ARRAY.pack(_DTYPES.index(array.dtype), array.ndim, 0, 0, *shape))
    return [b"".join([*head, message]), *(_bytes_of(a) for a in arrays if a.size)]


def decode_record(data: bytes, limits: Limits, seconds: float) -> Outcome:
    """The outcome in a record that a child wrote. Raises WireError on anything that `encode_record` cannot write."""
    if len(data) < _RECORD.size:
        raise WireError(f"{len(data)} bytes are less than a record's header")
    magic, code, count, zero, message_size, compile_seconds, run_seconds = _RECORD.unpack_from(data)
    if magic != _RECORD_MAGIC or code >= len(_REPORTABLE) or zero or count > _MAX_ARRAYS:
        raise WireError("the record's header is malformed")
    if not all(math.isfinite(s) and 0 <= s <= _MAX_SECONDS for s in (compile_seconds, run_seconds)):
        raise WireError("the record's times are malformed")
    position = _RECORD.size + count * _ARRAY.size
    if message_size > limits.message_bytes or len(data) < position + message_size:
        raise WireError("the record's message is longer than declared or allowed")
    headers = [_ARRAY.unpack_from(data, _RECORD.size + i * _ARRAY.size) for i in range(count)]
    message = data[position : position + message_size].decode("latin-1")
    position += message_size
    arrays: list[Array] = []
    for header in headers:
        array, position = _decode_array(data, position, header, limits.result_bytes)
        arrays.append(array)
    if position != len(data):
        raise WireError(f"{len(data) - position} bytes follow the record")
    status = _REPORTABLE[code]
    if arrays and status is not Status.OK:
        raise WireError(f"a record of status {status} carries arrays")
    text = sanitise(message, limits.message_bytes)
    return Outcome(status, tuple(arrays), text, compile_seconds, run_seconds, seconds)


def _decode_array(data: bytes, position: int, header: tuple[int, ...], cap: int) -> tuple[Array, int]:
    code, dimensions, zero, zeros, *shape = header
    if code >= len(_DTYPES) or dimensions > _MAX_DIMENSIONS or zero or zeros or any(shape[dimensions:]):
        raise WireError("an array's header is malformed")
    dtype, sides = _DTYPES[code], tuple(shape[:dimensions])
    if math.prod(max(s, 1) for s in sides) * dtype.itemsize > cap:
        raise WireError(f"an array of shape {sides} is larger than {cap} bytes")
    count = math.prod(sides)
    end = position + count * dtype.itemsize
    if end > len(data):
        raise WireError("an array is longer than the record")
    raw = np.uint8 if dtype == np.bool_ else dtype  # a bool of another byte than 0 or 1 is undefined in numpy
    array = np.frombuffer(data, raw, count, position).reshape(sides)
    return (array != 0 if dtype == np.bool_ else array.copy()), end
