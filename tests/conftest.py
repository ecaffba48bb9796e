"""What all tests share: nothing of the user's is read or written, and no key reaches a test."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

from heuresis.evaluators.cache import use_numba_cache

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so it is for what a shell starts in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)

use_numba_cache()  # before any test imports Numba; compiled simulators are shared by all test processes

settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("tests")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(autouse=True)
def private_surroundings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive of this test's own, and no API keys."""
    monkeypatch.setenv(
        "HEURESIS_ARCHIVE", str(tmp_path_factory.getbasetemp() / f"archive-{os.getpid()}" / "archive.db")
    )
    for name in [name for name in os.environ if name.endswith("_API_KEY")]:
        monkeypatch.delenv(name)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, so that no core waits for another at the end; coverage only where it tells something.

    The random examples of a property go through the same lines again and again, which measuring makes up to four times
    as slow; other tests reach those lines.
    """
    long = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: ("project" not in item.path.parts, item.path not in long))
    for item in items:
        if is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker(pytest.mark.no_cover)
