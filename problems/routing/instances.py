"""Instances of routing: requests, and the replicas that serve them."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heuresis.evaluators.routing.roles import DECODES_ONLY, MIXED, PREFILLS_ONLY
from heuresis.evaluators.serving.engine import Engine
from heuresis.problems.engines.fleets import MOST_REPLICAS, Fleet
from heuresis.problems.problem import InstanceError
from heuresis.problems.serving import instances as serving_instances
from heuresis.problems.serving.instances import Labels, ServingInstance

ROLES = (MIXED, PREFILLS_ONLY, DECODES_ONLY)


@dataclass(frozen=True, slots=True)
class Switching:
    """Replicas may be switched: `active` are on at first, one more takes `startup` seconds.

    `price`: so many seconds of mean response is a replica-second per request worth.
    """

    active: int
    startup: float
    price: float


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class RouterInstance:
    """Requests (`requests.engine` is that of the first replica) and replicas with their roles.

    `roles` are `MIXED` for every replica, or `PREFILLS_ONLY` for at least one and `DECODES_ONLY` for all
    others. Raises InstanceError where there is no replica, where the engines' block sizes or their use of prefix caches
    differ, or where roles or switching make no sense.
    """

    requests: ServingInstance
    fleet: tuple[Engine, ...]
    roles: tuple[int, ...]
    switching: Switching | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.fleet) <= MOST_REPLICAS:
            raise InstanceError(f"{self.name}: expected 1 to {MOST_REPLICAS} replicas, got {len(self.fleet)}")
        alike = {(one.block_size, one.prefix_caching) for one in (self.requests.engine, *self.fleet)}
        if len(alike) > 1:
            raise InstanceError(f"{self.name}: replicas must have one block size, and all a prefix cache or none")
        if len(self.roles) != len(self.fleet) or any(role not in ROLES for role in self.roles):
            raise InstanceError(
                f"{self.name}: expected a role for each of {len(self.fleet)} replicas, got {self.roles}"
            )
        if set(self.roles) not in ({MIXED}, {PREFILLS_ONLY, DECODES_ONLY}):
            raise InstanceError(f"{self.name}: roles must be mixed everywhere, or prefill and decode, each somewhere")
        if self.switching is not None:
            self._check_switching(self.switching)

    def _check_switching(self, switching: Switching) -> None:
        if not 1 <= switching.active <= len(self.fleet) or set(self.roles) != {MIXED}:
            raise InstanceError(f"{self.name}: 1 to {len(self.fleet)} mixed replicas can be on, got {switching.active}")
        for what in (switching.startup, switching.price):
            if not 0 <= what < math.inf:
                raise InstanceError(f"{self.name}: start-up time and price must be finite and not negative, got {what}")

    @property
    def name(self) -> str:
        """That of the requests."""
        return self.requests.name

    @property
    def labels(self) -> Labels:
        """Those of the requests."""
        return self.requests.labels

    @property
    def size(self) -> int:
        """Number of requests."""
        return self.requests.size

    @property
    def price(self) -> float:
        """What a replica-second costs for each request (s of mean response); 0 where no replica may be switched."""
        return 0.0 if self.switching is None else self.switching.price

    @property
    def reference(self) -> float | None:
        """There is no proven bound."""
        return None


def equal(requests: ServingInstance) -> RouterInstance:
    """Requests before as many equal replicas as their engine says."""
    count = requests.engine.replicas
    return RouterInstance(requests, (requests.engine,) * count, (MIXED,) * count)


def before(fleet: Fleet, requests: ServingInstance) -> RouterInstance:
    """Requests before these replicas, none of which is switched."""
    return RouterInstance(requests, fleet.engines, fleet.roles)


def fingerprint(instances: Sequence[RouterInstance]) -> str:
    """SHA-256 (hex) of the content in order: of each instance its requests, replicas, roles and switching."""
    digest = hashlib.sha256(b"llm routing\x00")
    digest.update(serving_instances.fingerprint([one.requests for one in instances]).encode())
    for one in instances:
        digest.update(np.array([len(one.fleet), *one.roles], dtype="<i8").tobytes())
        for engine in one.fleet:
            digest.update(engine.to_array().astype("<f8").tobytes())
        switching = one.switching
        numbers = () if switching is None else (switching.active, switching.startup, switching.price)
        digest.update(np.array([len(numbers), *numbers], dtype="<f8").tobytes())
    return digest.hexdigest()
