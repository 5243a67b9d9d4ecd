"""`python -m launcher`: see launcher/cli.py."""

import os
import sys

from launcher.cli import main

if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: where the engine has died, the program's thread may wait for it for ever, and Python for the thread.
    os._exit(code)
