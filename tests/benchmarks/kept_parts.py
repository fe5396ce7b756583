"""What `make bench` keeps of each part in `var/bench`: the latest run of it, as JSON, with when and where it was."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tests.benchmarks.machine import Machine
from tests.benchmarks.measured import Report
from tests.support.processes import ROOT

FOLDER = ROOT / "var" / "bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPart:
    """One part as it was measured last."""

    report: Report
    machine: Machine
    measured_on: str
    """The UTC day."""
    commit: str
    took_s: float
    is_quick: bool


def keep_part(part: KeptPart, folder: Path = FOLDER) -> None:
    """Keep it in place of an earlier run; medians are told beside the rounds."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = msgspec.to_builtins(part) | {"report": part.report.as_json()}
    text = msgspec.json.format(msgspec.json.encode(plain), indent=2)
    (folder / f"{part.report.part}.json").write_bytes(text)


def kept_part(name: str, folder: Path = FOLDER) -> KeptPart | None:
    """The latest run of a part, if there was one."""
    path = folder / f"{name}.json"
    return msgspec.json.decode(path.read_bytes(), type=KeptPart) if path.exists() else None


def current_commit() -> str:
    """The commit that is measured, with a plus where files differ from it."""
    commit = _git("rev-parse", "--short", "HEAD")
    return f"{commit}+" if _git("status", "--porcelain", "--untracked-files=no") else commit


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()
