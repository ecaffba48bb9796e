# contract: python
# expect: rejected
# effect: returned
# Maps memory that is writable and executable, for machine code of its own.
import mmap


def attack():
    mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
