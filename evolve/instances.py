"""Instance files that a run is on: pinned when it starts, and looked at again before it goes on."""

import hashlib
from dataclasses import replace
from pathlib import Path

from heuresis.evolve.config import Config, ConfigError
from heuresis.problems.problem import InstanceError, Problem


def absolute(config: Config) -> Config:
    """The settings with the paths of instance files and of an engine's as any folder finds them."""
    engine = config.engine
    if engine is not None and engine.endswith(".toml"):
        engine = str(Path(engine).expanduser().resolve())
    files = tuple(str(Path(file).expanduser().resolve()) for file in config.instances)
    return replace(config, instances=files, engine=engine)


def pinned(config: Config, problem: Problem) -> Config:
    """The settings with the digest of each instance file, and the fingerprint of each part that they were cut into.

    Raises InstanceError where a file cannot be read.
    """
    if not config.instances:
        return config
    digests = tuple(_digest(file) for file in config.instances)
    return replace(config, digests=digests, parts=tuple(problem.comparable().items()))


def check_files(run: str, config: Config) -> None:
    """Raise ConfigError where an instance file of a run is gone or has another content than when it began."""
    for file, digest in zip(config.instances, config.digests, strict=True):
        try:
            found = _digest(file)
        except InstanceError as error:
            raise ConfigError(
                f"run {run} is on the instance file {file}, which {error}; put it back there, or start another run"
            ) from error
        if found != digest:
            raise ConfigError(
                f"run {run} is on the instance file {file}, which has another content now; put the old one back, or "
                "start another run"
            )


def check_parts(run: str, config: Config, problem: Problem) -> None:
    """Raise ConfigError where the same files are cut into other parts than when a run began."""
    found = problem.comparable() if config.instances else {}
    other = [split for split, fingerprint in config.parts if found.get(split) != fingerprint]
    if other:
        raise ConfigError(
            f"run {run}: its instance files are the same, but `{'`, `'.join(other)}` made of them is not: the engine, "
            "or Heuresis itself, has become another since; start another run"
        )


def _digest(file: str) -> str:
    try:
        with Path(file).open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except FileNotFoundError:
        raise InstanceError("is not there any more") from None
    except OSError as error:
        raise InstanceError(f"cannot be read: {error.strerror or error}") from error
