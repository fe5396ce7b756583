"""Everything that is measured, or the parts that are named: `make bench ARGS="ingest idle"`.

    python -m tests.benchmarks [--quick] [--document] [PART ...]

Each part starts real processes on loopback, ends them by itself, and is kept as `var/bench/<part>.json`. A Markdown
report of all parts that were ever kept is written to `var/bench/report.md`, and with --document into
docs/performance.md.
"""

import sys

from tests.benchmarks.kept_parts import FOLDER
from tests.benchmarks.suite import Suite
from tests.support.processes import ROOT

BENCH = Suite(
    command="make bench",
    description=__doc__,
    parts={
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
    },
    folder=FOLDER,
    document=ROOT / "docs" / "performance.md",
)

if __name__ == "__main__":
    try:
        # A goal that is not reached is in the report; for a benchmark it is no failure.
        BENCH.run()
    except KeyboardInterrupt:
        sys.exit(130)
