"""The seccomp filters: the right numbers, and what each phase lets through, told by running them in an interpreter."""

import re
import struct
from pathlib import Path

import pytest

from heuresis.sandbox.process.filters import ARCHITECTURES, Architecture, Phase, assemble

ALLOW, KILL, EACCES = 0x7FFF0000, 0x80000000, 0x0005000D
X32 = 0x40000000
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
PID = 4711
PROT_READ, PROT_WRITE, PROT_EXEC = 1, 2, 4

both = pytest.mark.parametrize("machine", ARCHITECTURES.values(), ids=ARCHITECTURES)


def decide(program: bytes, number: int, *arguments: int, audit: int) -> int:
    """What the kernel does with a system call: classic BPF over struct seccomp_data."""
    given = (*arguments, *[0] * (6 - len(arguments)))
    data = struct.pack("<IIQ6Q", number, audit, 0, *given)
    steps = list(struct.iter_unpack("<HBBI", program))
    at, word = 0, 0
    while True:
        code, yes, no, constant = steps[at]
        at += 1
        if code == 0x20:
            (word,) = struct.unpack_from("<I", data, constant)
        elif code == 0x06:
            return constant
        else:
            holds = {0x15: word == constant, 0x25: word > constant, 0x45: bool(word & constant)}[code]
            at += yes if holds else no


def call(machine: Architecture, phase: Phase, name: str, *arguments: int) -> int:
    return decide(assemble(machine, phase, PID), machine.calls[name], *arguments, audit=machine.audit)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_numbers_are_those_of_the_kernel(name: str) -> None:
    header = HEADERS[name]
    if not header.exists():
        pytest.skip(f"{header} is not installed")
    found = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text())
    numbers = {call: int(number) for call, number in found}
    numbers.setdefault("newfstatat", numbers.get("fstatat", -1))
    for system_call, number in ARCHITECTURES[name].calls.items():
        assert numbers[system_call] == number, system_call


@both
@pytest.mark.parametrize("phase", Phase)
def test_everything_that_is_not_named_kills(machine: Architecture, phase: Phase) -> None:
    program = assemble(machine, phase, PID)
    named = set(machine.calls.values())
    for number in range(600):
        if number not in named:
            assert decide(program, number, audit=machine.audit) == KILL, number


@both
@pytest.mark.parametrize("phase", Phase)
def test_other_architectures_kill(machine: Architecture, phase: Phase) -> None:
    program = assemble(machine, phase, PID)
    number = machine.calls["getpid"]
    assert decide(program, number, audit=machine.audit) == ALLOW
    assert decide(program, number, audit=0x40000003) == KILL  # i386 on x86-64 hardware
    assert decide(program, number | X32, audit=machine.audit) == KILL
    assert decide(program, 0xFFFFFFFF, audit=machine.audit) == KILL


@both
def test_executable_memory_is_made_only_while_compiling(machine: Architecture) -> None:
    for phase in Phase:
        assert call(machine, phase, "mmap", 0, 4096, PROT_READ | PROT_WRITE) == ALLOW
        assert call(machine, phase, "mmap", 0, 4096, PROT_READ | PROT_EXEC) == KILL
        assert call(machine, phase, "mprotect", 0, 4096, PROT_READ) == ALLOW
        assert call(machine, phase, "mprotect", 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) == KILL
    assert call(machine, Phase.COMPILE, "mprotect", 0, 4096, PROT_READ | PROT_EXEC) == ALLOW
    assert call(machine, Phase.RUN, "mprotect", 0, 4096, PROT_READ | PROT_EXEC) == KILL
    assert call(machine, Phase.RUN, "mprotect", 0, 4096, PROT_EXEC) == KILL


@both
def test_conditions_on_arguments(machine: Architecture) -> None:
    for phase in Phase:
        assert [call(machine, phase, "write", descriptor) for descriptor in (1, 2, 3, 4, 100)] == [ALLOW] * 3 + [
            KILL
        ] * 2
        assert call(machine, phase, "tgkill", PID, PID, 6) == ALLOW  # abort()
        assert call(machine, phase, "tgkill", 1, 1, 9) == KILL
    assert call(machine, Phase.COMPILE, "prctl", 22, 2) == ALLOW  # PR_SET_SECCOMP, for the second filter
    assert call(machine, Phase.COMPILE, "prctl", 4, 1) == KILL  # PR_SET_DUMPABLE
    assert call(machine, Phase.RUN, "prctl", 22, 2) == KILL


@both
@pytest.mark.parametrize("phase", Phase)
def test_looking_for_files_is_refused_without_killing(machine: Architecture, phase: Phase) -> None:
    for name in ("openat", "newfstatat", "faccessat", "readlinkat"):
        assert call(machine, phase, name) == EACCES
    assert call(machine, phase, "getcwd") == (ALLOW if phase is Phase.COMPILE else EACCES)
