"""Instances of routing as arrays: the requests of `serving.cases`, and the fleet that serves them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Ints
from heuresis.evaluators.serving.cases import Case, Cases


@dataclass(frozen=True, slots=True)
class FleetCase:
    """One instance: `requests` (whose `engine` has a row for each replica) and the fleet.

    `role` (`roles.py`) has an element for each replica, of which the first `active` are on at first. `startup` is what
    switching one on takes (s; None: nobody may switch replicas), `price` what a replica-second costs for each request.
    """

    requests: Case
    role: Ints
    active: int
    startup: float | None
    price: float


class FleetCases:
    """The instances of a payload (`Routing`)."""

    def __init__(self, payload: Mapping[str, NDArray[np.generic]]) -> None:
        self.requests = Cases(payload)
        self._role = np.array(payload["role"], dtype=np.int64)
        self._replica_at = np.array(payload["replica_offsets"], dtype=np.int64)
        self._active = np.array(payload["active"], dtype=np.int64)
        self._startup = np.array(payload["startup"], dtype=np.float64)
        self._price = np.array(payload["price"], dtype=np.float64)

    def __len__(self) -> int:
        """The number of instances."""
        return len(self.requests)

    def __getitem__(self, i: int) -> FleetCase:
        """One instance."""
        startup = float(self._startup[i])
        return FleetCase(
            requests=self.requests[i],
            role=self._role[self._replica_at[i] : self._replica_at[i + 1]],
            active=int(self._active[i]),
            startup=None if np.isnan(startup) else startup,
            price=float(self._price[i]),
        )
