"""Every way in which a program can end is one outcome, and the next program is not touched by it."""

import ctypes
import struct
import sys
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from heuresis.sandbox.layers import Layer
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.outcome import Outcome, SandboxError, Status
from heuresis.sandbox.process.isolate import missing_layers
from heuresis.sandbox.process.pool import Pool
from heuresis.sandbox.task import Task

needs_seccomp = pytest.mark.skipif(
    Layer.SECCOMP in missing_layers(), reason="this machine does not filter system calls"
)
BRIEF = Limits(seconds=0.3, memory_bytes=96 << 20)
SOURCE = "import math\n\ndef priority(p: float, d: float, t: float) -> float:\n    return d - t - p\n"


def good(pool: Pool) -> Outcome:
    return pool.run(Task("sum", arrays=(np.ones(3),)))


def header(status: int = 0, arrays: int = 0, message: int = 0, compile_s: float = 0.0, run_s: float = 0.0) -> bytes:
    return struct.pack("<8sBBHIdd", b"hzREC001", status, arrays, 0, message, compile_s, run_s)


def array_header(code: int, *shape: int) -> bytes:
    return struct.pack("<BBHI8Q", code, len(shape), 0, 0, *shape, *([0] * (8 - len(shape))))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl(2) is Linux's")
def test_the_controller_is_closed_to_its_neighbours(pool: Pool) -> None:
    assert good(pool).ok
    get_dumpable = 3
    assert ctypes.CDLL(None).prctl(get_dumpable, 0, 0, 0, 0) == 0


def test_results_come_back_as_they_were(pool: Pool) -> None:
    sent = (
        np.arange(6, dtype=np.int32).reshape(2, 3),
        np.array([0.1, np.nan, -np.inf]),
        np.array([True, False]),
        np.zeros((0, 3), dtype=np.float32),
        np.array(7, dtype=np.uint8),
        np.arange(8, dtype=np.int64)[::2],
        np.arange(3, dtype=">i2"),
    )
    outcome = pool.run(Task("echo", arrays=sent))
    assert outcome.ok, outcome.message
    for before, after in zip(sent, outcome.arrays, strict=True):
        assert after.dtype == before.dtype.newbyteorder("<")
        assert after.shape == before.shape
        np.testing.assert_array_equal(after, before)
        assert after.flags.writeable
        assert after.flags.aligned


def test_payload_and_times(pool: Pool) -> None:
    outcome = good(pool)
    assert outcome.arrays[0].tolist() == [9.0]
    assert 0 <= outcome.run_seconds <= outcome.seconds < 5
    assert outcome.message == ""


def test_source_is_screened_compiled_and_run(pool: Pool) -> None:
    outcome = pool.run(Task("call", SOURCE, (np.array([2.0, 10.0, 3.0]),)))
    assert outcome.ok, outcome.message
    assert outcome.arrays[0].tolist() == [5.0]
    assert outcome.compile_seconds > 0


def test_rejected_with_the_place(pool: Pool) -> None:
    outcome = pool.run(Task("call", SOURCE.replace("d - t", "open(d)")))
    assert outcome.status is Status.REJECTED
    assert outcome.message.startswith("line 4, column 12: `open` may not be called")


def test_compile_error(pool: Pool) -> None:
    outcome = pool.run(Task("compile_error", SOURCE))
    assert outcome.status is Status.COMPILE_ERROR
    assert outcome.message == "the toy does not like this"


FAILURES = [
    ("hang", Status.TIMEOUT, "no result within 0.3 s"),
    ("sleep", Status.TIMEOUT, "no result within 0.3 s"),
    ("ignore_signals", Status.TIMEOUT, "no result"),
    ("stop_self", Status.TIMEOUT, "no result"),
    ("daemon_and_hang", Status.TIMEOUT, "no result"),
    ("segfault", Status.CRASHED, "killed by SIGSEGV"),
    ("abort", Status.CRASHED, "killed by SIGABRT"),
    ("kill_self", Status.MEMORY, "killed by the system"),
    ("raise", Status.RUNTIME_ERROR, "ZeroDivisionError: float division?[2J by zero ? xxx"),
    ("raise_unprintable", Status.RUNTIME_ERROR, "Unprintable: (its message raised ValueError)"),
    ("system_exit", Status.RUNTIME_ERROR, "SystemExit: 0"),
    ("recurse", Status.RUNTIME_ERROR, "RecursionError"),
    ("unknown_kind", Status.RUNTIME_ERROR, "AttributeError"),
    ("hog", Status.MEMORY, "out of memory"),
    ("hog_bytes", Status.MEMORY, "out of memory"),
    ("hog_and_abort", Status.MEMORY, "out of memory"),
    ("bad_result", Status.RUNTIME_ERROR, "got dtype object"),
    ("flood_result", Status.CRASHED, "wrote more than"),
    ("forge_then_go_on", Status.CRASHED, "malformed result: 32 bytes follow the record"),
    ("open", Status.RUNTIME_ERROR, "OSError"),
]


