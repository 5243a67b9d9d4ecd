"""One address for several replicas, as a Kubernetes Service has it: it chooses where each new connection goes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from random import SystemRandom

from tests.integration.servers.processes import LOOPBACK

_CHUNK = 65_536


class VirtualAddress:
    """Forwards connections to the ports in `endpoints`. One that is removed keeps the connections that it has."""

    def __init__(self, endpoints: Sequence[int]) -> None:
        self.endpoints = list(endpoints)
        self._listener = socket.create_server((LOOPBACK, 0))
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    def close(self) -> None:
        """Break everything off."""
        for one in (self._listener, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed: the end
            while True:
                inside, _ = self._listener.accept()
                try:
                    outside = socket.create_connection((LOOPBACK, SystemRandom().choice(self.endpoints)))
                except OSError:
                    inside.close()
                    continue
                self._open |= {inside, outside}
                for source, target in ((inside, outside), (outside, inside)):
                    threading.Thread(target=_forward, args=(source, target), daemon=True).start()


def _forward(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextmanager
def virtual_address(*endpoints: int) -> Generator[VirtualAddress]:
    """An address in front of these ports for as long as the context lasts."""
    address = VirtualAddress(endpoints)
    try:
        yield address
    finally:
        address.close()
