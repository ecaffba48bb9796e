"""Online bin packing over single bins: a program sees the remaining capacities of all bins as one array."""

from heuresis.evaluators.language.contract import Contract, Function, Kind, Parameter, Unit

_ITEM = Parameter("item", Unit.SIZE, "size of the item, at most each of `bins`", varies=False, low=1.0)

_RETURNS = (
    "an array of priorities, one for each of `bins`: the item goes into the bin of largest priority, of equal ones "
    "into the first; no priority may be NaN"
)


def _contract(fresh: str) -> Contract:
    meaning = f"what each bin with room for the item has left, in the order of the bins; {fresh}"
    bins = Parameter("bins", Unit.SIZE, meaning, varies=False, kind=Kind.FLOAT64_ARRAY, low=1.0)
    return Contract(functions=(Function(name="priority", parameters=(_ITEM, bins), returns=_RETURNS, per="bins"),))


CONTRACT = _contract("all bins exist from the start, one for each item of the instance, so most are empty")

CONTRACT_FRESH = _contract("the last one is new")
"""With one new bin, so that nothing shows how many items will come."""
