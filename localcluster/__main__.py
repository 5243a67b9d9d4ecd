"""`python -m localcluster [FOLDER]`: run a control plane until interrupted, and print where its kubeconfig is."""

from __future__ import annotations

import argparse
import signal
from pathlib import Path

from launcher.failures import Failure
from localcluster.control_plane import running


def main() -> None:
    """Run until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m localcluster", description=main.__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("build/localcluster"), help="data, keys and logs")
    folder = parser.parse_args().folder
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with running(folder) as control_plane:
            print(control_plane.kubeconfig, flush=True)
            while True:
                signal.pause()
    except KeyboardInterrupt:
        pass
    except Failure as failure:
        parser.exit(1, f"{failure}\n")


if __name__ == "__main__":
    main()
