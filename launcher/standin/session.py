"""What one provider instance of the engine has told a stand-in so far.

The engine makes an instance for every provider resource, old and new ones alike, and attaches all of them to this one
server. Each has a connection of its own, so its settings are kept by the connection's far end.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from launcher.standin.engine_log import EngineLog


@dataclass
class Session:
    """One provider instance. Each stand-in adds what its own settings are."""

    log: EngineLog | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)

    def status(self, urn: str, message: str) -> None:
        """Shows the engine's user what is going on with a resource."""
        if self.log:
            self.log.status(urn, message)

    def info(self, urn: str, message: str) -> None:
        """Tells the engine's user something that stays."""
        if self.log:
            self.log.info(urn, message)

    def warn(self, urn: str, message: str) -> None:
        """Warns the engine's user."""
        if self.log:
            self.log.warning(urn, message)


S = TypeVar("S", bound=Session)


@dataclass
class Sessions(Generic[S]):
    """Every instance that has attached, by the address that it calls from."""

    make: Callable[[], S]
    _by_peer: dict[str, S] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def of(self, peer: str) -> S:
        """The instance at that address; a new one if it never called before."""
        with self._lock:
            if peer not in self._by_peer:
                self._by_peer[peer] = self.make()
            return self._by_peer[peer]

    def stop(self) -> None:
        """Ends every wait, and closes every connection to the engine."""
        with self._lock:
            for session in self._by_peer.values():
                session.cancelled.set()
                if session.log:
                    session.log.close()
