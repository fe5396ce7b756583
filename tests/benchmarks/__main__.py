"""Everything that is measured, or the parts that are named: `make bench ARGS="ingest idle"`.

    python -m tests.benchmarks [--quick] [--document] [PART ...]

Each part starts real processes on loopback, ends them by itself, and is kept as `var/bench/<part>.json`. A Markdown
report of all parts that were ever kept is written to `var/bench/report.md`, and with --document into
docs/performance.md.
"""

import argparse
import importlib
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType

from tests.benchmarks.document import put_between_markers, render
from tests.benchmarks.kept_parts import FOLDER, KeptPart, current_commit, keep_part, kept_part
from tests.benchmarks.machine import Machine, describe_machine
from tests.benchmarks.measured import Effort, Report
from tests.benchmarks.timing import tell
from tests.support.processes import ROOT

_DOCUMENT = ROOT / "docs" / "performance.md"
_PARTS = {
    "ingest": "tests.benchmarks.ingest.part",
    "profile": "tests.benchmarks.profile",
    "pieces": "tests.benchmarks.pieces",
    "idle": "tests.benchmarks.idle",
    "overload": "tests.benchmarks.overload",
    "reconcile": "tests.benchmarks.reconcile",
    "jobs": "tests.benchmarks.jobs",
    "start": "tests.benchmarks.start",
    "reads": "tests.benchmarks.views",
    "export": "tests.benchmarks.export",
}
"""By name the module that has `measure(effort)`; in the order of the document."""


def main() -> None:
    """Measure, keep, report."""
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(_PARTS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="only to see that it works")
    parser.add_argument("--document", action="store_true", help="write docs/performance.md too")
    asked = parser.parse_args()
    unknown = [name for name in asked.parts if name not in _PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}; there are {', '.join(_PARTS)}")
    # Ended from outside, it must leave no process behind either: as at Ctrl-C, every block is left in order.
    signal.signal(signal.SIGTERM, _interrupt)
    machine = describe_machine()
    for name in asked.parts or _PARTS:
        _measure(name, Effort(is_quick=asked.quick), machine)
    _report(is_for_document=asked.document)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _measure(name: str, effort: Effort, machine: Machine) -> None:
    measure: Callable[[Effort], Report] = importlib.import_module(_PARTS[name]).measure
    start_s = time.monotonic()
    report = measure(effort)
    part = KeptPart(
        report=report,
        machine=machine,
        measured_on=datetime.now(UTC).date().isoformat(),
        commit=current_commit(),
        took_s=time.monotonic() - start_s,
        is_quick=effort.is_quick,
    )
    keep_part(part)
    tell(f"{name}: measured in {part.took_s:.0f} s")


def _report(*, is_for_document: bool) -> None:
    kept = [part for name in _PARTS if (part := kept_part(name)) is not None]
    text = render(kept)
    report = FOLDER / "report.md"
    report.write_text(text)
    tell(text)
    tell(f"Written to {report.relative_to(ROOT)}.")
    if is_for_document:
        put_between_markers(_DOCUMENT, text)
        tell(f"Written into {_DOCUMENT.relative_to(ROOT)}.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
