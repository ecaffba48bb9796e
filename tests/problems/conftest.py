"""References of the splits are computed once per session, into a folder of its own."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEURESIS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
