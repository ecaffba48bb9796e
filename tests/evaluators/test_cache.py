"""Files of a cache are written whole or not at all; machine code belongs to the text that it was made of."""

import os
from pathlib import Path

import pytest

from heuresis.evaluators import cache
from heuresis.evaluators.cache import UNUSED, digest_of_code, use_numba_cache, write_cache


def test_a_file_is_written_with_its_folder_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.json"
    assert write_cache(path, "one")
    assert write_cache(path, "two")
    assert path.read_text() == "two"
    assert list(path.parent.iterdir()) == [path]


def test_nothing_is_left_behind_where_the_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert not write_cache(tmp_path / "a.json", "one")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert not write_cache(tmp_path / "file" / "a.json", "one")


def test_code_is_told_by_the_names_and_contents_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "a.py").write_text("PLACE = 10\n")
    before = digest_of_code(tmp_path)
    (tmp_path / "notes.txt").write_text("no code")
    assert digest_of_code(tmp_path) == before
    (tmp_path / "below" / "a.py").write_text("PLACE = 11\n")
    changed = digest_of_code(tmp_path)
    (tmp_path / "below" / "a.py").rename(tmp_path / "below" / "b.py")
    assert len({before, changed, digest_of_code(tmp_path)}) == 3


def test_machine_code_of_other_evaluators_is_never_loaded_and_removed_after_a_month(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    folders = []
    for text in ("a", "b"):
        monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
        monkeypatch.setattr(cache, "digest_of_code", lambda *_, text=text: text * 64)
        folders.append(use_numba_cache())
        assert os.environ["NUMBA_CACHE_DIR"] == str(folders[-1])
    old = folders[0].stat().st_mtime - UNUSED - 1
    os.utime(folders[0], (old, old))
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    assert use_numba_cache() == folders[1]
    assert list(folders[1].parent.iterdir()) == [folders[1]]