@pytest.mark.parametrize(("kind", "status", "text"), FAILURES, ids=[f[0] for f in FAILURES])
def test_failures_cost_exactly_themselves(pool: Pool, kind: str, status: Status, text: str) -> None:
    limits = BRIEF if status is Status.TIMEOUT else None
    deaths = pool.deaths
    outcome = pool.run(Task(kind, limits=limits))
    assert outcome.status is status, outcome.message
    assert text in outcome.message
    assert outcome.arrays == ()
    assert outcome.message.isprintable()
    assert len(outcome.message) <= 500
    assert [good(pool).arrays[0].tolist() for _ in range(pool.workers)] == [[9.0], [9.0]]
    assert pool.deaths == deaths, "no zygote may die of it"


CONFINED = [
    ("hang", Status.TIMEOUT, "no result within 0.3 s"),
    ("segfault", Status.CRASHED, "killed by SIGSEGV"),
    ("abort", Status.CRASHED, "killed by SIGABRT"),
    ("raise", Status.RUNTIME_ERROR, "ZeroDivisionError: float division?[2J by zero ? xxx"),
    ("recurse", Status.RUNTIME_ERROR, "RecursionError"),
    ("hog", Status.MEMORY, "out of memory"),
    ("hog_and_abort", Status.MEMORY, "out of memory"),
    ("flood_result", Status.CRASHED, "wrote more than"),
    ("forge_then_go_on", Status.CRASHED, "malformed result"),
    ("open", Status.RUNTIME_ERROR, "Permission"),
    ("sleep", Status.CRASHED, "a system call that is not allowed"),
    ("stop_self", Status.CRASHED, "a system call that is not allowed"),
    ("kill_self", Status.CRASHED, "a system call that is not allowed"),
    ("daemon_and_hang", Status.CRASHED, "a system call that is not allowed"),
]


@needs_seccomp
@pytest.mark.parametrize(("kind", "status", "text"), CONFINED, ids=[f[0] for f in CONFINED])
def test_failures_under_all_layers(confined: Pool, kind: str, status: Status, text: str) -> None:
    limits = BRIEF if status is Status.TIMEOUT else None
    outcome = confined.run(Task(kind, limits=limits))
    assert outcome.status is status, outcome.message
    assert text in outcome.message
    assert good(confined).arrays[0].tolist() == [9.0]
    assert confined.deaths == 0


@needs_seccomp
def test_what_a_program_may_still_do(confined: Pool) -> None:
    outcome = confined.run(Task("call", SOURCE, (np.array([2.0, 10.0, 3.0]),)))
    assert outcome.ok, outcome.message
    assert outcome.arrays[0].tolist() == [5.0]
    assert confined.run(Task("flood_output")).ok


@pytest.mark.parametrize("code", [0, 1, 255])
def test_exit_without_a_result(pool: Pool, code: int) -> None:
    outcome = pool.run(Task("exit", arrays=(np.array([code]),)))
    assert outcome.status is Status.CRASHED
    assert outcome.message == f"the process exited with code {code} without a result"


def test_output_floods_cost_nothing(pool: Pool) -> None:
    outcome = pool.run(Task("flood_output"))
    assert outcome.ok
    assert outcome.run_seconds < 5


def test_results_beyond_the_limit(pool: Pool) -> None:
    outcome = pool.run(Task("big_result", limits=Limits(result_bytes=1 << 20)))
    assert outcome.status is Status.RUNTIME_ERROR
    assert "the limit is 1048576" in outcome.message
    assert pool.run(Task("big_result")).ok


FORGED = {
    "empty": b"",
    "noise": b"\x80\x04\x95" + b"cos\nsystem\n" * 9,
    "truncated header": header()[:-1],
    "wrong magic": b"x" + header()[1:],
    "unknown status": header(status=5),
    "more arrays than sent": header(arrays=3),
    "too many arrays": header(arrays=65) + array_header(0, 0) * 65,
    "infinite time": header(compile_s=float("inf")),
    "negative time": header(run_s=-1.0),
    "message longer than sent": header(status=1, message=10) + b"short",
    "message longer than allowed": header(status=1, message=501) + b"x" * 501,
    "unknown dtype": header(arrays=1) + array_header(11, 1) + b"x" * 8,
    "too many dimensions": header(arrays=1) + struct.pack("<BBHI8Q", 0, 9, 0, 0, *[1] * 8) + b"x",
    "shape beyond the dimensions": header(arrays=1) + struct.pack("<BBHI8Q", 0, 1, 0, 0, *[1] * 8) + b"x",
    "huge shape": header(arrays=1) + array_header(7, 1 << 62, 1 << 62) + b"x",
    "huge empty shape": header(arrays=1) + array_header(7, 1 << 62, 0),
    "array longer than sent": header(arrays=1) + array_header(7, 2) + b"x" * 15,
    "array shorter than sent": header(arrays=1) + array_header(7, 2) + b"x" * 17,
    "failure with arrays": header(status=3, arrays=1) + array_header(7, 1) + b"x" * 8,
}


