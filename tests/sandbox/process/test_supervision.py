"""Zygotes that die are replaced; whatever happens to the controller, no process is left behind (found by looking)."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from heuresis.sandbox.layers import OS_LAYERS, Layer
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.outcome import Outcome, SandboxError, Status
from heuresis.sandbox.process.isolate import children_of
from heuresis.sandbox.process.pool import Pool
from heuresis.sandbox.task import Task


def have_namespaces() -> bool:
    """Whether this machine lets a process leave its namespaces, tried in a child."""
    code = "import sys; from heuresis.sandbox.process.kernel import enter_namespaces; sys.exit(not enter_namespaces())"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


NAMESPACES = have_namespaces()
layers = pytest.mark.parametrize("layers", ["all", "none"])
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")

CONTROLLER = """
import sys, threading, time
import numpy as np
from heuresis.sandbox.task import Task
from heuresis.sandbox.layers import OS_LAYERS
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.process.pool import Pool
from heuresis.sandbox.screen.screen import AllowList, FunctionShape

allow = AllowList((FunctionShape("priority", ("p",)),), frozenset())
if __name__ == "__main__":
    without = () if sys.argv[3] == "all" else OS_LAYERS
    with Pool(sys.argv[1], {}, allow, workers=2, limits=Limits(seconds=100), without=without) as pool:
        pool.run(Task("pids"))
        thread = threading.Thread(target=pool.run, args=(Task("hang"),), daemon=True)
        thread.start()
        time.sleep(0.1)
        print("ready", flush=True)
        pool.run(Task(sys.argv[2]))
"""


@pytest.fixture
def controller(
    tmp_path: Path, toy: str, marked: Callable[[str], list[int]]
) -> Iterator[Callable[[str, str], tuple[subprocess.Popen[str], str]]]:
    """Start a controller whose two workers are busy; every process below it carries the mark that is returned."""
    script = tmp_path / "controller.py"
    script.write_text(textwrap.dedent(CONTROLLER))
    mark = str(tmp_path / "mark")
    started: list[subprocess.Popen[str]] = []

    def start(kind: str, layers: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, str(script), toy, kind, layers],
            env={**os.environ, "NUMBA_CACHE_DIR": mark},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        # The controller, two zygotes, two children, and a keeper of each zygote that has namespaces.
        while len(marked(mark)) < (7 if layers == "all" and NAMESPACES else 5):
            time.sleep(0.01)
        return process, mark

    yield start
    for process in started:
        process.kill()
        process.communicate()


def in_background(call: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Run a call in a thread; what it returned or raised."""
    results: list[object] = []

    def body() -> None:
        try:
            results.append(call())
        except SandboxError as error:
            results.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    return thread, results


