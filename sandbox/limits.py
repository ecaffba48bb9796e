"""What one confined child may use."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one child, enforced by the kernel and by the zygote, never by the child's good will.

    Raises ValueError where a limit is not positive.
    """

    seconds: float = 20.0  # wall clock from fork to result; then SIGKILL
    memory_bytes: int = 1 << 30  # address space beyond what the zygote already maps
    result_bytes: int = 64 << 20  # all result arrays together
    message_bytes: int = 2_000  # error text

    def __post_init__(self) -> None:
        for name in ("seconds", "memory_bytes", "result_bytes", "message_bytes"):
            value = getattr(self, name)
            if value <= 0:
                raise ValueError(f"Limits.{name} must be positive, got {value}")
