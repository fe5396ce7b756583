"""Copies of the repository, in which a bug harms nobody."""

import shutil
import subprocess
from pathlib import Path

from tests.seeded.seeds import Seed
from tests.support.processes import ROOT


def copy_repository(target: Path) -> None:
    """Everything that git knows, or would if it were added, as it is in the working tree; `.venv` is shared."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            place = target / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place)
    (target / ".venv").symlink_to(ROOT / ".venv")


def sow(seed: Seed, clean: Path, target: Path) -> None:
    """A copy of a clean tree, what it has compiled included, with the bug in it."""
    shutil.copytree(clean, target, symlinks=True)
    place = target / seed.file
    # Python tells an old compiled file by its size and the second of the change, which may both be the same.
    for compiled in (place.parent / "__pycache__").glob(f"{place.stem}.*.pyc"):
        compiled.unlink()
    place.write_text(seed.sown_in(place.read_text("utf-8")), "utf-8")
