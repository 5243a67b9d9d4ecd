"""What one provider instance of the engine has told the stand-in so far.

The engine makes an instance for every provider resource, old and new ones alike, and attaches all of them to this one
server. Each has a connection of its own, so its settings are kept by the connection's far end.
"""

import threading
from dataclasses import dataclass, field

from launcher.standin.engine_log import EngineLog
from launcher.standin.kubernetes.configuration import Configuration
from launcher.standin.kubernetes.target import Target


@dataclass
class Session:
    """One provider instance."""

    log: EngineLog | None = None
    configuration: Configuration | None = None
    """None until the engine configures the instance."""
    target: Target | None = None
    """None until then, and in a preview that can't know it."""
    cancelled: threading.Event = field(default_factory=threading.Event)

    def status(self, urn: str, message: str) -> None:
        """Shows the engine's user what is going on with a resource."""
        if self.log:
            self.log.status(urn, message)

    def warn(self, urn: str, message: str) -> None:
        """Warns the engine's user."""
        if self.log:
            self.log.warning(urn, message)


@dataclass
class Sessions:
    """Every instance that has attached, by the address that it calls from."""

    _by_peer: dict[str, Session] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, peer: str) -> Session:
        """The instance at that address; a new one if it never called before."""
        with self._lock:
            return self._by_peer.setdefault(peer, Session())

    def stop(self) -> None:
        """Ends every wait, and closes every connection to the engine."""
        with self._lock:
            for session in self._by_peer.values():
                session.cancelled.set()
                if session.log:
                    session.log.close()
