"""A wheel built from a clean clone holds everything and runs where nothing but the archive can be written."""

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGES = ("archive", "cli", "evaluators", "evolve", "problems", "sandbox")
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "weighted_completion.py"
UNREACHABLE = ("Failed to fetch", "network was disabled", "not found in the package registry")
EVOLVE = ("evolve", str(EXAMPLE), "--evaluations", "7", "--workers", "1", "--json")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def clone(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (root / ".git").exists() or shutil.which("git") is None:
        pytest.skip("needs the git repository")
    place = tmp_path_factory.mktemp("clone") / "heuresis"
    subprocess.run(["git", "clone", "--quiet", str(root), str(place)], check=True)
    return place


@pytest.fixture(scope="module")
def wheel(clone: Path) -> Path:
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(clone / "dist"), str(clone)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [built] = (clone / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel installed, which borrows the dependencies of this one, but not this checkout."""
    place = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(place, with_pip=False, symlinks=True)
    pip(place, "install", "--quiet", "--no-deps", str(wheel)).check_returncode()
    borrowed(place).write_text(sysconfig.get_path("purelib") + "\n")
    return place


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The only folder that can be written beside the archive; what one test compiles the next need not."""
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture
def read_only(environment: Path) -> Iterator[Path]:
    """The same with a package folder that nobody may write."""
    [package] = (environment / "lib").glob("python*/site-packages/heuresis")
    folders = [package, *(path for path in package.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    yield environment
    for folder in folders:
        folder.chmod(0o755)


def powerless() -> None:
    """Make root respect permissions, as any other user must."""
    if os.geteuid() == 0 and sys.platform == "linux":
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def borrowed(place: Path) -> Path:
    """The file that lends an environment the packages of this one."""
    [packages] = (place / "lib").glob("python*/site-packages")
    return packages / "borrowed.pth"


def pip(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run this environment's pip on another one."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(place / "bin" / "python")]
    return subprocess.run([*command, *words], capture_output=True, text=True, check=False)


def uv(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run this environment's uv on another one."""
    command = [sys.executable, "-m", "uv", "pip", words[0], "--python", str(place / "bin" / "python"), *words[1:]]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def heuresis(place: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command in an environment that has only the variables given."""
    surroundings = {"PATH": os.defpath, **variables}
    command = [str(place / "bin" / "heuresis"), *words]
    return subprocess.run(
        command, capture_output=True, text=True, env=surroundings, preexec_fn=powerless, cwd="/", check=False
    )


def test_the_wheel_holds_every_file_of_every_package(clone: Path, wheel: Path):
    listed = subprocess.run(["git", "ls-files", *PACKAGES], cwd=clone, capture_output=True, text=True, check=True)
    expected = {f"heuresis/{name}" for name in listed.stdout.split()} | {"heuresis/__init__.py", "heuresis/py.typed"}
    held = set(zipfile.ZipFile(wheel).namelist())
    assert len(expected) > 40
    assert expected <= held, sorted(expected - held)
    assert not [name for name in held if name.startswith(("tests/", "heuresis/tests/", "benchmarks/"))]


def test_the_installed_wheel_is_what_runs(environment: Path, tmp_path: Path):
    python = environment / "bin" / "python"
    done = subprocess.run(
        [str(python), "-c", "import heuresis; print(heuresis.__file__)"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.stdout.startswith(str(environment))


def test_it_evolves_with_read_only_packages_and_no_home(read_only: Path, scratch: Path, tmp_path: Path):
    variables = {"HOME": "/proc/nonexistent", "TMPDIR": str(scratch), "HEURESIS_ARCHIVE": str(tmp_path / "a.db")}
    done = heuresis(read_only, *EVOLVE, **variables)
    assert done.returncode == 0, done.stderr
    assert '"status": "finished"' in done.stdout
    [cache] = scratch.glob("heuresis-*")
    assert cache.stat().st_mode & 0o777 == 0o700
    assert list(cache.rglob("*.nbi")), "the compiled simulators were not kept"
    assert not list((read_only / "lib").rglob("heuresis/**/*.nbi"))


def test_without_a_home_the_default_archive_is_refused_with_advice(read_only: Path, tmp_path: Path):
    done = heuresis(read_only, "evolve", "smtt", "--evaluations", "1", HOME="/proc/nonexistent", TMPDIR=str(tmp_path))
    assert done.returncode == 1
    assert "--archive" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.network
def test_it_installs_with_its_dependencies_into_an_empty_environment(
    environment: Path, wheel: Path, scratch: Path, tmp_path: Path
):
    """The real thing. uv resolves what pip does, and takes a tenth of pip's time where it has the packages already."""
    if importlib.util.find_spec("uv") is None:
        pytest.skip("needs uv: make env")
    borrowed(environment).rename(tmp_path / "lent")
    done = uv(environment, "install", "--quiet", str(wheel))
    if done.returncode != 0:
        (tmp_path / "lent").rename(borrowed(environment))
    if done.returncode != 0 and any(words in done.stderr for words in UNREACHABLE):
        pytest.skip("no package index can be reached")
    assert done.returncode == 0, done.stderr
    uv(environment, "check").check_returncode()
    # Machine code is what the installed package itself compiled before.
    variables = {"HOME": str(tmp_path)}
    machine_code = [str(folder) for folder in scratch.glob("heuresis-*/numba")]
    variables |= dict(zip(["NUMBA_CACHE_DIR"], machine_code, strict=False))
    done = heuresis(environment, *EVOLVE, "--archive", str(tmp_path / "a.db"), **variables)
    assert done.returncode == 0, done.stderr
