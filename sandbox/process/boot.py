"""The first thing in a worker's process: leave the machine's namespaces before any library has started a thread.

The process that the controller started stays behind as a keeper, which knows nothing and waits; the zygote is its child
and process 1 of a process namespace, so that nothing in there outlives it. Where the machine has no namespaces to give,
the process itself becomes the zygote.
"""

import os
import select
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from heuresis.sandbox.process import kernel

_TERMINATED = 128


def main(arguments: Sequence[str]) -> None:
    """Become a zygote. Arguments: the socket's descriptor, the controller's process id, whether to use namespaces."""
    descriptor, controller = int(arguments[0]), int(arguments[1])
    apart = arguments[2] == "1" and kernel.enter_namespaces()
    kernel.die_with_parent(signal.SIGKILL)
    if os.getppid() != controller:
        os._exit(1)
    if apart:
        _become_child(descriptor)
    from heuresis.sandbox.process.zygote import main as serve

    serve(descriptor, apart=apart)


def _become_child(descriptor: int) -> None:
    """Go on in a new child, process 1 of its namespace, which dies with this one; this one never returns."""
    alive_fd, held_fd = os.pipe()  # closed by the kernel where the keeper dies
    child = os.fork()
    if child:
        os.close(descriptor)
        os.close(alive_fd)
        _keep(child)
    os.close(held_fd)
    kernel.die_with_parent(signal.SIGKILL)
    if select.select([alive_fd], [], [], 0)[0]:  # it died before it could be noticed
        os._exit(1)
    os.close(alive_fd)


def _keep(child: int) -> NoReturn:
    """Wait for the zygote and end as it does. SIGTERM kills it with all that it has started."""
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGKILL))
    _, status = os.waitpid(child, 0)
    sys.stderr.flush()
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else _TERMINATED - code)
