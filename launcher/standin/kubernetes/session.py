"""What one provider instance has told the Kubernetes stand-in so far."""

from dataclasses import dataclass

from launcher.standin import session
from launcher.standin.kubernetes.configuration import Configuration
from launcher.standin.kubernetes.target import Target


@dataclass
class Session(session.Session):
    """One provider instance, and where its objects go."""

    configuration: Configuration | None = None
    """None until the engine configures the instance."""
    target: Target | None = None
    """None until then, and in a preview that can't know it."""
