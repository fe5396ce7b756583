"""Loopback ports for the programs under test that must know a port before it is listened on."""

import random
import socket

# Below Linux's ephemeral range (32768 up): no outgoing connection of a parallel test can take such a port.
_LOWEST_PORT = 12_000
_HIGHEST_PORT = 31_999


def is_free(port: int) -> bool:
    """Whether a TCP listener could be bound to this port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, picked at random so that parallel runs seldom meet."""
    picker = random.SystemRandom()
    for _ in range(200):
        port = picker.randint(_LOWEST_PORT, _HIGHEST_PORT)
        if is_free(port):
            return port
    raise RuntimeError(f"no free loopback port found between {_LOWEST_PORT} and {_HIGHEST_PORT} in 200 tries")
