"""Whatever bytes a child writes, the controller ends with arrays of an allowed type and size, or with WireError."""

import os
import signal
import socket
import struct
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from heuresis.sandbox.limits import Limits
from heuresis.sandbox.outcome import Outcome, Status
from heuresis.sandbox.process import wire
from heuresis.sandbox.process.ending import judge
from heuresis.sandbox.process.wire import Reply, Verdict
from heuresis.sandbox.screen.screen import AllowList, FunctionShape
from heuresis.sandbox.task import Array, Task

LIMITS = Limits(result_bytes=4096, message_bytes=100)
DTYPES = ["u1", "i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f4", "<f8", "?"]

arrays = st.lists(hnp.arrays(st.sampled_from(DTYPES), hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)))
small_arrays = arrays.filter(lambda many: sum(a.nbytes for a in many) <= LIMITS.result_bytes and len(many) <= 64)


def record(outcome: Outcome) -> bytes:
    return b"".join(bytes(piece) for piece in wire.encode_record(outcome, LIMITS))


@given(small_arrays)
def test_records_round_trip(many: list[Array]) -> None:
    sent = Outcome(Status.OK, tuple(many), compile_seconds=0.25, run_seconds=0.5)
    got = wire.decode_record(record(sent), LIMITS, 1.0)
    assert (got.status, got.compile_seconds, got.run_seconds, got.seconds) == (Status.OK, 0.25, 0.5, 1.0)
    for before, after in zip(many, got.arrays, strict=True):
        assert (after.dtype, after.shape) == (before.dtype, before.shape)
        np.testing.assert_array_equal(after, before)


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda tail: b"hzREC001\0\1\0\0" + tail))
def test_noise_never_escapes(data: bytes) -> None:
    check_decoded(data)


@given(small_arrays, st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=4), st.data())
def test_damaged_records_never_escape(many: list[Array], damage: list[tuple[int, int]], data: st.DataObject) -> None:
    damaged = bytearray(record(Outcome(Status.OK, tuple(many), "text")))
    for position, value in damage:
        damaged[position % len(damaged)] = value
    check_decoded(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))
    check_decoded(bytes(damaged))


def check_decoded(data: bytes) -> None:
    outcome = judge(Reply(Verdict.ENDED, data), LIMITS)
    assert outcome.status in Status
    assert len(outcome.message) <= 200
    assert all(c.isprintable() or c == "\n" for c in outcome.message)
    assert sum(a.nbytes for a in outcome.arrays) <= len(data)
    for array in outcome.arrays:
        assert array.dtype.str in {np.dtype(t).str for t in DTYPES}
        assert np.array_equal(array, array.copy(), equal_nan=array.dtype.kind == "f")
        if array.dtype == np.bool_:
            assert set(array.view(np.uint8).ravel().tolist()) <= {0, 1}


def test_a_bool_of_another_byte_is_made_true() -> None:
    data = record(Outcome(Status.OK, (np.array([True]),)))[:-1] + b"\x07"
    assert wire.decode_record(data, LIMITS, 0.0).arrays[0].view(np.uint8).tolist() == [1]


def test_too_many_arrays_are_refused_by_the_child_too() -> None:
    with pytest.raises(ValueError, match="at most 64 arrays"):
        wire.encode_record(Outcome(Status.OK, (np.zeros(1),) * 65), LIMITS)


@pytest.mark.parametrize(
    ("text", "cap", "clean"),
    [
        ("plain\ntext\t!", 50, "plain\ntext !"),
        ("\x1b[31mred\x00\x7f\x9b", 50, "?[31mred???"),
        ("h\u00e9\u202e", 50, "h??"),
        ("x" * 11, 10, "xxxxxxx..."),
        ("x" * 10, 10, "x" * 10),
        ("xyz" * 9, 2, ".."),
    ],
)
def test_sanitise(text: str, cap: int, clean: str) -> None:
    assert wire.sanitise(text, cap) == clean


