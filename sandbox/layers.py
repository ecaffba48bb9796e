"""The layers that stand between a program and the machine; `docs/sandbox.md` shows what each stops alone."""

from enum import StrEnum


class Layer(StrEnum):
    """One layer. Those of the operating system are used wherever the machine has them."""

    SCREEN = "screen"  # an allow-list of syntax
    LIMITS = "limits"  # memory, processor time, file size, processes, descriptors
    NAMESPACES = "namespaces"  # no other process, no network device in sight
    LANDLOCK = "landlock"  # no file, no TCP port, no abstract socket, no signal to others
    SECCOMP = "seccomp"  # no system call but a few


OS_LAYERS = frozenset({Layer.NAMESPACES, Layer.LANDLOCK, Layer.SECCOMP})
"""What the operating system adds; a machine may lack some of it."""
