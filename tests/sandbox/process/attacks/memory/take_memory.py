# contract: python
# expect: rejected
# effect: returned
# Takes and touches four times the memory that it is allowed.
def attack():
    kept = [bytearray(b"x" * (1 << 24)) for _ in range(24)]
    if len(kept) != 24:
        raise MemoryError
