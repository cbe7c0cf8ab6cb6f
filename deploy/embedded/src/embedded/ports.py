"""Loopback ports."""

import secrets
import socket

LOOPBACK = "127.0.0.1"
# Below the ports that Linux and macOS give to outgoing connections: a client that looks for a
# server while it is down would take its port, or even connect to itself there.
_FIRST, _COUNT = 20_000, 12_768


def free_port() -> int:
    """A TCP port of the loopback address that nobody uses, and no outgoing connection will."""
    while True:
        port = _FIRST + secrets.randbelow(_COUNT)
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port


def is_listening(port: int) -> bool:
    """Whether something accepts connections on that loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((LOOPBACK, port)) == 0
