"""A command that runs parts, each a module with `measure(effort)`, and writes what they gave: for bench and chaos."""

import argparse
import importlib
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from tests.benchmarks.document import put_between_markers, render
from tests.benchmarks.kept_parts import KeptPart, current_commit, keep_part, kept_part
from tests.benchmarks.machine import Machine, describe_machine
from tests.benchmarks.measured import Effort, Report
from tests.benchmarks.timing import tell
from tests.support.processes import ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Parts that are run, kept and reported together."""

    command: str
    description: str | None
    parts: Mapping[str, str]
    """By name the module that has `measure(effort)`; in the order of the document."""
    folder: Path
    """Where the latest run of each part is kept."""
    document: Path
    """The document with a place for the figures."""

    def run(self) -> bool:
        """Measure what the command line asks for, keep it, report; whether those parts reached all of their goals."""
        parser = argparse.ArgumentParser(
            prog=self.command,
            description=self.description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        parser.add_argument(
            "parts", nargs="*", metavar="PART", help=f"of {', '.join(self.parts)}; all by default"
        )
        parser.add_argument("--quick", action="store_true", help="only to see that it works")
        parser.add_argument("--document", action="store_true", help=f"write docs/{self.document.name} too")
        asked = parser.parse_args()
        unknown = [name for name in asked.parts if name not in self.parts]
        if unknown:
            parser.error(f"there is no part {unknown[0]!r}; there are {', '.join(self.parts)}")
        # Ended from outside, it must leave no process behind either: as at Ctrl-C, every block is left in order.
        signal.signal(signal.SIGTERM, _interrupt)
        machine = describe_machine()
        reports = [
            self._measure(name, Effort(is_quick=asked.quick), machine) for name in asked.parts or self.parts
        ]
        self.report(is_for_document=asked.document)
        return all(figure.is_reached is not False for report in reports for figure in report.measured)

    def report(self, *, is_for_document: bool) -> None:
        """Write what was kept of all parts, whenever they were run."""
        kept = [part for name in self.parts if (part := kept_part(name, self.folder)) is not None]
        text = render(kept)
        report = self.folder / "report.md"
        report.write_text(text)
        tell(text)
        tell(f"Written to {report.relative_to(ROOT)}.")
        if is_for_document:
            put_between_markers(self.document, text)
            tell(f"Written into {self.document.relative_to(ROOT)}.")

    def _measure(self, name: str, effort: Effort, machine: Machine) -> Report:
        measure: Callable[[Effort], Report] = importlib.import_module(self.parts[name]).measure
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
        keep_part(part, self.folder)
        tell(f"{name}: measured in {part.took_s:.0f} s")
        return report


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