@pytest.mark.parametrize("name", FORGED)
def test_forged_records(pool: Pool, name: str) -> None:
    outcome = pool.run(Task("forge", arrays=(np.frombuffer(FORGED[name], np.uint8),)))
    assert outcome.status is Status.CRASHED
    assert outcome.arrays == ()
    assert outcome.message.isprintable()
    assert good(pool).ok


def test_a_forged_message_is_sanitised(pool: Pool) -> None:
    text = b"\x1b]0;owned\x07\r\n\xff" + b"a" * 20
    data = header(status=3, message=len(text)) + text
    outcome = pool.run(Task("forge", arrays=(np.frombuffer(data, np.uint8),)))
    assert outcome.status is Status.RUNTIME_ERROR
    assert outcome.message == "?]0;owned??\n?" + "a" * 20


def test_the_environment_is_scrubbed(make_pool: Callable[..., Pool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    outcome = make_pool().run(Task("environment"))
    text = outcome.arrays[0].tobytes().decode()
    names = {line.partition("=")[0] for line in text.splitlines()}
    assert "secret" not in text
    assert not names & {"OPENAI_API_KEY", "PYTHONPATH", "HOME", "PATH", "USER"}
    assert {"NUMBA_CACHE_DIR", "PYTHONHASHSEED", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"} <= names


def test_descriptors_are_closed(pool: Pool) -> None:
    assert pool.run(Task("descriptors")).arrays[0].tolist() == [0, 1, 2, 3]


def test_children_are_fresh(pool: Pool) -> None:
    pids = [tuple(pool.run(Task("pids")).arrays[0].tolist()) for _ in range(6)]
    assert len({child for _, child in pids}) == 6
    assert {zygote for zygote, _ in pids} == set(pool.pids())


def test_fair_and_thread_safe(pool: Pool) -> None:
    """Many threads at once: every answer belongs to its question."""
    answers: dict[int, Outcome] = {}

    def ask(number: int) -> None:
        answers[number] = pool.run(Task("echo", arrays=(np.array([number]),)))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {n: a.arrays[0].tolist() for n, a in answers.items()} == {n: [n] for n in range(24)}


def test_first_come_first_served(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool()
    finished: list[int] = []

    def ask(number: int) -> None:
        pool.run(Task("work", arrays=(np.array([0.15 if number == 0 else 0.0]),)))
        finished.append(number)

    threads = []
    for number in range(5):
        threads.append(threading.Thread(target=ask, args=(number,)))
        threads[-1].start()
        time.sleep(0.02)
    for thread in threads:
        thread.join()
    assert finished == [0, 1, 2, 3, 4]


def test_ten_per_cent_hanging_cost_only_themselves(pool: Pool) -> None:
    """45 good programs beside 5 that hang: the wall time is that of the hanging ones plus the work."""
    statuses: dict[int, Status] = {}

    def ask(numbers: range) -> None:
        for number in numbers:
            kind = "hang" if number % 10 == 3 else "sum"
            statuses[number] = pool.run(Task(kind, arrays=(np.ones(3),), limits=BRIEF)).status

    begin = time.monotonic()
    threads = [threading.Thread(target=ask, args=(range(start, 50, 2),)) for start in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - begin
    assert {n for n, s in statuses.items() if s is Status.TIMEOUT} == {3, 13, 23, 33, 43}
    assert sum(s is Status.OK for s in statuses.values()) == 45
    assert seconds < 50 * BRIEF.seconds  # as long as all of them would take if all hung


def test_a_task_that_cannot_be_sent_is_the_callers_error(pool: Pool) -> None:
    with pytest.raises(ValueError, match="got dtype object"):
        pool.run(Task("echo", arrays=(np.array([None]),)))
    assert [good(pool).ok for _ in range(2)] == [True, True]


@pytest.mark.parametrize(
    ("engine", "options", "text"),
    [
        ("nowhere.at_all:Engine", {}, "No module named 'nowhere'"),
        ("just_a_name", {}, "an engine is named"),
        ("heuresis.sandbox.process.wire:Missing", {}, "has no attribute 'Missing'"),
        ("/no/such/file.py:Toy", {}, "No such file"),
        ("", {"warm": "raise"}, "the toy refuses to warm"),
        ("", {"warm": "exit"}, "the toy leaves"),
        ("", {"warm": "thread"}, "left 2 threads running"),
    ],
)
def test_engines_that_do_not_start(
    make_pool: Callable[..., Pool], toy: str, allow: object, engine: str, options: dict[str, str], text: str
) -> None:
    with pytest.raises(SandboxError) as caught:
        Pool(engine or toy, {}, allow, options=options, workers=2)  # type: ignore[arg-type]
    assert text in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_a_slow_start_is_reported(make_pool: Callable[..., Pool], toy: str, allow: object) -> None:
    with pytest.raises(SandboxError, match=r"not ready within 0\.001 s"):
        Pool(toy, {}, allow, start_seconds=0.001)  # type: ignore[arg-type]


def test_workers_must_be_positive(toy: str, allow: object) -> None:
    with pytest.raises(ValueError, match="at least one worker, got 0"):
        Pool(toy, {}, allow, workers=0)  # type: ignore[arg-type]
