"""Best fit (Johnson et al. 1974, doi:10.1137/0203025): the bin that has least left."""


def priority(item, bins):
    return item - bins