def test_a_dead_zygote_is_replaced(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool()
    (before,) = pool.pids()
    os.kill(before, signal.SIGKILL)
    assert pool.run(Task("sum")).arrays[0].tolist() == [6.0]
    (after,) = pool.pids()
    assert after != before
    assert pool.deaths == 1


def test_a_program_that_kills_its_zygote_is_tried_twice(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool(without=OS_LAYERS)
    outcome = pool.run(Task("kill_zygote"))
    assert outcome.status is Status.CRASHED
    assert "2 times in a row" in outcome.message
    assert "killed by the system for want of memory" in outcome.message
    assert pool.deaths == 2
    assert pool.run(Task("sum")).ok


def test_a_program_whose_zygote_dies_once_gets_its_result(make_pool: Callable[..., Pool], tmp_path: Path) -> None:
    marker = tmp_path / "once"
    marker.touch()
    pool = make_pool(without=OS_LAYERS)
    outcome = pool.run(Task("kill_zygote_once", arrays=(np.frombuffer(os.fsencode(marker), np.uint8),)))
    assert outcome.ok, outcome.message
    assert pool.deaths == 1


def test_a_zygote_that_hangs_is_replaced(make_pool: Callable[..., Pool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heuresis.sandbox.process.launch._GRACE_SECONDS", 0.2)
    pool = make_pool()
    (started,) = pool.pids()
    for pid in (started, *children_of(started)):  # a keeper and its zygote, or the zygote alone
        os.kill(pid, signal.SIGSTOP)
    assert pool.run(Task("sum", limits=Limits(seconds=0.2))).ok
    assert pool.deaths == 1


def test_replaced_from_a_thread_that_ends(make_pool: Callable[..., Pool]) -> None:
    """A zygote dies with the thread that started it; that must not be the thread of the caller."""
    pool = make_pool()
    os.kill(pool.pids()[0], signal.SIGKILL)
    thread, results = in_background(lambda: pool.run(Task("sum")))
    thread.join()
    assert isinstance(results[0], Outcome)
    (pid,) = pool.pids()
    time.sleep(0.1)
    assert pool.run(Task("sum")).ok
    assert pool.pids() == [pid]
    assert pool.deaths == 1


def test_without_pidfd(make_pool: Callable[..., Pool], tmp_path: Path) -> None:
    """Where the system has none (macOS), the child's end is looked for from time to time."""
    engine = tmp_path / "no_pidfd.py"
    toy = Path(__file__).parent / "toy_engine.py"
    engine.write_text(
        f"import os\n\nfrom heuresis.sandbox.process.zygote import load\n\nif hasattr(os, 'pidfd_open'):\n    del os.pidfd_open\n"
        f"Toy = load({str(toy) + ':Toy'!r})\n"
    )
    pool = make_pool(engine=f"{engine}:Toy", without=OS_LAYERS)
    statuses = [
        pool.run(Task(k, limits=Limits(seconds=0.5))).status for k in ("sum", "exit0", "hang", "segfault", "sum")
    ]
    assert statuses == [Status.OK, Status.RUNTIME_ERROR, Status.TIMEOUT, Status.CRASHED, Status.OK]
    assert pool.run(Task("kill_self")).status is Status.MEMORY
    assert pool.deaths == 0


@linux
@pytest.mark.parametrize("code", ["ENOSYS", "EPERM"])
def test_a_kernel_without_pidfd(make_pool: Callable[..., Pool], tmp_path: Path, code: str) -> None:
    """Python has the call, the kernel or a container's filter has not."""
    engine = tmp_path / "old_kernel.py"
    toy = Path(__file__).parent / "toy_engine.py"
    engine.write_text(
        "import errno\nimport os\n\nfrom heuresis.sandbox.process.zygote import load\n\n\n"
        f"def refuse(pid, flags=0):\n    raise OSError(errno.{code}, 'no')\n\n\nos.pidfd_open = refuse\n"
        f"Toy = load({str(toy) + ':Toy'!r})\n"
    )
    pool = make_pool(engine=f"{engine}:Toy")
    statuses = [pool.run(Task(k, limits=Limits(seconds=0.5))).status for k in ("sum", "hang", "sum")]
    assert statuses == [Status.OK, Status.TIMEOUT, Status.OK]
    assert pool.deaths == 0


def test_a_sandbox_that_can_run_nothing_is_not_the_programs_fault(
    make_pool: Callable[..., Pool], tmp_path: Path
) -> None:
    engine = tmp_path / "broken.py"
    toy = Path(__file__).parent / "toy_engine.py"
    engine.write_text(
        "import os\n\nfrom heuresis.sandbox.process.zygote import load\n\n\n"
        "class Toy(load(" + repr(f"{toy}:Toy") + ")):\n"
        "    def warm(self):\n        os.register_at_fork(before=lambda: self.fail())\n"
        "        self.forks = 0\n\n"
        "    def fail(self):\n        self.forks += 1\n        if self.forks > 1:\n            os._exit(9)\n"
    )
    pool = make_pool(engine=f"{engine}:Toy")
    with pytest.raises(SandboxError, match="the sandbox can run no program"):
        pool.run(Task("sum"))


@linux
@pytest.mark.parametrize("kind", ["daemon", "daemon_and_hang"])
def test_daemons_do_not_outlive_their_program(
    make_pool: Callable[..., Pool], marked: Callable[[str], list[int]], kind: str
) -> None:
    pool = make_pool(without=OS_LAYERS)
    mark = os.environ["NUMBA_CACHE_DIR"]
    pool.run(Task(kind, limits=Limits(seconds=0.5)))
    assert marked(mark) == pool.pids()


@linux
@pytest.mark.skipif(not NAMESPACES, reason="this machine gives no namespaces")
def test_daemons_die_with_their_namespace(make_pool: Callable[..., Pool], marked: Callable[[str], list[int]]) -> None:
    """Even one that is forked in the instant in which its zygote is killed."""
    pool = make_pool(without={Layer.SECCOMP, Layer.LANDLOCK}, limits=Limits(seconds=100))
    mark = os.environ["NUMBA_CACHE_DIR"]
    thread, _ = in_background(lambda: pool.run(Task("daemon_and_hang")))
    while len(marked(mark)) < 4:  # a keeper, a zygote, a child and its daemon
        time.sleep(0.01)
    for pid in children_of(pool.pids()[0]):
        os.kill(pid, signal.SIGKILL)
    pool.close()
    assert marked(mark) == []
    thread.join(5)


@linux
@pytest.mark.parametrize("without", [OS_LAYERS, {Layer.SECCOMP}], ids=["none", "namespaces"])
def test_close_ends_what_runs(
    make_pool: Callable[..., Pool], marked: Callable[[str], list[int]], without: set[Layer]
) -> None:
    pool = make_pool(workers=2, limits=Limits(seconds=100), without=without)
    mark = os.environ["NUMBA_CACHE_DIR"]
    running = [in_background(lambda k=k: pool.run(Task(k))) for k in ("hang", "daemon_and_hang", "sum")]
    while len(marked(mark)) < (
        6 if NAMESPACES and Layer.NAMESPACES not in without else 4
    ):  # two zygotes, two children, and a daemon where one may be forked
        time.sleep(0.01)
    time.sleep(0.1)
    pool.close()
    assert marked(mark) == []
    for thread, results in running:
        thread.join(5)
        assert [type(r) for r in results] == [SandboxError]
    pool.close()
    with pytest.raises(SandboxError, match="the sandbox was closed"):
        pool.run(Task("sum"))


@linux
def test_an_interrupt_leaves_a_usable_pool(make_pool: Callable[..., Pool], marked: Callable[[str], list[int]]) -> None:
    """Ctrl-C while a program runs: its process is gone at once, and the worker is good for the next program."""
    pool = make_pool(limits=Limits(seconds=100))
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        pool.run(Task("hang"))
    timer.join()
    assert marked(os.environ["NUMBA_CACHE_DIR"]) == []
    assert pool.run(Task("sum")).ok


@linux
@pytest.mark.parametrize(
    ("kind", "layers"), [("hang", "all"), ("hang", "none"), ("sleep", "none"), ("ignore_signals", "none")]
)
def test_sigkill_of_the_controller(controller, gone, kind: str, layers: str) -> None:
    process, mark = controller(kind, layers)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert gone(mark)


@linux
@layers
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_to_the_controllers_group(controller, gone, number: signal.Signals, layers: str) -> None:
    """What a terminal sends on Ctrl-C reaches the controller alone, which then clears up."""
    process, mark = controller("hang", layers)
    os.killpg(process.pid, number)
    _, errors = process.communicate(timeout=20)
    assert process.returncode != 0
    assert gone(mark)
    if number is signal.SIGINT:
        assert "\nKeyboardInterrupt\n" in errors + "\n"


@linux
def test_a_pool_that_is_never_closed(tmp_path: Path, toy: str, gone: Callable[[str], bool]) -> None:
    mark = str(tmp_path / "mark")
    code = CONTROLLER.replace("with Pool(", "pool = Pool(").replace(") as pool:", ")")
    code = code[: code.index("        thread")].replace("        pool.run", "    pool.run")
    environment = {**os.environ, "NUMBA_CACHE_DIR": mark}
    subprocess.run([sys.executable, "-c", code, toy, "", "all"], env=environment, check=True, timeout=60)
    assert gone(mark)
