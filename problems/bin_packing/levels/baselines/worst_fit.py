"""Worst fit (Johnson et al. 1974, doi:10.1137/0203025): the open bin that has most left, a new one where none fits."""


def score(item, rem, cap, counts, seen):
    return -rem if rem < cap else 1.0