def test_setup_and_task_cross_a_socket() -> None:
    ours, theirs = socket.socketpair()
    allow = AllowList((FunctionShape("f", ("a", "b"), required=False),), frozenset({"max", "math.exp"}), max_nodes=7)
    setup = wire.Setup("a.b:C", {"key": "value"}, allow, {"x": np.arange(100_000.0), "y": np.zeros((2, 0))})
    task = Task("kind", "source \u20ac \udcff", (np.arange(5)[::-2],))
    sender = threading.Thread(
        target=lambda: (wire.send_setup(ours, setup), wire.send_task(ours, task, LIMITS), ours.close())
    )
    sender.start()
    with theirs:
        got = wire.receive_setup(theirs)
        received = wire.receive_task(theirs)
        assert wire.receive_task(theirs) is None
    sender.join()
    assert got is not None
    assert (got.engine, got.options, got.allow) == (setup.engine, setup.options, allow)
    assert list(got.payload) == ["x", "y"]
    np.testing.assert_array_equal(got.payload["x"], setup.payload["x"])
    assert got.payload["x"].flags.writeable
    assert received is not None
    assert (received[0].kind, received[0].source, received[1]) == ("kind", task.source, LIMITS)
    assert received[0].arrays[0].tolist() == [4, 2, 0]


@pytest.mark.parametrize("dtype", [object, "U3", "M8[s]", "c16", "V8", np.longdouble])
def test_other_dtypes_do_not_cross(dtype: object) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(ValueError, match="arrays must be bool, integer or floating"):
        wire.send_task(ours, Task("k", arrays=(np.zeros(2, dtype=dtype),)), LIMITS)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", EOFError),
        (b"hzR1" + b"\0" * 10, EOFError),
        (b"nope" + b"\0" * 32, wire.WireError),
        (struct.pack("<4sBxxxidqQ", b"hzR1", 99, 0, 0.0, 0, 0), wire.WireError),
        (struct.pack("<4sBxxxidqQ", b"hzR1", 3, 0, 0.0, 0, 1 << 60), wire.WireError),
        (struct.pack("<4sBxxxidqQ", b"hzR1", 3, 0, 0.0, 0, 5) + b"1234", EOFError),
    ],
)
def test_replies_are_checked(data: bytes, error: type[Exception]) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.sendall(data)
        ours.close()
        with pytest.raises(error):
            wire.receive_reply(theirs, 1000, deadline=1e8)


def test_a_silent_zygote_reaches_its_deadline() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(TimeoutError):
        wire.receive_reply(theirs, 1000, deadline=0.0)


@pytest.mark.parametrize(
    ("reply", "status", "text"),
    [
        (Reply(Verdict.TIMEOUT), Status.TIMEOUT, "no result within 20 s"),
        (Reply(Verdict.OVERFLOW), Status.CRASHED, "wrote more than 4096 bytes"),
        (Reply(Verdict.ENDED, wait_status=signal.SIGXCPU), Status.TIMEOUT, "more processor time"),
        (Reply(Verdict.ENDED, wait_status=signal.SIGKILL), Status.MEMORY, "killed by the system"),
        (Reply(Verdict.ENDED, wait_status=signal.SIGABRT), Status.CRASHED, "killed by SIGABRT"),
        (Reply(Verdict.ENDED, wait_status=signal.SIGABRT, growth=1 << 30), Status.MEMORY, "out of memory"),
        (Reply(Verdict.ENDED, wait_status=signal.SIGSEGV | 128), Status.CRASHED, "killed by SIGSEGV"),
        (Reply(Verdict.ENDED, wait_status=99), Status.CRASHED, "killed by signal 99"),
        (Reply(Verdict.ENDED, wait_status=0x1300), Status.CRASHED, "exited with code 19 without a result"),
        (Reply(Verdict.ENDED, b"xx", wait_status=0x100), Status.CRASHED, "exited with code 1 after writing 2 bytes"),
    ],
)
def test_judgement(reply: Reply, status: Status, text: str) -> None:
    outcome = judge(reply, LIMITS)
    assert outcome.status is status
    assert text in outcome.message


def test_a_whole_record_before_a_crash_is_no_result() -> None:
    data = record(Outcome(Status.OK, (np.ones(1),)))
    assert judge(Reply(Verdict.ENDED, data), LIMITS).ok
    assert judge(Reply(Verdict.ENDED, data, wait_status=os.EX_SOFTWARE << 8), LIMITS).status is Status.CRASHED
