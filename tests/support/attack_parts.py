"""The attack suite as data, and canaries that notice whether an attack reached anything outside of its process."""

import contextlib
import ctypes
import os
import re
import secrets
import select
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

FOLDER = Path(__file__).resolve().parents[1] / "sandbox" / "process" / "attacks"
ENGINES = FOLDER / "engines.py"

_HEADER = re.compile(r"# (contract|expect|effect): (.+)")
_SHARED_MEMORY = Path("/dev/shm")


@dataclass(frozen=True, slots=True)
class Attack:
    """One hostile program: what it is written for, how it must end, and by what its success would be noticed.

    `contract` is `smtt`, `array` or `whole` (which returns arrays) for candidates, `nopython` for programs that compile only where nothing screens them,
    `python` for plain Python that defines `attack()`. `effect` is empty for those that are candidates only.
    """

    name: str  # category/name
    contract: str
    expect: frozenset[str]
    effect: str
    source: str

    def __str__(self) -> str:
        return self.name

    @property
    def category(self) -> str:
        """The folder that it lies in."""
        return self.name.partition("/")[0]


def load_attacks() -> list[Attack]:
    """Every attack of the suite. Raises ValueError where a header is malformed."""
    return [_read(path) for path in sorted(FOLDER.glob("*/*.py"))]


def _read(path: Path) -> Attack:
    source = path.read_text(encoding="utf-8")
    name = f"{path.parent.name}/{path.stem}"
    head = dict(found.groups() for line in source.split("\n")[:3] if (found := _HEADER.fullmatch(line)))
    says = source.split("\n")[len(head)]
    if not {"contract", "expect"} <= set(head) or not re.fullmatch(r"# .+\.", says):
        raise ValueError(f"{name} must begin with comments: contract, expect, and one line that says what it tries")
    return Attack(name, head["contract"], frozenset(head["expect"].split(", ")), head.get("effect", ""), source)


class Surroundings:
    """What a user has beside the sandbox: files, services, another process with a key. A context manager.

    Sources mention it by placeholders such as `@SECRET@`, which `fill` writes in.
    """

    def __init__(self) -> None:
        self.secret = f"canary-{secrets.token_hex(8)}".encode()
        self.folder = Path(tempfile.mkdtemp(prefix="attacks-"))
        self._private, self._services = self.folder / "files", self.folder / "services"
        for folder in (self._private, self._services):
            folder.mkdir()
        self._shm = f"heuresis-{secrets.token_hex(4)}"
        self._listeners = {
            "tcp": _listener(socket.AF_INET, ("127.0.0.1", 0)),
            "udp": _listener(socket.AF_INET, ("127.0.0.1", 0), socket.SOCK_DGRAM),
            "unix": _listener(socket.AF_UNIX, str(self._services / "s")),
        }
        if sys.platform == "linux":
            self._listeners["abstract"] = _listener(socket.AF_UNIX, "\0" + self._shm)
        self._segment = _Segment(self.secret)
        self._start_neighbour()
        self._lay_out()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end_neighbour()
        self._segment.release()
        for listener in self._listeners.values():
            listener.close()
        shutil.rmtree(self.folder)

    def fill(self, source: str, zygote: int = 0) -> str:
        """The source with every placeholder written in."""
        for name, value in self._places(zygote).items():
            source = source.replace(f"@{name}@", str(value))
        return source

    def seen(self) -> set[str]:
        """What was reached since the last look; everything is put back to how it was."""
        found = {name for name, listener in self._listeners.items() if _heard(listener)}
        if not self._answers():
            found.add("neighbour")
            self._end_neighbour()
            self._start_neighbour()
        if {path.name: path.read_bytes() for path in self._private.iterdir()} != self._contents:
            found.add("target")
            self._lay_out()
        if (_SHARED_MEMORY / self._shm).exists():
            found.add("shm")
            (_SHARED_MEMORY / self._shm).unlink()
        return found

    def _places(self, zygote: int) -> dict[str, object]:
        return {
            "SECRET": self._private / "secret",
            "TARGET": self._private / "target",
            "SOURCE": self._private / "simulator.py",
            "CACHE": self._private,
            "FOLDER": self._private,
            "SHM": self._shm,
            "ABSTRACT": self._shm,
            "UNIX": self._services / "s",
            "TCP": self._listeners["tcp"].getsockname()[1],
            "UDP": self._listeners["udp"].getsockname()[1],
            "NEIGHBOUR": self._neighbour.pid,
            "ADDRESS": self._address,
            "SEGMENT": self._segment.number,
            "ZYGOTE": zygote,
            "ESCAPE": "\x1b",
        }

    def _lay_out(self) -> None:
        for path in self._private.iterdir():
            path.unlink()
        self._contents = {"secret": self.secret, "target": b"untouched", "simulator.py": b"# trusted\n", "a.nbi": b"x"}
        for name, content in self._contents.items():
            (self._private / name).write_bytes(content)

    def _start_neighbour(self) -> None:
        environment = {"PATH": os.defpath, "SOME_API_KEY": self.secret.decode()}
        # It gives up what only root may do, where the tests may, because the user's other processes may not either.
        code = "from heuresis.sandbox.process import kernel; kernel.renounce_privileges(); import os; os.execvp('cat', ['cat'])"
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
        self._neighbour = subprocess.Popen([sys.executable, "-c", code], env=environment, **pipes)
        assert self._answers()  # from here on it is what it shall be
        self._address = 0
        maps = Path(f"/proc/{self._neighbour.pid}/maps")
        if maps.exists():
            self._address = int(maps.read_text().partition("-")[0], 16)

    def _answers(self) -> bool:
        """Whether the other process lives; one that was killed a moment ago does not answer any more."""
        assert self._neighbour.stdin is not None
        assert self._neighbour.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._neighbour.stdin.write(b"?")
            return self._neighbour.stdout.read(1) == b"?"
        return False

    def _end_neighbour(self) -> None:
        self._neighbour.kill()
        self._neighbour.communicate()


def _listener(family: int, address: object, kind: int = socket.SOCK_STREAM) -> socket.socket:
    listener = socket.socket(family, kind)
    listener.bind(address)  # type: ignore[arg-type]
    listener.setblocking(False)
    if kind == socket.SOCK_STREAM:
        listener.listen(16)
    return listener


def _heard(listener: socket.socket) -> bool:
    """Whether somebody connected or sent something; the queue is emptied."""
    heard = False
    while select.select([listener], [], [], 0)[0]:
        heard = True
        if listener.type == socket.SOCK_STREAM:
            listener.accept()[0].close()
        else:
            listener.recv(1000)
    return heard


class _Segment:
    """A System V shared memory segment with a text in it; number -1 where the system has none.

    It is removed at once, and so lasts until this process lets go of it: nothing stays behind, however the tests end.
    """

    def __init__(self, text: bytes) -> None:
        self.number, self._address = -1, None
        if sys.platform != "linux":
            return
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.shmat.restype = ctypes.c_void_p
        self.number = self._libc.shmget(0, ctypes.c_size_t(4096), 0o1600)
        if self.number < 0:
            return
        self._address = ctypes.c_void_p(self._libc.shmat(self.number, None, 0))
        ctypes.memmove(self._address, text + b"\0", len(text) + 1)
        self._libc.shmctl(self.number, 0, None)

    def release(self) -> None:
        if self._address is not None:
            self._libc.shmdt(self._address)
