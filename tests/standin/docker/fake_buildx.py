"""A script in buildx's place, which does what each test says."""

import json
from pathlib import Path

DIGEST = "sha256:" + "1" * 64
"""What every build of it has."""


class Buildx:
    """The script in buildx's place: it notes how it was called, and prints what it was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "docker-buildx"
        self.says()

    def says(self, *lines: str, exit_code: int = 0, inspect: str = "Driver: docker", seconds: float = 0) -> None:
        """What it prints from now on, and how it ends."""
        (self.folder / "lines").write_text("".join(f"{line}\n" for line in lines))
        (self.folder / "inspect").write_text(f"{inspect}\n")
        (self.folder / "metadata").write_text(json.dumps({"containerimage.digest": DIGEST}))
        self.program.write_text(
            f"""#!/bin/sh
if [ "$1" = inspect ]; then cat {self.folder}/inspect; exit; fi
echo "$@" >> {self.folder}/calls
cp "$DOCKER_CONFIG/config.json" {self.folder}/config.json 2>/dev/null
cat {self.folder}/lines >&2
for option in "$@"; do
    case "$option" in --metadata-file=*) cp {self.folder}/metadata "${{option#*=}}" ;; esac
done
trap 'touch {self.folder}/terminated; exit 1' TERM
touch {self.folder}/running
[ {seconds} = 0 ] || {{ sleep {seconds} & wait $!; }}
exit {exit_code}
"""
        )
        self.program.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []
