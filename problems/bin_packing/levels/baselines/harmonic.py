"""After harmonic (Lee and Lee 1985, doi:10.1145/3828.3833): as near as a rule comes that sees what bins have left.

An item of which k fit into a bin goes to a bin that may hold only items of its class, one to k - 1 of them, and else to
a new one. What a bin holds is not visible: its fill must lie where that many items of the class may lie. So bins are
shared that harmonic keeps apart, and this rule needs fewer.
"""

import math


def score(item, rem, cap, counts, seen):
    if rem == cap:
        return 1.0
    per_bin = cap // item
    fill = cap - rem
    held = math.ceil(fill * per_bin / cap)
    if held < per_bin and fill * (per_bin + 1) > held * cap:
        return 0.0
    return 2.0
