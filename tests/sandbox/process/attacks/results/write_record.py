# contract: python
# expect: rejected
# effect: forged
# Writes a record of decisions that nobody made to the result pipe and leaves.
import os
import struct

RECORD = struct.Struct("<8sBBHIdd")
ARRAY = struct.Struct("<BBHI8Q")
FLOAT64, RESULT = 9, 3


def attack():
    head = RECORD.pack(b"hzREC001", 0, 1, 0, 0, 0.0, 0.0) + ARRAY.pack(FLOAT64, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0)
    os.write(RESULT, head + struct.pack("<d", 1e9))
    os._exit(0)
