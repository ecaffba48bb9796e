"""Machine code that was cut off or damaged is removed, told and compiled anew: never an error, never a wrong number."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numba
import pytest
from numba.core import caching

from heuresis.evaluators import cache, seal

CODE = """
import numba

@numba.njit("int64(int64)", cache=True)
def triple(x):
    return 3 * x
"""
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda whole: whole[: len(whole) // 2],
    "last byte lost": lambda whole: whole[:-1],
    "garbled": lambda whole: b"garbled " * 20,
    "one byte changed": lambda whole: whole[:100] + bytes([whole[100] ^ 1]) + whole[101:],
    "longer": lambda whole: whole + b"\0",
    "never sealed": lambda whole: whole[:-39],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module with a compiled function whose machine code lies in this folder."""
    seal.install()
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "code"))
    (tmp_path / "module.py").write_text(CODE)
    assert triple(tmp_path) == 21
    return tmp_path / "code"


def triple(place: Path) -> int:
    """What a fresh definition of the function makes of 7, out of the cache where that has it."""
    names: dict[str, Callable[[int], int]] = {}
    exec(compile(CODE, str(place / "module.py"), "exec"), names)
    return names["triple"](7)


def files(folder: Path, ending: str) -> list[Path]:
    return sorted(folder.rglob("*" + ending))


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=list(DAMAGES))
@pytest.mark.parametrize("ending", [seal.INDEX, seal.DATA])
def test_a_damaged_file_is_compiled_anew(
    folder: Path, ending: str, damage: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    (path,) = files(folder, ending)
    path.write_bytes(damage(path.read_bytes()))
    assert triple(folder.parent) == 21
    assert len(caplog.messages) == 1
    assert path.name in caplog.text
    assert seal.broken(folder) == []
    assert [seal.is_whole(one) for one in (*files(folder, seal.INDEX), *files(folder, seal.DATA))] == [True, True]


def test_a_file_in_the_place_of_another_is_none(folder: Path) -> None:
    (index,), (data,) = files(folder, seal.INDEX), files(folder, seal.DATA)
    data.write_bytes(index.read_bytes())
    assert not seal.is_whole(data)


def test_a_start_removes_what_is_damaged_and_says_so_in_one_line(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (index,), (data,) = files(folder, seal.INDEX), files(folder, seal.DATA)
    data.unlink()
    data.mkdir()
    index.write_bytes(b"")
    assert cache.mend_numba_cache(folder) == 2
    assert len(caplog.messages) == 1
    assert "2 files of machine code" in caplog.text
    assert list(index.parent.iterdir()) == []
    assert cache.mend_numba_cache(folder) == 0
    assert triple(folder.parent) == 21


@pytest.mark.parametrize("name", ["empty", "cut", "last byte lost", "garbled", "longer", "never sealed"])
def test_a_start_finds_what_was_cut_off_by_the_ends_of_files(folder: Path, name: str) -> None:
    (data,) = files(folder, seal.DATA)
    whole = data.read_bytes()
    data.write_bytes(DAMAGES["one byte changed"](whole))
    assert seal.broken(folder) == [data]
    assert cache.mend_numba_cache(folder) == 0  # found when it is loaded
    data.write_bytes(DAMAGES[name](whole))
    assert cache.mend_numba_cache(folder) == 1
    assert not data.exists()


def test_with_an_index_its_data_files_go_and_no_others(tmp_path: Path) -> None:
    kept = tmp_path / "loops.run-10.py311.1.nbc"
    for name in ("loops.run-1.py311.nbi", "loops.run-1.py311.1.nbc", "loops.run-1.py311.12.nbc", kept.name):
        (tmp_path / name).write_bytes(b"")
    seal.remove_code(tmp_path / "loops.run-1.py311.nbi")
    assert list(tmp_path.iterdir()) == [kept]


def test_a_full_disk_costs_the_cache_and_nothing_else(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for path in (*files(folder, seal.INDEX), *files(folder, seal.DATA)):
        path.unlink()
    monkeypatch.setattr(caching.os, "replace", full)
    assert triple(folder.parent) == 21
    assert files(folder, seal.INDEX) == []


def test_numba_is_met_when_it_is_imported() -> None:
    said = "from heuresis.evaluators import seal; import sys; seal.install(); assert 'numba' not in sys.modules\n"
    said += "import numba.core.caching as c; print(c.IndexDataCacheFile.is_sealed)"
    assert subprocess.check_output([sys.executable, "-c", said], text=True) == "True\n"
