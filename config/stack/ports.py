"""Free ports on the loopback interface."""

import random
import socket

from config.stack.errors import StackError

# Below the range that systems hand out to outgoing connections, so that a port kept from the last
# start is seldom taken by chance.
_RANGE = range(20000, 30000)


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    return why_not(port, host) is None


def why_not(port: int, host: str) -> OSError | None:
    """What keeps a server from this port; None when nothing does."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None


def free_port() -> int:
    """A port that nothing listens on. Raises StackError when none can be found."""
    for port in random.sample(_RANGE, 200):
        if is_free(port):
            return port
    raise StackError("No free port between 20000 and 30000 on 127.0.0.1")
